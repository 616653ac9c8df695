import os
import subprocess
import sys
from fractions import Fraction
from subprocess import PIPE

import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.metrics import Subject
from phonofilm.metrics.avalign_svg import AvAlignSvg, Peaks, align, flow, librosa_onset, sound_peaks, strict_maxima


def peaks(picture, sound, window=0.125):
    return Peaks(np.array(picture), np.array(sound), window)


def test_three_sounds_around_one_movement():
    found = align(peaks([1.0], [0.95, 1.0, 1.05]))
    assert (found.precision, found.recall, found.iou) == (1.0, 1.0, 1.0)


def test_by_hand():
    found = align(peaks([0.5, 1.0, 1.5, 1.75], [0.5, 1.1]))
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert found.iou == pytest.approx(0.5 / (1 + 0.5 - 0.5))
    found = align(peaks([0.5, 1.0, 1.5], [0.51, 0.8]))
    assert found.iou == pytest.approx((1 / 2 * 1 / 3) / (1 / 2 + 1 / 3 - 1 / 6))


def test_exactly_one_frame_apart_does_not_match():
    assert align(peaks([1.0], [1.125])).iou == 0
    assert align(peaks([1.0], [1.1249])).iou == 1


@pytest.mark.parametrize(("picture", "sound"), [([], [1.0]), ([1.0], []), ([], [])])
def test_no_peaks_score_nothing(picture, sound):
    assert align(peaks(picture, sound)).iou == 0


def test_maxima_are_strict_and_inside():
    assert strict_maxima(np.array([3, 1, 2, 1, 5, 5, 1, 4, 9])).tolist() == [2]
    assert strict_maxima(np.array([1.0])).tolist() == []


def square_at(places, size=48):
    frames = np.full((len(places), size, size, 3), 30, np.uint8)
    pattern = np.random.default_rng(0).integers(90, 255, (12, 12, 3), dtype=np.uint8)
    for frame, x in zip(frames, places, strict=True):
        frame[18:30, x : x + 12] = pattern
    return frames


def test_flow_peaks_at_the_frame_that_has_moved_and_its_first_value_stands_twice():
    motion = flow(square_at([8, 8, 8, 12, 12, 12, 12]))
    assert motion[0] == motion[1]
    assert len(motion) == 7
    assert strict_maxima(motion).tolist() == [3]


def test_onsets_are_librosas_at_22050_hz():
    onset = librosa_onset()
    from librosa import frames_to_time

    rng = np.random.default_rng(0)
    sound = 1e-4 * rng.standard_normal(44_100)
    for at in (11_025, 29_000):
        sound[at : at + 2000] += np.exp(-np.arange(2000) / 300) * rng.standard_normal(2000) * 0.3
    envelope = onset.onset_strength(y=sound.astype(np.float32), sr=22_050)
    expected = frames_to_time(onset.onset_detect(onset_envelope=envelope, sr=22_050), sr=22_050)
    found = sound_peaks(sound.astype(np.float32)[None], 22_050)
    assert found == pytest.approx(expected)
    assert found == pytest.approx([0.5, 29_000 / 22_050], abs=0.05)


def test_processes_that_first_hear_at_once_do_not_break_the_compiled_detector(tmp_path):
    """numba's cache is damaged for good where two processes fill it together (numba/numba#10128)."""
    hear = (
        "import numpy as np; from phonofilm.metrics.avalign_svg import sound_peaks; "
        "print(len(sound_peaks(np.eye(1, 22_050, 9_000, dtype=np.float32), 22_050)))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for processes in (2, 1):  # with an empty cache, then with what they left
        running = [
            subprocess.Popen([sys.executable, "-c", hear], env=environment, stdout=PIPE) for _ in range(processes)
        ]
        assert {one.communicate()[0].strip() for one in running} == {b"1"}
        assert list(tmp_path.rglob("*peak_pick*.nbc"))


def clip(at_frame, at_second):
    sound = np.zeros(32_000, np.float32)
    start = int(at_second * 16_000)
    sound[start : start + 800] = np.random.default_rng(0).standard_normal(800).astype(np.float32) * 0.2
    return Clip(square_at([8] * at_frame + [13] * (16 - at_frame)), sound[None], Fraction(8), 16_000)


def test_scores_of_clips_with_chance():
    metric = AvAlignSvg()
    together = [metric.measure(Subject(str(at), clip(at, at / 8))) for at in (3, 7, 12)]
    scores = {score.name: score for score in metric.scores(together, None, seed=0)}
    assert scores["avalign-svg"].value == 1
    assert scores["avalign-svg"].chance == 0
    assert scores["avalign-svg"].n == 3
    assert scores["avalign-svg"].definition == "avalign-svg@1"
    apart = [metric.measure(Subject("apart", clip(3, 1.2)))]
    assert metric.scores(apart, None, seed=0)[0].value == 0
    assert metric.scores(apart, None, seed=0)[0].chance is None


def test_one_frame_has_no_flow():
    with pytest.raises(MediaError, match="two frames"):
        flow(square_at([8]))


@pytest.mark.parametrize(("film", "onsets"), [("mdn_rabbit320_8s.mp4", 12), ("gopro_maxhero_11s.mp4", 30)])
def test_onsets_of_real_films(real, film, onsets):
    """Counts of ``librosa.onset.onset_detect`` on sound that another decoder read."""
    sound = read(real(film), video=False)
    assert len(sound_peaks(sound.audio, sound.sample_rate)) == pytest.approx(onsets, abs=1)
