from fractions import Fraction

import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.metrics import Subject, find
from phonofilm.metrics.loudness import blocks, integrated, k_weighting
from tests.metrics.heard import waves

METRIC = find("loudness")


def tone(*stretches, rate=48_000):
    """A sine of 1 kHz in each channel: ``(seconds, dBFS of each channel's peak)`` one after the other."""
    parts = []
    for seconds, *levels in stretches:
        wave = np.sin(2 * np.pi * 1000 * np.arange(int(seconds * rate)) / rate)
        parts.append(np.stack([10 ** (level / 20) * wave for level in levels]))
    return np.concatenate(parts, axis=1).astype(np.float32)


def same(seconds, level):
    return (seconds, level, level)


@pytest.mark.parametrize(
    ("rate", "stretches", "loudness"),
    [
        (48_000, [same(20, -23)], -23),
        (44_100, [same(20, -33)], -33),
        (16_000, [same(10, -36), same(60, -23), same(10, -36)], -23),
        (16_000, [same(10, -72), same(10, -36), same(60, -23), same(10, -36), same(10, -72)], -23),
        (16_000, [same(20, -26), same(20.1, -20), same(20, -26)], -23),
        (22_050, [(20, -28, -28, -24, -30, -30)], -23),
        (22_050, [(20, -28, -28, -24, 0, -30, -30)], -23),  # and whatever the bass does
    ],
)
def test_signals_of_the_ebu_have_their_loudness(rate, stretches, loudness):
    """EBU Tech 3341, table 1, signals 1 to 6, with its tolerance."""
    assert integrated(blocks(tone(*stretches, rate=rate), rate)) == pytest.approx(loudness, abs=0.1)


def test_blocks_below_minus_70_lufs_are_left_out():
    faint, fainter = 10 ** ((np.array([-69.9, -70.1]) + 0.691) / 10)
    assert integrated(np.array([faint, fainter])) == pytest.approx(-69.9)
    assert integrated(np.array([fainter])) is None


def test_blocks_10_lu_below_the_mean_are_left_out():
    """By hand: of blocks 1 and r the mean is (1 + r) / 2, of which r is a tenth at 1 / 19."""
    for r, mean in ((0.053, 1.053 / 2), (0.052, 1)):
        assert integrated(np.array([1, r])) == pytest.approx(-0.691 + 10 * np.log10(mean))


def test_the_filters_are_the_recommendations_at_48_khz():
    """ITU-R BS.1770-4, tables 1 and 2."""
    first = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585]
    second = [1.0, -2.0, 1.0, 1, -1.99004745483398, 0.99007225036621]
    assert k_weighting(48_000) == pytest.approx(np.array([first, second]), abs=1e-8)


@pytest.mark.parametrize(
    ("rate", "theirs"), [(16_000, -11.547216498631755), (44_100, -11.65060442580263), (48_000, -11.654909875701458)]
)
def test_it_is_that_of_pyloudnorm(rate, theirs):
    """Numbers of pyloudnorm 0.2.0 with its filters after De Man, which are the recommendation's at any rate."""
    assert integrated(blocks(waves(3.3, rate), rate)) == pytest.approx(theirs, abs=1e-9)


def subject(audio, rate=48_000):
    return Subject("film.mp4", Clip(None, audio, Fraction(8), rate))


def test_the_score_is_relative_to_the_target_and_silent_clips_do_not_count():
    records = [METRIC.measure(subject(tone(same(1, level)))) for level in (-23, -29, -80)]
    assert records[:2] == pytest.approx([0, -6], abs=0.02)
    assert records[2] is None
    found = METRIC.scores(records[:2], None, 0)[0]
    assert (found.value, found.unit, found.n) == (pytest.approx(-3, abs=0.02), "LU", 2)
    assert "-70 LUFS" in METRIC.scores([], None, 0)[0].reason


def test_short_sounds_and_strange_channels_are_named():
    assert len(blocks(tone(same(0.4, -23)), 48_000)) == 1
    with pytest.raises(MediaError, match=r"at least 0\.4 s"):
        METRIC.measure(subject(tone(same(0.39, -23))))
    with pytest.raises(MediaError, match="4 channels"):
        METRIC.measure(subject(np.zeros((4, 48_000), np.float32)))
