"""Both forms of TempoTokens against what their functions, and those of other repositories, gave for the same peaks.

Numbers were made with the public ``calc_intersection_over_union`` of each form.
"""

import numpy as np
import pytest

from phonofilm.media.read import read
from phonofilm.metrics import Subject
from phonofilm.metrics._features.peaks import MOTION, ONSETS, Peaks
from phonofilm.metrics.avalign_svg import align
from phonofilm.metrics.avalign_tempotokens_2023 import AvAlignTempoTokens2023
from phonofilm.metrics.avalign_tempotokens_2025 import AvAlignTempoTokens2025
from tests.metrics.test_avalign_svg import clip

FORMS = (AvAlignTempoTokens2023(), AvAlignTempoTokens2025())
EVEN = np.arange(1, 9) * 0.5


def scores(picture, sound, fps):
    found = Peaks(np.asarray(picture, float), np.asarray(sound, float), 1 / fps, 5.0)
    return [*(form.agree(found, found) for form in FORMS), align(found).iou]


@pytest.mark.parametrize(
    ("picture", "sound", "fps", "expected"),
    [
        (EVEN, EVEN, 24, (1, 1, 1)),
        ([0.5, 1, 1.5, 2], [0.56, 1.06, 1.56, 2.0], 24, (1 / 7, 1 / 7, 1 / 7)),
        (EVEN, EVEN + 0.06, 8, (1, 1, 1)),
        (EVEN, EVEN + 0.12, 8, (1, 1, 1)),
        ([1], [0.97, 1, 1.03], 24, (3, 1 / 3, 1)),
        ([1, 2], [0.9, 0.95, 1.05, 1.1, 1.9, 1.95, 2.05, 2.1], 8, (4, 0.25, 1)),
        ([1, 1.1], [0.95, 1.09], 8, (1, 1, 1)),
        ([1.1, 1.2], [1.0, 1.12, 1.21], 8, (1.5, 2 / 3, 1)),
        ([1], [2], 24, (0, 0, 0)),
        ([], [1], 24, (0, 0, 0)),
        ([1], [], 24, (0, 0, 0)),
        ([], [], 24, (0, 0, 0)),
        ([1], [1 + 1 / 8], 8, (0, 0, 0)),
        ([1], [1 - 1 / 8], 8, (0, 0, 0)),
    ],
)
def test_three_forms_of_one_name(picture, sound, fps, expected):
    assert scores(picture, sound, fps) == pytest.approx(expected, abs=1e-12)


class Fixed:
    """A subject whose peaks are known."""

    def __init__(self, motion, times, fps):
        self.arrays = {MOTION.id: {"flow": np.asarray(motion)}, ONSETS.id: {"times": np.asarray(times)}}
        self.facts = type("Facts", (), {"fps": fps, "seconds": len(motion) / fps})

    def read(self, reading):
        return self.arrays[reading.id]


def test_the_form_of_2025_leaves_out_what_hardly_moves():
    subject = Fixed([0, 0.09, 0, 0.1, 0, 0.11, 0], [1 / 8, 3 / 8, 5 / 8], 8)
    old, new = (form.measure(subject).one.picture.tolist() for form in FORMS)
    assert old == [1 / 8, 3 / 8, 5 / 8]
    assert new == [3 / 8, 5 / 8]


def test_scores_of_clips_with_chance():
    for form in FORMS:
        together = [form.measure(Subject(str(at), clip(at, at / 8))) for at in (3, 7, 12)]
        (score,) = form.scores(together, None, seed=0)
        assert (score.value, score.chance, score.n) == (1, 0, 3)


PUBLIC = {
    "samsung_slowmo_2s.mp4": (0.09523809523809523, 0.09523809523809523),
    "extra_data_tracks_10s.mp4": (0.3055555555555556, 0.2966101694915254),
}
"""From film to value by the public functions (decoders of OpenCV 5.0 and FFmpeg, librosa 0.11): forms of 2023, 2025."""


@pytest.mark.parametrize("film", PUBLIC)
def test_from_film_to_value(real, film):
    subject = Subject(film, read(real(film)))
    found = [form.measure(subject) for form in FORMS]
    values = [form.agree(two.one, two.other) for form, two in zip(FORMS, found, strict=True)]
    assert values == pytest.approx(PUBLIC[film], abs=1e-9)
