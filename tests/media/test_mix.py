"""Channels: nothing clips, nothing vanishes, sides stay sides."""

from __future__ import annotations

import av
import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.media.mix import STEREO, USUAL, mix, speakers_of

FIVE_ONE = USUAL[6]


def test_one_becomes_two_and_two_become_their_mean():
    sound = np.array([[0.5, -1.0]], np.float32)
    assert mix(sound, USUAL[1], 2).tolist() == [[0.5, -1.0]] * 2
    assert mix(np.array([[1.0, 0.5], [0.0, -0.5]], np.float32), USUAL[2], 1).tolist() == [[0.5, 0.0]]
    assert mix(sound, USUAL[1], 1) is sound


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("speakers", [USUAL[n] for n in (2, 3, 4, 5, 6, 7, 8)])
def test_full_scale_on_every_speaker_stays_within_full_scale(speakers, channels):
    mixed = mix(np.ones((len(speakers), 3), np.float32), speakers, channels)
    assert mixed.shape == (channels, 3) and mixed.dtype == np.float32
    assert 0.9 < mixed.max() <= 1 + 1e-6


def test_sides_stay_sides_and_the_centre_is_in_the_middle():
    left, right = mix(np.eye(6, dtype=np.float32), FIVE_ONE, 2)
    place = dict(zip(FIVE_ONE, zip(left, right, strict=True), strict=True))
    assert place["FL"][0] > 0 and place["FL"][1] == 0
    assert place["BR"][1] > 0 and place["BR"][0] == 0
    assert place["FC"][0] == place["FC"][1] > 0
    assert place["LFE"] == (0, 0)


def test_relative_levels_are_the_standards():
    left, _ = mix(np.eye(6, dtype=np.float32), FIVE_ONE, 2)
    assert left[2] / left[0] == pytest.approx(0.5**0.5, abs=1e-6)
    assert left[4] / left[0] == pytest.approx(0.5**0.5, abs=1e-6)


@pytest.mark.parametrize(("speakers", "channels"), [(USUAL[2], 3), (FIVE_ONE, 4), (("NE", "NW"), 1)])
def test_other_mixes_are_refused(speakers, channels):
    with pytest.raises(MediaError, match="cannot mix"):
        mix(np.zeros((len(speakers), 3), np.float32), speakers, channels)


@pytest.mark.parametrize(("layout", "count"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("7.1", 8)])
def test_speakers_are_read_from_layouts(layout, count):
    speakers = speakers_of(av.AudioLayout(layout))
    assert len(speakers) == count and set(speakers) <= set(STEREO)
