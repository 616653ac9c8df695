from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from phonofilm.errors import SettingError
from phonofilm.pair import AV
from phonofilm.pipelines.limits import working_shape
from phonofilm.pipelines.request import Request, Settings
from phonofilm.shapes import ClipShape

SETTINGS = Settings(7, 1.5, AV(7.5, 2.5), "euler", Fraction(2), Fraction(24000, 1001), "hum")
OWN = ClipShape(Fraction(2), Fraction(12), 64, 64, 16_000)


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ({"steps": -3}, "steps is -3: choose 1 or more"),
        ({"steps": 0}, "steps is 0: choose 1 or more"),
        ({"gamma": 0.0}, "gamma is 0.0: choose a number above 0"),
        ({"gamma": float("nan")}, "gamma is nan: choose"),
        ({"guidance": AV(1.0, -1.0)}, "guidance is -1.0: choose 0 or more"),
        ({"guidance": AV(float("inf"), 1.0)}, "guidance is inf: choose"),
        ({"seconds": Fraction(0)}, "seconds is 0: choose a number above 0"),
        ({"guidance_interval": (0.7, 0.2)}, "guidance interval is 0.7 to 0.2: choose two numbers from 0 to 1"),
        ({"guidance_interval": (-0.1, 0.2)}, "the smaller first"),
        ({"guidance_interval": (0.0, 1.5)}, "from 0 to 1"),
        ({"guidance_interval": (float("nan"), 1.0)}, "guidance interval is nan"),
        ({"fps": Fraction(-8)}, "fps is -8: choose a number above 0"),
    ],
)
def test_settings_out_of_range_are_refused_with_the_fix(change: dict, fix: str) -> None:
    with pytest.raises(SettingError, match=fix):
        replace(SETTINGS, **change)


@pytest.mark.parametrize("prompt", ["", "  \t "])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(SettingError, match="prompt is empty: say what happens"):
        Request(prompt, 0, SETTINGS)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_no_generator_takes_is_refused(seed: int) -> None:
    with pytest.raises(SettingError, match="choose a whole number from 0"):
        Request("a", seed, SETTINGS)


def shaped(seconds: str, fps: str) -> ClipShape:
    return working_shape(OWN, replace(SETTINGS, seconds=Fraction(seconds), fps=Fraction(fps)), "m")


@pytest.mark.parametrize(("seconds", "fps"), [("2", "12"), ("3/2", "12"), ("2", "6"), ("1", "4"), ("1/4", "4")])
def test_lengths_and_rates_within_the_model_are_made_at_its_own_rate(seconds: str, fps: str) -> None:
    assert shaped(seconds, fps) == replace(OWN, seconds=Fraction(seconds))


@pytest.mark.parametrize(
    ("seconds", "fps", "fix"),
    [
        ("5/2", "12", "m makes clips of up to 2 seconds, not 2.5: choose --seconds 2 or less"),
        ("2", "24", "m makes 12 frames a second, not 24: choose --fps 12, 6, 3"),
        ("2", "5", "choose --fps 12, 6, 3"),
        ("7/5", "12", "1.4 seconds are no whole number of frames at 12 fps: choose a multiple of 0.0833333"),
        ("5/4", "2", "choose a multiple of 0.5"),
    ],
)
def test_lengths_and_rates_beyond_the_model_are_refused_with_the_fix(seconds: str, fps: str, fix: str) -> None:
    with pytest.raises(SettingError, match=fix):
        shaped(seconds, fps)
