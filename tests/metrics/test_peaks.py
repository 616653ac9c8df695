import os
import subprocess
import sys
from itertools import pairwise
from subprocess import PIPE

import cv2
import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.media.read import read
from phonofilm.metrics._features import peaks
from phonofilm.metrics._features.peaks import compiled_farneback, flow, librosa_onset, sound_peaks, strict_maxima


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
        "import numpy as np; from phonofilm.metrics._features.peaks import sound_peaks; "
        "print(len(sound_peaks(np.eye(1, 22_050, 9_000, dtype=np.float32), 22_050)))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for processes in (2, 1):  # with an empty cache, then with what they left
        running = [
            subprocess.Popen([sys.executable, "-c", hear], env=environment, stdout=PIPE) for _ in range(processes)
        ]
        assert {one.communicate()[0].strip() for one in running} == {b"1"}
        assert list(tmp_path.rglob("*peak_pick*.nbc"))


def test_one_frame_has_no_flow():
    with pytest.raises(MediaError, match="two frames"):
        flow(square_at([8]))


@pytest.mark.parametrize(("film", "onsets"), [("mdn_rabbit320_8s.mp4", 12), ("gopro_maxhero_11s.mp4", 30)])
def test_onsets_of_real_films(real, film, onsets):
    """Counts of ``librosa.onset.onset_detect`` on sound that another decoder read."""
    sound = read(real(film), video=False)
    assert len(sound_peaks(sound.audio, sound.sample_rate)) == pytest.approx(onsets, abs=1)


def test_pictures_of_few_pixels_have_no_flow():
    with pytest.raises(MediaError, match="10 by 10 pixels, not 12 by 9"):
        flow(np.zeros((3, 9, 12, 3), np.uint8))


def published(frames):
    """Mean flow as the published scripts compute it, every picture of a pair anew."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    found = []
    for before, after in pairwise(grey):
        field = cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0)
        found.append(cv2.mean(cv2.magnitude(field[..., 0], field[..., 1]))[0])
    return np.array([found[0], *found])


def moving(height, width, count=5):
    """Something smooth that moves, with noise."""
    rng = np.random.default_rng(0)
    canvas = cv2.GaussianBlur(rng.integers(0, 255, (height + 40, width + 40, 3), dtype=np.uint8), (7, 7), 2)
    places = rng.integers(0, 9, (count, 2))
    clean = np.stack([canvas[y : y + height, x : x + width] for y, x in places])
    return np.clip(clean + rng.integers(-5, 6, clean.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("height", "width"), [(10, 11), (33, 64), (64, 65), (121, 161), (100, 10)])
def test_flow_is_opencvs(height, width):
    """One size for each depth of the pyramid; equal to the last bit where OpenCV does not fuse additions either."""
    frames = moving(height, width)
    assert flow(frames) == pytest.approx(published(frames), rel=1e-9, abs=1e-9)


def test_every_pixels_flow_is_opencvs():
    before, after = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in moving(70, 90, 2))
    (found,) = compiled_farneback().Farneback(70, 90).flows([before, after])
    expected = cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    assert np.abs(expected).max() > 2
    np.testing.assert_allclose(found.transpose(1, 2, 0), expected, rtol=0, atol=1e-9)


def test_the_number_of_threads_changes_no_value(monkeypatch):
    frames, found = moving(40, 50, 9), []
    for threads in (1, 2, 3, 20):
        monkeypatch.setattr(peaks.cv2, "getNumThreads", lambda threads=threads: threads)
        found.append(flow(frames).tolist())
    assert found == [found[0]] * 4


def test_flow_of_a_real_film_is_opencvs(real):
    frames = read(real("mdn_rabbit320_8s.mp4"), seconds=0.5).frames
    assert flow(frames) == pytest.approx(published(frames), rel=1e-9, abs=1e-9)
