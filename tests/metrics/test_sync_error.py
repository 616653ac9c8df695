from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from phonofilm.data.clapperboard import HELD_OUT, render, sample_scene
from phonofilm.errors import MediaError
from phonofilm.estimate import peak
from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.media.write import write
from phonofilm.metrics import Score, Subject, events
from phonofilm.metrics.avalign_svg import AvAlignSvg
from phonofilm.metrics.sync_error import LAGS, NOTHING, ONE_SIDED, Sides, SyncError, curve, error, sides
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape


def clip_with(evidence_at, heard, rate=10.0, frames=40):
    evidence = np.zeros(frames)
    evidence[list(evidence_at)] = 1.0
    if evidence.any():
        evidence = (evidence - evidence.mean()) / evidence.std()
    return Sides(evidence, rate, np.array(heard, float))


def test_the_top_of_the_curve_is_the_lag_of_the_sound():
    picture = clip_with((9, 24), ())
    for late in (-0.3, -0.05, 0.0, 0.1, 0.45):
        found = curve(picture, clip_with((), (0.95 + late, 2.45 + late)))
        assert LAGS[found.argmax()] == pytest.approx(late)
        assert error(found) == pytest.approx(1000 * abs(late))
        assert found.max() == pytest.approx(picture.evidence.max())


def test_evidence_between_frames_is_read_linearly_and_outside_is_none():
    picture = clip_with((9,), ())
    peak, rest = picture.evidence.max(), picture.evidence.min()
    found = curve(picture, clip_with((), (0.95,)))
    at = dict(zip(LAGS.round(3), found, strict=True))
    assert (at[0.05], at[-0.05]) == pytest.approx(((peak + rest) / 2,) * 2)
    assert at[0.1] == pytest.approx(rest)
    early = curve(picture, clip_with((), (0.2,)))
    assert early[LAGS > 0.2 + 1e-9].tolist() == [0.0] * int((LAGS > 0.2 + 1e-9).sum())


def test_a_sound_after_the_picture_has_ended_says_nothing():
    picture = clip_with((9, 24), ())
    heard = [curve(picture, clip_with((), times)).tolist() for times in ((0.95, 2.45), (0.95, 2.45, 4.0, 4.3))]
    assert heard[0] == heard[1]


def test_of_two_lags_that_fit_alike_the_smaller_counts():
    beat = clip_with((10, 15, 20, 25, 30), (1.15, 1.65, 2.15, 2.65))
    assert error(curve(beat, beat)) == pytest.approx(100)


def scores(measured):
    return {score.name: score for score in SyncError().scores(measured, None, 0)}


def test_the_interval_of_a_peak_is_that_of_its_place_in_draws():
    """Of three clips, two early and one late and twice as sure: the late one wins where it is drawn once or more."""
    at = np.array([-10.0, 0.0, 10.0])
    found = peak(np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 3.0], [0, 0, 0]]), at, 3, empty="")
    assert (found.value, found.n, found.interval) == (10, 3, (-10, 10))
    assert peak(np.zeros((2, 3)), at, 3, empty="none").reason == "none"
    assert peak(np.eye(3)[:1], at, 3, empty="").interval is None


def test_of_offsets_that_fit_alike_the_smallest_counts_in_every_draw_and_after_saving():
    beat = clip_with((5, 10, 15), (1.05,))
    found = scores([beat] * 3)
    assert found["sync-error"].value == 0
    assert (found["sync-offset"].value, found["sync-offset"].interval) == (pytest.approx(0), pytest.approx((0, 0)))
    kept = Score.from_json(found["sync-offset"].to_json()).parts
    assert kept.value == pytest.approx(0) and kept.minus(kept, 0) == (0, 0)


def test_one_sided_clips_count_the_largest_lag_and_empty_ones_do_not():
    together = clip_with((9, 24), (0.95, 2.45))
    silent, frozen = clip_with((9,), ()), clip_with((), (0.95,))
    found = scores([together, silent, frozen])
    assert (found["sync-error"].value, found["sync-error"].n) == (pytest.approx(400), 3)
    assert (found["sync-offset"].value, found["sync-offset"].n) == (pytest.approx(0), 1)
    assert found["sync-error"].note == (
        "in 2 of 3 clips only one side holds anything; each counts 600 ms; the others have 0 ms"
    )
    assert scores([silent])["sync-error"].note.endswith("each counts 600 ms")
    assert scores([together])["sync-error"].note == ""
    assert scores([])["sync-error"].reason == scores([])["sync-offset"].reason == NOTHING
    assert scores([silent])["sync-offset"].reason == ONE_SIDED


