"""The detectors on held-out true clips; bench/ruler.py holds the same numbers over many more."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.metrics import Subject, find, hear, score, score_folder, see, times
from phonofilm.metrics._maths.match import match
from phonofilm.metrics._ruler.detect import CLOSEST, peaks
from phonofilm.metrics._ruler.ear import mono
from phonofilm.metrics._ruler.eye import FASTEST, SIDE, look
from phonofilm.shapes import ClipShape

SEEDS = range(HELD_OUT + 5000, HELD_OUT + 5040)


def subject(seed, fps=8):
    scene = sample_scene(seed)
    clip = render(scene, ClipShape(scene.seconds, Fraction(fps), 64, 64, 16_000))
    return Subject(str(seed), clip, scene.caption, scene.events)


@pytest.fixture(scope="module")
def subjects():
    return [subject(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def report(subjects):
    return score(subjects, [find(name) for name in ("event-detectors", "event-sync", "material-match")])


@pytest.mark.parametrize("side", ["eye", "ear"])
def test_detectors_find_true_events_where_they_are(report, side):
    assert report[f"{side}-precision"].value >= 0.95
    assert report[f"{side}-recall"].value >= 0.95
    assert abs(report[f"{side}-offset-median"].value) <= 10
    assert report[f"{side}-error-p90"].value <= 1000 / 8 / 2


def test_true_clips_are_in_sync_and_far_from_chance(report):
    f1 = report["event-f1-frame"]
    assert f1.value > 0.85  # silent scenes and sounds off screen have no partner
    assert f1.interval[0] > 2 * f1.chance
    assert abs(report["event-offset-median"].value) <= 10
    assert report["event-error-p90"].value <= 1000 / 8 / 2


def test_materials_are_told(report):
    for side in ("picture", "sound"):
        assert report[f"material-{side}"].value >= 0.9
        assert report[f"material-{side}"].chance < 0.4


@pytest.mark.parametrize("milliseconds", [-400, 130, 400])
def test_a_shift_of_the_sound_moves_the_reported_median_by_itself(subjects, report, milliseconds):
    samples = 16 * milliseconds
    moved = []
    for one in subjects:
        sound = np.zeros_like(one.clip.audio)
        to, start = max(samples, 0), max(-samples, 0)
        sound[:, to : sound.shape[1] - start] = one.clip.audio[:, start : sound.shape[1] - to]
        moved.append(one.showing(replace(one.clip, audio=sound)))
    found = score(moved, [find("event-sync")])["event-offset-median"].value
    assert found == pytest.approx(report["event-offset-median"].value + milliseconds, abs=5)


@pytest.mark.parametrize("fps", [12, 24, 48])
def test_other_frame_rates(fps):
    found = score([subject(seed, fps) for seed in SEEDS[:12]], [find("event-detectors")])
    assert found["eye-precision"].value >= 0.95
    assert found["eye-recall"].value >= 0.95
    assert abs(found["eye-offset-median"].value) <= 10


def test_the_eye_hears_nothing_and_the_ear_sees_nothing(subjects):
    clip = subjects[0].clip
    mute = replace(clip, audio=np.zeros_like(clip.audio))
    blind = replace(clip, frames=np.full_like(clip.frames, 60))
    assert (see(mute), hear(mute)) == (see(clip), ())
    assert (see(blind), hear(blind)) == ((), hear(clip))


@pytest.mark.parametrize("gain", [0.1, 1.4])
def test_loudness_does_not_matter(subjects, gain):
    same = 0
    for one in subjects[:12]:
        louder = replace(one.clip, audio=np.clip(one.clip.audio * gain, -1, 1).astype(np.float32))
        before, after = times(hear(one.clip)), times(hear(louder))
        same += len(match(before, after, 0.010)) == len(before) == len(after)
    assert same >= 11


def test_channels_and_sample_rates_of_any_kind(subjects):
    clip = subjects[1].clip
    from phonofilm.media.resample import resample_audio

    wide = resample_audio(np.repeat(clip.audio, 2, axis=0), 16_000, 44_100)
    found, expected = times(hear(Clip(None, wide, clip.fps, 44_100))), times(hear(clip))
    assert found == pytest.approx(expected, abs=0.003)
    assert mono(wide, 44_100).shape == (32_000,)


def test_pictures_of_any_shape(subjects):
    clip = subjects[2].clip
    wide = np.repeat(np.repeat(clip.frames, 3, axis=1), 5, axis=2)
    assert times(see(Clip(wide, None, clip.fps, 0))) == pytest.approx(times(see(clip)), abs=0.003)


def test_faster_films_are_averaged_in_groups():
    frames = np.zeros((7, 10, 12, 3), np.uint8)
    frames[3:] = 90
    view = look(frames, Fraction(60))
    assert view.rate == 20 <= FASTEST
    assert view.frames.shape == (3, 3, SIDE, SIDE)
    assert view.frames[:, 0, 0, 0].tolist() == [0, 90, 90]
    assert look(frames, Fraction(24)).frames.shape[0] == 7


def test_a_peak_is_placed_between_cells_and_equally_sure_wherever_it_is():
    """Heat as a sure event makes it, at places between cells."""
    cells, sharpness = torch.arange(20.0), 0.6
    for place in (7.0, 7.25, 7.5, 7.9):
        heat, shift = torch.exp(-0.5 * ((cells - place) / sharpness) ** 2), place - cells
        ((at, sure),) = peaks(heat, shift, sharpness, 0.5)
        assert at == pytest.approx(place, abs=1e-5)
        assert sure == pytest.approx(1.0, abs=0.06)
    assert peaks(0.3 * heat, shift, sharpness, 0.5) == []


def test_detections_keep_their_distance(subjects):
    for one in subjects:
        for side in (see(one.clip), hear(one.clip)):
            assert (np.diff(times(side)) >= CLOSEST).all()


def test_missing_sides_are_errors(subjects):
    clip = subjects[0].clip
    with pytest.raises(MediaError, match="no sound"):
        hear(replace(clip, audio=None))
    with pytest.raises(MediaError, match="no picture"):
        see(replace(clip, frames=None))


def test_a_real_film_is_heard_the_same_from_another_start(real):
    """What is heard moves with the cut; the cut is no whole number of the ear's cells."""
    film, cut = real("mdn_rabbit320_8s.mp4"), Fraction(537, 1000)
    whole, rest = (times(hear(read(film, start=start, seconds=7 - start, video=False))) for start in (0, cut))
    inner = whole[whole > float(cut) + 0.5] - float(cut)
    assert len(match(rest[rest > 0.5], inner, 0.006)) >= 0.8 * len(inner)
    assert len(inner) > 4


def test_a_real_film_is_scored_from_its_file(real, tmp_path):
    for name in ("mdn_rabbit320_8s.mp4", "odd_161x121_noaudio.webm"):
        (tmp_path / name).symlink_to(real(name))
    with pytest.raises(MediaError, match="odd_161x121_noaudio"):
        score_folder(tmp_path, metrics=["event-sync"])
    report = score_folder(tmp_path, metrics=["event-sync", "avalign-svg", "material-match"], skip_bad=True)
    assert (report.clips, len(report.skipped)) == (1, 1)
    assert 0 <= report["avalign-svg"].value <= 1
    assert report["avalign-svg"].chance is None
    assert report["avalign-svg"].fps == 30
    assert "sentence" in report["material-picture"].reason
