"""The svg network: two stock diffusers U-Nets, joined by connectors and adapters (arXiv 2409.17550)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import UNetMotionModel
from torch import Tensor, nn
from torch.nn import functional

from phonofilm.errors import unknown_name
from phonofilm.models._family import FamilyNetwork
from phonofilm.models.svg.adapters import CMCAdapter, Context, CrossAttentionAdapter
from phonofilm.models.svg.config import Coupling, SVGConfig
from phonofilm.models.svg.connectors import Connector
from phonofilm.models.svg.hooks import AdapterStack, install, told
from phonofilm.pair import AV

NORM_EPSILON = 1e-6
"""Least L2 norm of a feature: a feature of zeros stays zeros."""

UNet = UNetMotionModel | UNet2DConditionModel

ADAPTERS = {Coupling.CMC_PE: CMCAdapter, Coupling.CROSS_ATTENTION: CrossAttentionAdapter}


class CouplingLayers(nn.Module):
    """Everything that is added to the two U-Nets; child names are those of the published ``unet_svg``.

    Attributes:
        connector_in_video, connector_in_audio: the adapters of each U-Net.
        connector_out_video, connector_out_audio: the connector that reads each modality's latents.
    """

    def __init__(self, config: SVGConfig) -> None:
        super().__init__()
        coupling = config.coupling
        adapter = ADAPTERS[coupling.kind]

        def stack(levels: tuple[int, ...], head: int, per_step: bool) -> AdapterStack:
            return AdapterStack(lambda width: adapter(width, coupling.width, head, coupling.groups, per_step), levels)

        def connector(channels: int, base: int, frame_rate: Fraction | None, stride: int) -> Connector:
            inputs = 2 * channels if coupling.self_conditioning else channels
            widths = (coupling.multipliers, coupling.width, 4 * base, coupling.groups)
            return Connector(inputs, base, *widths, frame_rate, stride)

        channels, levels, head = config.latent_channels, config.levels, coupling.head
        self.connector_in_video = stack(levels.video, head.video, per_step=True)
        self.connector_in_audio = stack(levels.audio, head.audio, per_step=coupling.sound_per_step)
        self.connector_out_video = connector(channels.video, levels.video[0], coupling.frame_rate, stride=2)
        self.connector_out_audio = connector(channels.audio, levels.audio[0], None, coupling.sound_stride)

    @property
    def adapters(self) -> AV[AdapterStack]:
        """The adapters of each U-Net."""
        return AV(self.connector_in_video, self.connector_in_audio)

    @property
    def connectors(self) -> AV[Connector]:
        """The connector that reads each modality."""
        return AV(self.connector_out_video, self.connector_out_audio)


class SVG(FamilyNetwork):
    """Two U-Nets and, unless uncoupled, what joins them.

    Picture latents are ``(B, C, F, H, W)``, sound latents ``(B, C, T, M)``, both noisy and on the scale that
    the U-Nets expect; timesteps are floats ``(B,)``. A side that is ``None`` is left out. Latents whose
    ``H, W`` or ``T, M`` are no multiples of the U-Net's stride are padded with zeros at the end, and the
    prediction is cropped (so it was in training the published model: 100 sound steps became 104).

    Attributes:
        config: sizes.
        video_unet, audio_unet: the stock U-Nets.
        coupling: connectors and adapters, or ``None``.
    """

    def __init__(self, config: SVGConfig) -> None:
        super().__init__()
        self.config = config
        self.video_unet = UNetMotionModel(**config.video_unet)
        self.audio_unet = UNet2DConditionModel(**config.audio_unet)
        with torch.no_grad():  # the text vector has unit length: fresh, its entries should weigh as the time's do
            self.audio_unet.get_parameter("class_embedding.weight").mul_(config.text_width.audio**0.5)
        self.coupling = None if config.coupling.kind is Coupling.NONE else CouplingLayers(config)
        if self.coupling is not None:
            self.unets.map(install, self.coupling.adapters)

    @property
    def unets(self) -> AV[UNet]:
        """The two U-Nets."""
        return AV(self.video_unet, self.audio_unet)

    @property
    def latent_channels(self) -> AV[int]:
        """Channels of the latents."""
        return self.config.latent_channels

    @property
    def text_width(self) -> AV[int]:
        """Widths of the text states and of the pooled text vector."""
        return self.config.text_width

    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None = None) -> AV[Tensor]:
        """What the connectors see: features that do not depend on the text.

        Training may hand in latents at other noise levels than those it hands to :meth:`forward`.

        Args:
            x: noisy latents.
            t: their timesteps.
            previous: the last clean estimate, for self-conditioning; ``None`` counts as zeros.

        Returns:
            Each modality's own feature: ``(B, width, step)`` with unit L2 norm over steps for CMC-PE,
            ``(B, 1, width)`` with unit norm over channels for cross-attention. ``None`` without coupling, or
            where the other modality is not there to be told.
        """
        if self.coupling is None or x.video is None or x.audio is None:
            nothing: AV[Any] = AV(None, None)
            return nothing
        if self.config.coupling.self_conditioning:
            past = x.map(torch.zeros_like) if previous is None else previous
            x = x.map(lambda now, before: torch.cat([now, before], dim=1), past)
        return x.map(self._feature, t, self.unets, self.coupling.connectors, self.config.strides)

    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        """Raw predictions of both U-Nets.

        Args:
            x: noisy latents.
            t: their timesteps.
            cond: text states ``(B, L, width)`` for the picture, pooled vector ``(B, width)`` for the sound.
            shared: what :meth:`shared` gave; each U-Net is told the *other* modality's feature.
        """
        heard = shared.swap().map(Context, *self._alignment(x))
        predictions: AV[Any] = AV(
            None if x.video is None else self.video(x.video, t.video, cond.video, heard.video),
            None if x.audio is None else self.audio(x.audio, t.audio, cond.audio, heard.audio),
        )
        return predictions

    def video(self, x: Tensor, t: Tensor, cond: Tensor, context: Context | None = None) -> Tensor:
        """The picture U-Net's prediction, like ``x``; without a context it is the stock U-Net."""
        states = cond.repeat_interleave(x.shape[2], dim=0)
        with told(context):
            prediction = self.video_unet(_padded(x, self.config.strides.video), t, states).sample
        return prediction[..., : x.shape[-2], : x.shape[-1]]

    def audio(self, x: Tensor, t: Tensor, cond: Tensor, context: Context | None = None) -> Tensor:
        """The sound U-Net's prediction, like ``x``; without a context it is the stock U-Net."""
        padded = _padded(x, self.config.strides.audio)
        with told(context):
            prediction = self.audio_unet(padded, t, encoder_hidden_states=None, class_labels=cond).sample
        return prediction[..., : x.shape[-2], : x.shape[-1]]

    def trainable(self, stage: str) -> AV[dict[str, nn.Parameter] | None]:
        """The parameters that learn in a training stage, by name, each under the modality that it serves.

        ``video`` and ``audio`` train one base U-Net; ``joint`` trains connectors, adapters and the motion
        layers, as in the paper. A connector serves the modality that is told its feature.

        Raises:
            SettingError: for another stage.
        """
        motion = self._named("video_unet", containing="motion_modules")
        video = self._named("coupling.connector_in_video") | self._named("coupling.connector_out_audio")
        audio = self._named("coupling.connector_in_audio") | self._named("coupling.connector_out_video")
        stages = {
            "video": AV(self._named("video_unet"), None),
            "audio": AV(None, self._named("audio_unet")),
            "joint": AV(motion | video, audio or None),
        }
        if stage not in stages:
            raise unknown_name("training stage", stage, stages)
        return stages[stage]

    def _named(self, start: str, containing: str = "") -> dict[str, nn.Parameter]:
        return {
            name: parameter
            for name, parameter in self.named_parameters()
            if name.startswith(start + ".") and containing in name
        }

    def _feature(self, x: Tensor, t: Tensor, unet: UNet, connector: Connector, stride: int) -> Tensor:
        padded = _padded(x, stride)
        # Sound has one "frame": its time axis is one that the connector's convolutions run along.
        latents = padded if padded.ndim == 5 else padded.unsqueeze(2)
        time_embedding = unet.time_embedding(unet.time_proj(t).to(x.dtype))
        feature = connector(latents, time_embedding).float()
        if self.config.coupling.kind is Coupling.CROSS_ATTENTION:
            return functional.normalize(feature.mean((2, 3, 4)), dim=-1, eps=NORM_EPSILON).unsqueeze(1)
        steps = feature.mean((3, 4)) if padded.ndim == 5 else feature.mean((2, 4))
        if self.config.coupling.centred:
            steps = steps - steps.mean(-1, keepdim=True)
        return functional.normalize(steps, dim=-1, eps=NORM_EPSILON)

    def _alignment(self, x: AV[Tensor]) -> tuple[AV[Fraction], AV[Fraction]]:
        """Stretch and offset of each U-Net's time axis, see :class:`Context`; only sound is padded in time."""
        if x.video is None or x.audio is None or not self.config.coupling.exact_alignment:
            return AV.both(Fraction(1)), AV.both(Fraction(0))
        rows, stride = x.audio.shape[2], self.config.strides.audio
        padded = -(-rows // stride) * stride
        # A strided convolution is centred on the first row of its step: so the middle of that row, at every level.
        middle = AV(Fraction(1, 2 * x.video.shape[2]), Fraction(1, 2 * padded))
        return AV(Fraction(rows, padded), Fraction(padded, rows)), middle


def _padded(x: Tensor, stride: int) -> Tensor:
    """``x`` with zeros at the end of its last two axes up to multiples of ``stride``."""
    height, width = (-side % stride for side in x.shape[-2:])
    return functional.pad(x, (0, width, 0, height)) if height or width else x
