"""Writing loses nothing: timing, bits, lengths; and what fails leaves nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from phonofilm.errors import MediaError
from phonofilm.media import Clip, probe, read, write
from phonofilm.media.mux import encode, verify
from phonofilm.media.write import container_for
from tests.media.films import ffmpeg, flash_and_click, noise, numbered, numbers

RATES = [Fraction(8), Fraction(12), Fraction(24000, 1001), Fraction(30)]
SUFFIXES = [".mp4", ".mov", ".mkv"]


def flash_time(clip: Clip) -> float:
    return float(np.argmax(clip.frames.mean((1, 2, 3))) / clip.fps)


def click_time(clip: Clip) -> float:
    return float(np.argmax(np.abs(clip.audio[0])) / clip.sample_rate)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", RATES)
def test_flash_and_click_stay_together(tmp_path, fps, suffix, lossless):
    clip = flash_and_click(fps)
    back = read(write(clip, tmp_path / f"film{suffix}", lossless=lossless))
    assert (back.fps, back.sample_rate) == (clip.fps, clip.sample_rate)
    assert flash_time(back) == flash_time(clip)
    assert click_time(back) == pytest.approx(click_time(clip), abs=1e-3)


@pytest.mark.parametrize("size", [(64, 64), (7, 11), (11, 6)])
@pytest.mark.parametrize("sample_rate", [16000, 22050, 44100, 48000])
def test_flash_and_click_at_sizes_and_sample_rates(tmp_path, size, sample_rate):
    clip = flash_and_click(Fraction(12), size=size, sample_rate=sample_rate)
    back = read(write(clip, tmp_path / "film.mp4"))
    assert back.sample_rate == sample_rate
    assert flash_time(back) == flash_time(clip)
    assert click_time(back) == pytest.approx(click_time(clip), abs=1e-3)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("fps", RATES)
def test_a_second_decoder_finds_them_together(tmp_path, fps, suffix):
    clip = flash_and_click(fps)
    path = str(write(clip, tmp_path / f"film{suffix}"))
    sound = np.frombuffer(ffmpeg("-i", path, "-map", "0:a", "-f", "f32le", "-"), np.float32)
    assert np.argmax(np.abs(sound)) / 16000 == pytest.approx(click_time(clip), abs=1e-3)
    assert len(sound) == clip.audio.shape[1]
    select = "select=gt(scene\\,0.3),metadata=print:file=-"
    shown = ffmpeg("-i", path, "-map", "0:v", "-vf", select, "-f", "null", "-").decode()
    changes = [float(time) for time in re.findall(r"pts_time:([\d.]+)", shown)]
    assert changes[0] == pytest.approx(flash_time(clip), abs=1e-3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_opencv_shows_the_same_frames_at_the_same_times(tmp_path, suffix):
    clip = Clip(numbered(7), noise(1, 8000) * 0.1, Fraction(24000, 1001), 16000)
    film = cv2.VideoCapture(str(write(clip, tmp_path / f"film{suffix}")))
    shown, times = [], []
    while (got := film.read())[0]:
        shown.append(got[1])
        times.append(film.get(cv2.CAP_PROP_POS_MSEC))
    assert numbers(np.stack(shown)) == list(range(7))
    assert np.allclose(times, np.arange(7) * 1001 / 24, atol=1)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_lossless_keeps_every_bit(tmp_path, suffix, channels):
    frames = np.random.default_rng(1).integers(0, 256, (5, 7, 11, 3), np.uint8)
    clip = Clip(frames, noise(channels, 10007), Fraction(24000, 1001), 22050)
    back = read(write(clip, tmp_path / f"film{suffix}", lossless=True))
    assert np.array_equal(back.frames, clip.frames)
    assert np.array_equal(back.audio, clip.audio)
    assert (back.fps, back.sample_rate) == (clip.fps, clip.sample_rate)


def test_uncommon_frame_rates_are_exact_in_mp4(tmp_path):
    fps = Fraction(37200, 1241)
    clip = flash_and_click(fps)
    assert read(write(clip, tmp_path / "film.mp4")).fps == fps


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("samples", [1, 333, 5001, 40000])
def test_each_stream_keeps_its_length(tmp_path, suffix, samples):
    clip = Clip(numbered(11), noise(2, samples) * 0.3, Fraction(12), 16000)
    back = read(write(clip, tmp_path / f"film{suffix}"))
    assert back.audio.shape == (2, samples)
    assert numbers(back.frames) == list(range(11))


def test_one_frame_is_a_film(tmp_path):
    clip = Clip(numbered(1) + 80, noise(1, 100), Fraction(8), 16000)
    back = read(write(clip, tmp_path / "film.mp4"))
    assert len(back.frames) == 1 and back.audio.shape == (1, 100)


def test_odd_sizes_are_made_even_for_players_by_repeating_the_edge(tmp_path):
    clip = Clip(numbered(5, (7, 11)) + 40, None, Fraction(8), 16000)
    back = read(write(clip, tmp_path / "film.mp4"))
    assert back.frames.shape == (5, 8, 12, 3)
    assert np.abs(back.frames[:, :7, :11].astype(int) - clip.frames).max() <= 4
    assert np.abs(back.frames[:, 7].astype(int) - back.frames[:, 6]).max() <= 4


@pytest.mark.parametrize("decoder", ["own", "opencv"])
def test_colours_survive_in_mp4_for_either_decoder(tmp_path, decoder):
    swatches = np.array([[250, 20, 20], [20, 250, 20], [20, 20, 250], [250, 250, 20], [128, 90, 30]], np.uint8)
    frames = np.broadcast_to(swatches.repeat(16, 0)[None, None], (3, 32, 80, 3)).copy()
    path = write(Clip(frames, None, Fraction(8), 16000), tmp_path / "film.mp4")
    back = read(path).frames[1] if decoder == "own" else cv2.VideoCapture(str(path)).read()[1][:, :, ::-1]
    middles = back[16, 8::16].astype(int)
    assert np.abs(middles - swatches).max() <= 6


def test_speech_like_sound_survives_aac(tmp_path):
    t = np.arange(32000) / 16000
    sound = sum(np.sin(2 * np.pi * f * t) for f in (220, 1330, 5110)) * (np.sin(2 * np.pi * 3 * t) > 0) * 0.25
    clip = Clip(None, sound[None].astype(np.float32), Fraction(0), 16000)
    back = read(write(clip, tmp_path / "film.mp4"))
    error = back.audio - clip.audio
    assert 10 * np.log10((clip.audio**2).sum() / (error**2).sum()) > 25


def test_samples_beyond_full_scale_are_limited(tmp_path):
    clip = Clip(None, np.array([[0.5, -3.0, 1.5, 0.25]], np.float32), Fraction(0), 16000)
    assert read(write(clip, tmp_path / "film.mkv", lossless=True)).audio.tolist() == [[0.5, -1.0, 1.0, 0.25]]


def test_a_film_without_sound_or_without_picture_can_be_asked_for(tmp_path):
    clip = flash_and_click(Fraction(8))
    silent = write(Clip(clip.frames, None, clip.fps, 16000), tmp_path / "silent.mp4")
    dark = write(Clip(None, clip.audio, clip.fps, 16000), tmp_path / "dark.mp4")
    assert read(silent).audio is None and read(dark).frames is None


def test_same_clip_same_bytes():
    clip = Clip(np.random.default_rng(2).integers(0, 256, (5, 22, 14, 3), np.uint8), noise(1, 9000), Fraction(8), 16000)
    for lossless in (False, True):
        container = container_for(Path("film.mp4"), lossless=lossless)
        assert encode(clip, container) == encode(clip, container)


def test_the_index_comes_first_so_that_browsers_can_start_early(tmp_path):
    clip = Clip(numbered(25), noise(1, 160000), Fraction(5, 2), 16000)
    data = write(clip, tmp_path / "film.mp4").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize(
    ("clip", "fix"),
    [
        (Clip(None, np.array([[0, np.nan]], np.float32), Fraction(0), 16000), "NaN"),
        (Clip(None, np.array([[0, np.inf]], np.float32), Fraction(0), 16000), "NaN or infinity"),
        (Clip(None, np.zeros((1, 0), np.float32), Fraction(0), 16000), "at least one sample"),
        (Clip(np.zeros((0, 6, 6, 3), np.uint8), None, Fraction(8), 16000), "at least one"),
        (Clip(np.zeros((2, 6, 6, 3), np.uint8), None, Fraction(0), 16000), "fps is 0"),
        (Clip(None, np.zeros((1, 9), np.float32), Fraction(0), 0), "sample rate is 0"),
        (Clip(None, np.zeros((1, 9), np.float32), Fraction(0), 17000), "resample to one of .*16000"),
        (Clip(None, np.zeros((9, 9), np.float32), Fraction(0), 16000), "mix them"),
    ],
)
def test_a_clip_that_makes_no_film_is_refused(tmp_path, clip, fix):
    with pytest.raises(MediaError, match=fix):
        write(clip, tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["film.avi", "film", "film.wmv"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(MediaError, match=r"\.mp4"):
        write(flash_and_click(Fraction(8)), tmp_path / name)


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(MediaError, match="exists"):
        write(flash_and_click(Fraction(8)), path)
    assert path.read_bytes() == b"precious"
    write(flash_and_click(Fraction(8)), path, force=True)
    assert probe(path).video and [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_lost_sound_is_an_error_and_never_a_silent_film(tmp_path, monkeypatch):
    muxer = sys.modules["phonofilm.media.mux"]
    monkeypatch.setattr(muxer, "_audio_packets", lambda *_: iter(()))
    with pytest.raises(MediaError, match="sound"):
        write(flash_and_click(Fraction(8)), tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lost", ["picture", "sound"])
def test_verify_sees_a_stream_that_is_too_short(lost):
    clip = flash_and_click(Fraction(8))
    part = (
        Clip(clip.frames[:-1], clip.audio, clip.fps, clip.sample_rate)
        if lost == "picture"
        else Clip(clip.frames, clip.audio[:, :-400], clip.fps, clip.sample_rate)
    )
    data = encode(part, container_for(Path("film.mp4"), lossless=False))
    with pytest.raises(MediaError, match=lost):
        verify(data, clip)


def test_an_encoder_that_fails_is_a_media_error(tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise av.error.InvalidDataError(1, "encoder broke")

    monkeypatch.setattr(sys.modules["phonofilm.media.mux"], "_video_frame", fail)
    with pytest.raises(MediaError, match="could not be encoded"):
        write(flash_and_click(Fraction(8)), tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, sys
import numpy as np
from fractions import Fraction
from phonofilm.errors import MediaError
from phonofilm.media import Clip, write
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
clip = Clip(np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), np.uint8), None, Fraction(8), 16000)
try:
    write(clip, sys.argv[1], force=True)
except MediaError as error:
    print(error)
"""


@pytest.mark.parametrize("before", [None, b"precious"])
def test_a_full_disk_leaves_what_was_there(tmp_path, before):
    pytest.importorskip("resource", reason="file-size limits are POSIX's")
    path = tmp_path / "film.mp4"
    if before:
        path.write_bytes(before)
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert "make room" in run.stdout
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_the_encoder_keeps_to_the_pictures(tmp_path, ending):
    """x264's macroblock tree reads beyond narrow pictures: what a process encoded before changed the bytes."""
    rng = np.random.default_rng(0)
    path = write(Clip(rng.integers(0, 256, (7, 90, 160, 3), np.uint8), None, Fraction(25), 0), tmp_path / f"x.{ending}")
    settings = re.search(rb"x264 - core.*?options: (.*?)\x00", path.read_bytes(), re.DOTALL)[1]
    assert b"mbtree=0" in settings and b"threads=1" in settings and b"bframes=0" in settings