def test_a_picture_that_stands_still_shows_nothing_whatever_its_codec_makes_of_it(tmp_path):
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 2)
    sound = np.zeros((1, 4 * 16_000), np.float32)
    for at in (0.5, 1.4, 2.3, 3.1):
        first = round(at * 16_000)
        sound[0, first : first + 2000] = rng.standard_normal(2000) * np.exp(-np.arange(2000) / 300) * 0.4
    still = read(write(Clip(np.stack([smooth] * 100), sound, Fraction(25), 16_000), tmp_path / "still.mp4"))
    assert (np.diff(still.frames.astype(int), axis=0) != 0).any(), "the codec does not leave it alone"
    found = sides(Subject("still.mp4", still))
    assert len(found.heard) == 4 and not found.evidence.any()
    assert error(curve(found, found)) == 600


def test_silence_never_beats_wrong_sound():
    rng = np.random.default_rng(0)
    picture = clip_with((9, 24), ())
    wrong = [error(curve(picture, clip_with((), rng.uniform(0, 4, 2)))) for _ in range(100)]
    assert max(wrong) <= error(curve(picture, picture)) == 600


def test_chance_is_that_of_wrong_pairs():
    measured = [clip_with((9 + i,), (0.95 + i / 10,)) for i in range(4)]
    found = scores(measured)["sync-error"]
    assert found.value == pytest.approx(0)
    assert 100 < found.chance <= 300
    assert scores(measured[:1])["sync-error"].chance is None


SHAPES = [ClipShape(Fraction(2), Fraction(fps), 64, 64, 16_000) for fps in (8, 24)]


def scenes(count):
    drawn = (sample_scene(HELD_OUT + i) for i in range(10 * count))
    return [one for one in drawn if any(event.visible and event.audible for event in one.events)][:count]


def late(clip, seconds):
    """The clip with its sound later; what leaves it is lost."""
    samples = round(seconds * clip.sample_rate)
    kept = clip.audio[:, max(0, -samples) : clip.audio.shape[1] - max(0, samples)]
    return replace(clip, audio=np.pad(kept, ((0, 0), (max(0, samples), max(0, -samples)))))


@pytest.mark.parametrize(("shape", "still"), list(zip(SHAPES, (17.5, 13.75), strict=True)), ids=["8 fps", "24 fps"])
def test_true_clips_and_shifted_ones(shape, still):
    """Golden values of eight scenes; a shift of the sound appears in both numbers, at any frame rate."""
    clips = [render(scene, shape) for scene in scenes(8)]
    found = {
        ms: scores([sides(Subject("", late(clip, ms / 1000))) for clip in clips]) for ms in (-200, -100, 0, 100, 200)
    }
    errors = {ms: one["sync-error"].value for ms, one in found.items()}
    assert errors[0] == pytest.approx(still, abs=1.3)  # two steps of one clip
    assert errors[-200] > errors[-100] > errors[0] < errors[100] < errors[200]
    assert {ms: one["sync-offset"].value for ms, one in found.items()} == pytest.approx(
        {ms: ms for ms in found}, abs=25
    )
    assert found[0]["sync-error"].chance > 180


def test_frames_of_fast_films_are_averaged():
    clip = render(scenes(1)[0], SHAPES[1])
    twice = replace(clip, frames=np.repeat(clip.frames, 2, axis=0), fps=Fraction(48))
    slow, fast = sides(Subject("", clip)), sides(Subject("", twice))
    assert (fast.rate, len(fast.evidence)) == (24.0, len(slow.evidence))


def test_what_stops_is_evidence():
    """Nothing that the eye knows: a square of noise that moves and stops in frame 12."""
    rng = np.random.default_rng(0)
    pattern = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
    frames = np.full((24, 96, 96, 3), 90, np.uint8)
    for index, frame in enumerate(frames):
        x = 2 + 4 * min(index, 12)
        frame[30:70, x : x + 40] = pattern
    sound = np.zeros((1, 32_000), np.float32)
    clip = Clip(frames, sound, Fraction(12), 16_000)
    found = sides(Subject("", clip))
    seen = events(Subject("", clip)).video
    assert found.evidence.argmax() == 12
    assert all(abs(time - 12.5 / 12) < 0.2 for time in seen)


def test_lags_are_tried_from_minus_to_plus_600_ms_in_steps_of_5():
    assert np.array([1000 * LAGS[0], 1000 * LAGS[-1], len(LAGS)]) == pytest.approx([-600, 600, 241])


def checks(size, shade):
    """A picture of 128 by 128 with squares of ``size`` pixels, black and of that shade."""
    place = np.indices((128, 128)) // size
    return np.repeat((shade * (place.sum(axis=0) % 2))[..., None], 3, axis=2).astype(np.uint8)


def seen_at(monkeypatch, frames, times, fps=10):
    found = AV(np.array(times, float), np.empty(0))
    monkeypatch.setattr("phonofilm.metrics.sync_error.events", lambda subject: found)
    sound = np.zeros((1, 16_000), np.float32)
    return sides(Subject("", Clip(np.stack(frames), sound, Fraction(fps), 16_000))).evidence


