from __future__ import annotations

import pytest
from pydantic import ValidationError

from phonofilm.models.svg.config import SIZES, Coupling, CouplingConfig, SVGConfig
from phonofilm.models.svg.recipes import RECIPES, coupled, uncoupled
from phonofilm.pair import AV


@pytest.mark.parametrize("size", SIZES)
def test_a_config_survives_json(size):
    assert SVGConfig.model_validate_json(SIZES[size].model_dump_json()) == SIZES[size]


@pytest.mark.parametrize("settings", [{"knid": "none"}, {"kind": "film"}, {"width": 0}, {"sound_stride": 3}])
def test_unknown_or_impossible_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        CouplingConfig(**settings)


def test_adapters_need_two_levels():
    row = SIZES["tiny"].model_dump()
    row["audio_unet"]["block_out_channels"] = [64]
    with pytest.raises(ValidationError, match="at least 2 levels"):
        SVGConfig.model_validate(row)


def test_the_tiny_model_keeps_time():
    """Two seconds of up to 12 frames a second; sound features every 40 ms."""
    tiny = SIZES["tiny"]
    assert tiny.video_unet["motion_max_seq_length"] >= 24
    assert tiny.coupling.sound_stride == 1
    assert tiny.text_width == AV(128, 128)


def test_recipes_are_for_sizes_that_exist():
    assert RECIPES.keys() <= SIZES.keys()
    assert uncoupled(SIZES["tiny"]).coupling.kind is Coupling.NONE
    assert coupled(SIZES["tiny"], "cross-attention").coupling.kind is Coupling.CROSS_ATTENTION
