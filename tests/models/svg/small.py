"""A network of the svg family that runs in milliseconds, and inputs of coprime sizes for it."""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor

from phonofilm.models.svg.config import Coupling, CouplingConfig, SVGConfig, audio_unet, video_unet
from phonofilm.models.svg.net import SVG
from phonofilm.pair import AV

B, C, F, H, W = 2, 3, 5, 7, 11
T, M = 13, 9
TEXT = 12
CHANNELS = AV(C, C)


def small_config(kind: Coupling = Coupling.CMC_PE, channels: AV[int] = CHANNELS, **coupling) -> SVGConfig:
    sides = channels.map(lambda count: {"in_channels": count, "out_channels": count})
    attention = (False, True, True)
    video = video_unet((16, 24, 32), text=TEXT, attention=attention, layers=1, head=8, groups=8, frames=8)
    audio = audio_unet((16, 32, 24), text=TEXT, layers=1, head=8, groups=8)
    settings = {
        "kind": kind,
        "width": 24,
        "multipliers": (1, 2),
        "head": AV(8, 4),
        "groups": 8,
        "frame_rate": Fraction(1),
        "sound_stride": 1,
        "exact_alignment": True,
        "centred": True,
        "sound_per_step": True,
    }
    return SVGConfig(
        video_unet=video | sides.video, audio_unet=audio | sides.audio, coupling=CouplingConfig(**settings | coupling)
    )


def small(kind: Coupling = Coupling.CMC_PE, *, started: bool = True, seed: int = 0, **coupling) -> SVG:
    """A small network; ``started`` fills the layers that begin at zero, as the first training steps do."""
    torch.manual_seed(seed)
    network = SVG(small_config(kind, **coupling)).eval()
    if started:
        start(network)
    return network


@torch.no_grad()
def start(module: torch.nn.Module) -> None:
    for parameter in module.parameters():
        if not parameter.any():
            parameter.normal_(std=0.3)


def inputs(seed: int = 1) -> tuple[AV[Tensor], AV[Tensor], AV[Tensor]]:
    """Noisy latents, timesteps and text conditioning."""
    generator = torch.Generator().manual_seed(seed)
    x = AV(torch.randn(B, C, F, H, W, generator=generator), torch.randn(B, C, T, M, generator=generator))
    t = AV(torch.tensor([900.0, 17.5]), torch.tensor([3.25, 640.0]))
    cond = AV(torch.randn(B, 3, TEXT, generator=generator), torch.randn(B, TEXT, generator=generator))
    return x, t, cond