@pytest.mark.parametrize(("size", "is_seen"), [(1, False), (2, True)])
def test_motion_is_that_of_pictures_of_64_by_64(monkeypatch, size, is_seen):
    """Squares of 1 pixel in 128 are an even grey of half their shade there; those of 2 pixels are seen to swap."""
    still, other = checks(size, 200), 200 - checks(size, 200)
    evidence = seen_at(monkeypatch, [still, other, still, still, still, still], ())
    assert evidence.any() == is_seen
    assert not is_seen or evidence.argmax() == 2, "the frame after which nothing changes"


@pytest.mark.parametrize(("fps", "groups"), [(24, 12), (32, 12), (33, 6), (64, 6), (65, 4)])
def test_motion_is_measured_up_to_32_times_a_second(monkeypatch, fps, groups):
    assert len(seen_at(monkeypatch, [checks(2, 9)] * 12, (), fps)) == groups


def test_a_group_is_the_mean_of_its_frames(monkeypatch):
    """Each two frames are black and white, or white and black: nothing moves."""
    black, white = checks(2, 0), checks(2, 0) + np.uint8(200)
    swapped = (0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1)
    assert not seen_at(monkeypatch, [(black, white)[one] for one in swapped], (), 48).any()


@pytest.mark.parametrize(("share", "is_seen"), [(4, False), (2, True)])
def test_drops_that_vary_by_a_twentieth_of_a_level_are_motion(monkeypatch, share, is_seen):
    """Where a quarter of the picture becomes lighter by 1 drops vary by 0.039 over 40 frames, where half does by 0.078:
    one of ``d`` in n frames by ``d sqrt(n - 1) / n``."""
    before, after = checks(2, 0), checks(2, 0)
    after[: 128 // share] += 1
    evidence = seen_at(monkeypatch, [before] * 20 + [after] * 20, ())
    assert evidence.any() == is_seen
    assert not is_seen or evidence.argmax() == 20


def test_an_event_of_the_eye_is_a_bump_of_six_tenths_of_a_frame(monkeypatch):
    """In still pictures nothing else is evidence: the ratio of its heights at 0 and 1 frame is that of the bell."""
    still = [np.full((16, 16, 3), 90, np.uint8)] * 40
    evidence = seen_at(monkeypatch, still, (1.05,))
    assert evidence.argmax() == 10
    bell = np.exp(-0.5 * (np.arange(3) / 0.6) ** 2)
    heights = evidence[10:13] - evidence[-1]
    assert heights / heights[0] == pytest.approx(bell, abs=1e-6)


def test_motion_is_that_of_brightness(monkeypatch):
    """Of ITU-R BT.601: red of 200 and green of 102 are 60 both."""
    red, green = (np.full((128, 128, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 102, 0)))
    assert not seen_at(monkeypatch, [red] * 6 + [green] * 6, ()).any()


def test_a_drop_of_motion_counts_half_as_much_as_an_event_of_the_eye(monkeypatch):
    """By hand, over 40 frames: a bell of 0.6 frames is 6.121 deviations high, a single drop 40 / sqrt(39)."""
    frames = [checks(2, 0)] * 25 + [checks(2, 0) + np.uint8(9)] * 15
    evidence = seen_at(monkeypatch, frames, (1.05,))
    heights = evidence[[10, 25]] - evidence[-1]
    assert heights[1] / heights[0] == pytest.approx(0.5 * 40 / 39**0.5 / 6.121, rel=1e-3)


def test_two_frames_are_too_few():
    clip = Clip(np.zeros((2, 16, 16, 3), np.uint8), np.zeros((1, 4000), np.float32), Fraction(8), 16_000)
    with pytest.raises(MediaError, match="three frames"):
        sides(Subject("", clip))


IMPACTS = tuple(
    f"private/{name}.mp4"
    for name in ("gh_bag_6s", "gh_carton_2s", "gh_paper_4s", "avsync_anvil_4s", "chopping_8s", "vas_drum_top_10s")
)


def test_real_impacts_are_in_time_as_they_are_and_av_align_does_not_say_so(real):
    """Drumsticks, a hammer, a knife, without labels: the pooled curve is highest within a frame (40 ms) of no lag.

    AV-Align of the same films is higher with their sound 200 ms late, where no stick touches anything, than in time.
    """
    clips = [read(real(name), size=(180, 320)) for name in IMPACTS]
    pictures = [Subject("", clip) for clip in clips]
    aligned = {}
    for ms in (-200, 0, 200):
        shown = [Shown(picture, late(clip, ms / 1000)) for picture, clip in zip(pictures, clips, strict=True)]
        assert scores([sides(one) for one in shown])["sync-offset"].value == pytest.approx(ms, abs=40)
        aligned[ms] = AvAlignSvg().scores([AvAlignSvg().measure(one) for one in shown], None, 0)[0].value
    assert aligned[200] > aligned[0] + 0.02


class Shown(Subject):
    """A picture with another sound: what was read of the picture holds."""

    def __init__(self, picture, clip):
        super().__init__("", clip)
        self._picture = picture

    def read(self, reading):
        uses = getattr(reading, "uses", AV(True, True))
        return super().read(reading) if uses.audio else self._picture.read(reading)
