"""SVG baseline: two pretrained U-Nets, coupled by connectors and adapters (arXiv 2409.17550)."""

from __future__ import annotations

from fractions import Fraction

from phonofilm.diffusion.parameterization import EPS, VELOCITY
from phonofilm.diffusion.schedule import BetaSchedule, RectifiedFlow
from phonofilm.models._family import Family, FamilyNetwork, Preset, SamplingDefaults
from phonofilm.models.svg.config import SIZES, SVGConfig
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape


def _build(config: SVGConfig) -> FamilyNetwork:
    from phonofilm.models.svg.net import SVG

    return SVG(config)


# Bases that are trained here predict velocity: predicted noise leaves large errors near pure noise.
_OWN = SamplingDefaults(
    steps=25, gamma=1.5, guidance=AV(video=3.0, audio=2.5), sampler="euler", shift=AV(video=3.0, audio=3.0)
)

FAMILY = Family(
    name="svg",
    paper="Ishii et al., arXiv 2409.17550",
    config=SVGConfig,
    build=_build,
    presets={
        "tiny": Preset(
            SIZES["tiny"],
            AV.both(RectifiedFlow()),
            AV.both(VELOCITY),
            ClipShape(Fraction(2), Fraction(8), 64, 64, 16_000),
            _OWN,
        ),
        "small": Preset(
            SIZES["small"],
            AV.both(RectifiedFlow()),
            AV.both(VELOCITY),
            ClipShape(Fraction(4), Fraction(8), 128, 128, 16_000),
            _OWN,
        ),
        "paper": Preset(
            SIZES["paper"],
            AV(
                video=BetaSchedule(betas="linear", start=0.00085, end=0.012),
                audio=BetaSchedule(betas="scaled-linear", start=0.0015, end=0.0195),
            ),
            AV.both(EPS),
            ClipShape(Fraction(4), Fraction(8), 256, 256, 16_000),
            SamplingDefaults(steps=25, gamma=1.5, guidance=AV(video=7.5, audio=2.5)),
        ),
    },
)
