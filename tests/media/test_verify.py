"""Real clips are exact by both decoders; planted errors are found; what cannot be judged is named."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.signal  # noqa: F401  # importing it takes memory too, before any is measured

from phonofilm.errors import MediaError
from phonofilm.media import Clip, write
from phonofilm.media.cut import Form, Piece, cut, cut_all
from phonofilm.media.decoders import Library, Program
from phonofilm.media.matching import Doubt, Moments, find_pictures, find_sound
from phonofilm.media.span import Span
from phonofilm.media.verify import verify
from phonofilm.pair import AV
from tests.media.cuttable import lively, windows
from tests.media.films import noise

SPAN = Span(1000, 2000, 25, 44100, 44100)
SHORT = Fraction(4, 5)
STATIC, SILENT, TONAL, ABSENT = Doubt.STATIC, Doubt.SILENT, Doubt.TONAL, Doubt.ABSENT
REAL = {
    "mdn_rabbit320_8s.mp4": (None, None),
    "mdn_rabbit320_8s_vp8.webm": (None, None),
    "mdn_flower_silent_5s.mp4": (None, SILENT),
    "gopro_maxhero_11s.mp4": (None, None),
    "ducks_4s.mp4": (None, None),
    "iphone_hevc60_rot_06s.mov": (None, None),
    "extra_data_tracks_10s.mp4": (None, None),
    "portrait_iphone_2s.mov": (None, None),
    "rot180_3s.mov": (None, None),
    "mp3_failing_audio_11s.mp4": (None, None),
    "webm_no_duration.webm": (None, SILENT),
    "bbb_51_1080p60_2s.mp4": (None, None),
    "alpha_vp9_5s.webm": (None, SILENT),
    "first_pts_10s_noaudio.mp4": (None, ABSENT),
    "odd_161x121_noaudio.webm": (None, ABSENT),
    "silent_black_10s.mp4": (STATIC, SILENT),
    "samsung_slowmo_2s.mp4": (None, None),
    "mkv_start_m23ms_5s.mkv": (None, TONAL),
    "pcm_mov_1080p50_2s.mov": (None, None),
    "speech_static_42s.mp4": (None, None),
    "counter_pts_3s.mp4": (None, ABSENT),
    "vshort_017s.mp4": (None, SILENT),
}
"""What of each real film cannot be judged in its second window of 0.8 s, or in the whole of shorter ones."""


@pytest.mark.parametrize("name", REAL)
def test_real_films_are_cut_within_a_millisecond_by_both_decoders(real, tmp_path, name):
    film = real(name)
    spans = windows(film, SHORT)[:2] or windows(film, None)
    made = cut(film, spans[-1], tmp_path / "clip.mp4")
    for decoder in (Library(), Program()):
        verdict = verify(made.piece.path, film, spans[-1], decoder=decoder)
        assert verdict.faults == ()
        assert (verdict.found.video.doubt, verdict.found.audio.doubt) == REAL[name]
        assert verdict.counts.video == spans[-1].frames
        assert verdict.times_error is not None
        assert verdict.times_error < 1e-4
        for error in (verdict.found.video.error, verdict.found.audio.error, verdict.skew):
            assert error is None or abs(error) < 1e-3


@pytest.fixture
def film(tmp_path):
    return write(lively(), tmp_path / "film.mkv", lossless=True)


def shifted(clip: Clip, span: Span, *, samples: int = 0, pictures: int = 0) -> Clip:
    """The clip of a span, with sound and pictures that begin too late."""
    first = 25 + pictures
    sound = clip.audio[:, span.first_sample + samples :][:, : span.samples]
    return replace(clip, frames=clip.frames[first : 25 + span.frames], audio=sound)


@pytest.mark.parametrize("decoder", [Library(), Program()], ids=lambda decoder: decoder.name)
def test_planted_errors_are_found(tmp_path, film, decoder):
    clip = lively()
    exact = write(shifted(clip, SPAN), tmp_path / "exact.mkv", lossless=True)
    assert verify(exact, film, SPAN, decoder=decoder).faults == ()
    late = write(shifted(clip, SPAN, samples=132), tmp_path / "late.mkv", lossless=True)
    verdict = verify(late, film, SPAN, decoder=decoder)
    assert verdict.found.audio.error == pytest.approx(132 / 44100, abs=1e-6)
    assert verdict.skew == pytest.approx(132 / 44100, abs=1e-4)
    assert any("sound" in fault and "+3.0 ms" in fault for fault in verdict.faults)
    dropped = write(shifted(clip, SPAN, pictures=1), tmp_path / "dropped.mkv", lossless=True)
    verdict = verify(dropped, film, SPAN, decoder=decoder)
    assert verdict.faults[0] == "picture: 24 of 25 are there"
    assert verdict.found.video.error == pytest.approx(0.04, abs=1e-3)
    assert verdict.times_error is None


def test_samples_that_are_lost_at_the_end_are_counted(tmp_path, film):
    clip = shifted(lively(), SPAN)
    short = write(replace(clip, audio=clip.audio[:, :-1]), tmp_path / "short.mkv", lossless=True)
    assert verify(short, film, SPAN).faults == ("sound: 44099 of 44100 are there",)


def test_another_film_is_not_taken_for_the_clip(tmp_path, film):
    other = Clip(255 - lively().frames[25:50], noise(2, 44100, seed=9) / 10, Fraction(25), 44100)
    verdict = verify(write(other, tmp_path / "other.mkv", lossless=True), film, SPAN)
    assert (verdict.found.video.doubt, verdict.found.audio.doubt) == (Doubt.UNLIKE, Doubt.UNLIKE)
    assert verdict.faults == ("picture: unlike", "sound: unlike")


def test_a_picture_that_is_late_at_a_constant_rate_is_found(tmp_path, film):
    form = Form(fps=Fraction(10))
    made = cut(film, SPAN, tmp_path / "clip.mp4", form)
    assert verify(made.piece.path, film, SPAN, form).faults == ()
    moved = replace(SPAN, first_pts=1080, end_pts=2080, first_sample=SPAN.first_sample + 3528)
    verdict = verify(made.piece.path, film, moved, form)
    assert verdict.found.video.error == pytest.approx(-0.08, abs=0.021)
    assert verdict.found.audio.error == pytest.approx(-0.08, abs=1e-4)
    assert [fault.split(":")[0] for fault in verdict.faults] == ["picture", "sound"]


def test_what_cannot_be_judged_is_named():
    times = np.arange(10) / 10
    flat = Moments(times, np.full((10, 4, 4), 80, np.uint8))
    assert find_pictures(flat, flat, 1).doubt is Doubt.STATIC
    flicker = Moments(times, np.full((10, 4, 4), 80, np.uint8) + np.arange(10, dtype=np.uint8)[:, None, None] % 2 * 50)
    assert find_pictures(flicker, flicker, 1).doubt is Doubt.UNCLEAR
    tone = np.sin(np.arange(24000) * 0.3).astype(np.float32)
    assert find_sound(tone[4000:-4000], tone, 4000, 8000).doubt is Doubt.TONAL
    assert find_sound(tone[4000:-4000] * 0, tone, 4000, 8000).doubt is Doubt.SILENT


def test_sound_is_found_to_the_sample():
    film = noise(1, 40000)[0]
    for lag in (-3000, -1, 0, 7, 3999):
        clip = film[4000 + lag : 4000 + lag + 30000]
        finding = find_sound(clip, film, 4000, 8000)
        assert finding.errors == (lag / 8000,) * len(finding.errors)
        assert len(finding.errors) >= 2


def test_a_missing_program_says_how_to_get_it(tmp_path, film, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MediaError, match="pip install imageio-ffmpeg"):
        verify(film, film, SPAN, decoder=Program())


def test_resampled_and_mixed_sound_is_found_at_the_films_rate(tmp_path, film):
    form = Form(sample_rate=16000, channels=1, size=(32, 32))
    for made in cut_all(film, [Piece(span, tmp_path / f"{i}.mp4") for i, span in enumerate(windows(film))], form):
        for decoder in (Library(), Program()):
            verdict = verify(made.piece.path, film, made.piece.span, form, decoder)
            assert verdict.faults == ()
            assert verdict.found.audio.error == pytest.approx(0, abs=1e-4)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Twenty seconds with another picture and other sound all the time."""
    return write(lively(frames=500, size=(72, 96), channels=1), tmp_path_factory.mktemp("long") / "long.mp4")


