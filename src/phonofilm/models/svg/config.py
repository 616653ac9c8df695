"""Sizes and settings of the svg family as one strict record."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from phonofilm.pair import AV


class Coupling(str, Enum):
    """How the two U-Nets hear of each other."""

    CMC_PE = "cmc-pe"
    CROSS_ATTENTION = "cross-attention"
    NONE = "none"


class CouplingConfig(BaseModel):
    """Connectors and adapters.

    Attributes:
        kind: the adapter; ``none`` leaves two uncoupled U-Nets.
        width: channels of the feature that a connector hands over.
        multipliers: widths of a connector's two residual blocks, in units of its U-Net's first level.
        head: width of one attention head of each side's adapters.
        groups: groups of every GroupNorm.
        frame_rate: steps a second in the position code of the picture connector's temporal attention.
        self_conditioning: connectors also read the previous clean estimate.
        sound_stride: the sound connector makes one feature step of so many latent rows, 1 or 2.
        exact_alignment: line the two time axes up by true time: padding of the sound latents does not count, and
            a frame hears the middle of its time. The published weights were trained without: both axes count
            as equally long, and a frame hears its beginning.
        centred: a CMC-PE feature loses its mean over time before it is normed, so that only changes are told.
        sound_per_step: the sound's adapters attend within each time step, as the picture's do, instead of over
            all positions of the clip at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Coupling = Coupling.CMC_PE
    width: int = Field(default=1280, gt=0)
    multipliers: tuple[int, int] = (2, 4)
    head: AV[int] = AV(8, 8)
    groups: int = Field(default=32, gt=0)
    frame_rate: Fraction = Fraction(8)
    self_conditioning: bool = True
    sound_stride: int = Field(default=2, ge=1, le=2)
    exact_alignment: bool = False
    centred: bool = False
    sound_per_step: bool = False


