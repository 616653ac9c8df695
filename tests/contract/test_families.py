from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from phonofilm.models import families
from phonofilm.models.svg.config import SVGConfig
from phonofilm.models.svg.net import SVG
from phonofilm.pair import AV
from phonofilm.testing import check_family
from tests.models.svg.small import small_config

SMALL = replace(families()["svg"], presets={"small": replace(families()["svg"].presets["tiny"], config=small_config())})


@pytest.mark.parametrize("name", families())
def test_a_family_keeps_the_contract(name):
    check_family(families()[name])


class Uncropped(SVG):
    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        return super().forward(x, t, cond, shared).map(lambda y: torch.nn.functional.pad(y, (0, 1)))


class Deaf(SVG):
    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        return super().forward(x, t, cond.map(torch.zeros_like), shared)


class Mixed(SVG):
    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        return super().forward(x, t, cond.map(lambda c: c.mean(dim=0, keepdim=True).expand_as(c)), shared)


class Peeking(SVG):
    told = 0.0

    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None = None) -> AV[Tensor]:
        return super().shared(x, t, previous).map(lambda feature: feature + self.told)

    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        self.told = float(cond.audio.mean())
        return super().forward(x, t, cond, shared)


class Counting(SVG):
    """What it shares depends on the place in the batch, and is understood there only."""

    def shared(self, x: AV[Tensor], t: AV[Tensor], previous: AV[Tensor] | None = None) -> AV[Tensor]:
        return super().shared(x, t, previous).map(lambda feature: feature + places(feature))

    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        return super().forward(x, t, cond, shared.map(lambda feature: feature - places(feature)))


def places(feature: Tensor) -> Tensor:
    return torch.arange(len(feature))[:, None, None]


class Forgetful(SVG):
    def __init__(self, config: SVGConfig) -> None:
        super().__init__(config)
        self.register_buffer("drawn", torch.randn(()), persistent=False)

    def forward(self, x: AV[Tensor], t: AV[Tensor], cond: AV[Tensor], shared: AV[Tensor]) -> AV[Tensor]:
        return super().forward(x, t, cond, shared).map(lambda y: y + self.drawn)


class Greedy(SVG):
    def trainable(self, stage: str) -> AV[dict | None]:
        return AV(dict(self.video_unet.named_parameters(prefix="video_unet")), {"a": torch.nn.Parameter(torch.ones(1))})


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (Uncropped, "latents' sizes"),
        (Deaf, "text makes no difference"),
        (Mixed, "see each other"),
        (Peeking, "shared depends on the text"),
        (Counting, "cannot be repeated"),
        (Forgetful, "predicts something else"),
        (Greedy, "trains the other modality"),
    ],
)
def test_a_broken_family_is_found_out(build: Callable, complaint: str):
    with pytest.raises(AssertionError, match=complaint):
        check_family(replace(SMALL, build=build))


def test_a_sound_small_family_passes():
    check_family(SMALL)