@pytest.mark.parametrize("decoder", [Library(), Program()], ids=lambda decoder: decoder.name)
def test_memory_does_not_grow_with_what_is_verified(tmp_path, long, decoder, monkeypatch):
    monkeypatch.setattr("phonofilm.media.looking.WHOLE", 3)
    peaks = []
    for seconds in (3, 19):
        (span, *_) = windows(long, Fraction(seconds))
        made = cut(long, span, tmp_path / f"{seconds}.mp4")
        tracemalloc.start()
        verdict = verify(made.piece.path, long, span, decoder=decoder)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
        assert verdict.faults == ()
        assert verdict.counts == verdict.due == AV(25 * seconds, 44100 * seconds)
        assert verdict.times_error < 1e-4
        assert len(verdict.found.video.errors) >= 3 and len(verdict.found.audio.errors) >= 1
        assert abs(verdict.skew) < 1e-3
    assert peaks[1] < peaks[0] + 2, peaks


def test_a_long_clip_is_judged_in_all_its_parts(tmp_path, long, monkeypatch):
    monkeypatch.setattr("phonofilm.media.looking.WHOLE", 3)
    (span, *_) = windows(long, Fraction(12))
    made = cut(long, span, tmp_path / "clip.mp4")
    moved = replace(span, first_pts=span.first_pts + 2 * (span.end_pts - span.first_pts) // span.frames)
    verdict = verify(made.piece.path, long, moved)
    assert verdict.found.video.error == pytest.approx(-0.08, abs=1e-3)
    assert verdict.found.audio.error == 0
    assert verdict.skew == pytest.approx(0.08, abs=1e-3)


def test_a_long_clip_that_is_not_in_the_film_is_found_nowhere(tmp_path, long, monkeypatch):
    monkeypatch.setattr("phonofilm.media.looking.WHOLE", 3)
    other = replace(lively(frames=200, size=(72, 96)), audio=noise(1, 8 * 44100, seed=9) / 10)
    other = replace(other, frames=255 - other.frames)
    verdict = verify(write(other, tmp_path / "other.mp4"), long, windows(long, Fraction(8))[1])
    assert (verdict.found.video.doubt, verdict.found.audio.doubt) == (Doubt.UNLIKE, Doubt.UNLIKE)