class SVGConfig(BaseModel):
    """The whole network.

    Attributes:
        video_unet: arguments of diffusers' ``UNetMotionModel``.
        audio_unet: arguments of diffusers' ``UNet2DConditionModel``, in the AudioLDM form.
        coupling: what joins them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    video_unet: dict[str, Any]
    audio_unet: dict[str, Any]
    coupling: CouplingConfig = CouplingConfig()

    @field_validator("video_unet")
    @classmethod
    def _pictures(cls, unet: dict[str, Any]) -> dict[str, Any]:
        return _with(unet, "in_channels", "cross_attention_dim")

    @field_validator("audio_unet")
    @classmethod
    def _sound(cls, unet: dict[str, Any]) -> dict[str, Any]:
        return _with(unet, "in_channels", "projection_class_embeddings_input_dim")

    @property
    def levels(self) -> AV[tuple[int, ...]]:
        """Channels of each level of each U-Net."""
        return self._unets.map(lambda unet: tuple(unet["block_out_channels"]))

    @property
    def latent_channels(self) -> AV[int]:
        """Channels of the latents."""
        return self._unets.map(lambda unet: unet["in_channels"])

    @property
    def strides(self) -> AV[int]:
        """Latent sides are padded to multiples of these."""
        return self.levels.map(lambda levels: 2 ** (len(levels) - 1))

    @property
    def text_width(self) -> AV[int]:
        """Widths of the conditioning: token states for the picture, a pooled vector for the sound."""
        return AV(self.video_unet["cross_attention_dim"], self.audio_unet["projection_class_embeddings_input_dim"])

    @property
    def _unets(self) -> AV[dict[str, Any]]:
        return AV(self.video_unet, self.audio_unet)


def _with(unet: dict[str, Any], *sizes: str) -> dict[str, Any]:
    """A U-Net's arguments, if they hold what the family itself reads of them; ``ValueError`` if not."""
    for name in sizes:
        if not _is_size(unet.get(name)):
            raise ValueError(f"{name} is {unet.get(name)!r}, not a positive whole number")
    levels = unet.get("block_out_channels")
    if not isinstance(levels, list | tuple) or not all(map(_is_size, levels)):
        raise ValueError(f"block_out_channels is {levels!r}, not the channels of each level")
    if len(levels) < 2:
        raise ValueError("each U-Net needs at least 2 levels: adapters sit on 2 down and 2 up blocks")
    return unet


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def video_unet(
    levels: tuple[int, ...],
    *,
    text: int,
    attention: tuple[bool, ...],
    layers: int = 2,
    head: int | None = None,
    groups: int = 32,
    frames: int = 32,
) -> dict[str, Any]:
    """Arguments of a motion U-Net with temporal attention at every level.

    Args:
        levels: channels of each level.
        text: width of the text states.
        attention: which levels attend within frames and to the text.
        layers: residual blocks a level.
        head: width of one attention head; ``None`` is Stable Diffusion's fixed 8 heads.
        groups: groups of every GroupNorm.
        frames: longest clip.
    """
    heads = 8 if head is None else [width // head for width in levels]
    return {
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ["CrossAttnDownBlockMotion" if here else "DownBlockMotion" for here in attention],
        "up_block_types": ["CrossAttnUpBlockMotion" if here else "UpBlockMotion" for here in reversed(attention)],
        "block_out_channels": list(levels),
        "layers_per_block": layers,
        "norm_num_groups": groups,
        "cross_attention_dim": text,
        "num_attention_heads": heads,
        "motion_num_attention_heads": heads,
        "motion_max_seq_length": frames,
        "use_motion_mid_block": False,
    }


def audio_unet(
    levels: tuple[int, ...], *, text: int, layers: int = 2, head: int | None = None, groups: int = 32
) -> dict[str, Any]:
    """Arguments of AudioLDM's U-Net: text by its time embedding alone, self-attention below the first level.

    Arguments as for :func:`video_unet`.
    """
    below = len(levels) - 1
    return {
        "in_channels": 8,
        "out_channels": 8,
        "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * below,
        "up_block_types": ["CrossAttnUpBlock2D"] * below + ["UpBlock2D"],
        "block_out_channels": list(levels),
        "layers_per_block": layers,
        "norm_num_groups": groups,
        # Without text states, cross-attention of this width is self-attention.
        "cross_attention_dim": list(levels),
        "attention_head_dim": 8 if head is None else [width // head for width in levels],
        "class_embed_type": "simple_projection",
        "projection_class_embeddings_input_dim": text,
        "class_embeddings_concat": True,
    }


def _own(width: int, multipliers: tuple[int, int], groups: int) -> CouplingConfig:
    """A coupling trained here, with the settings that no published weights depend on; README.md has the reasons."""
    return CouplingConfig(
        width=width,
        multipliers=multipliers,
        head=AV.both(32),
        groups=groups,
        frame_rate=Fraction(1),
        sound_stride=1,
        exact_alignment=True,
        centred=True,
        sound_per_step=True,
    )


SIZES: dict[str, SVGConfig] = {
    "tiny": SVGConfig(
        video_unet=video_unet((64, 96, 96), text=128, attention=(False, True, True), layers=1, head=32, groups=8),
        audio_unet=audio_unet((48, 96, 96), text=128, layers=1, head=32, groups=8),
        coupling=_own(width=96, multipliers=(1, 2), groups=8),
    ),
    "small": SVGConfig(
        video_unet=video_unet((128, 256, 384, 384), text=256, attention=(True, True, True, False), head=32),
        audio_unet=audio_unet((64, 128, 256, 384), text=256, head=32),
        coupling=_own(width=256, multipliers=(2, 4), groups=32),
    ),
    "paper": SVGConfig(
        video_unet=video_unet((320, 640, 1280, 1280), text=768, attention=(True, True, True, False)),
        audio_unet=audio_unet((192, 384, 576, 960), text=512),
    ),
}
"""``tiny`` ships; ``paper`` has the published sizes (AnimateDiff on Stable Diffusion 1.5, AudioLDM-M)."""
