"""Reading: one clock for both streams, exact cuts, upright pictures, and damage that is never passed over."""

from __future__ import annotations

import gc
import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phonofilm.errors import MediaError
from phonofilm.media import Clip, probe, read, write
from phonofilm.media.source import Held
from tests.media.films import ffmpeg, flash_and_click, noise, numbered, numbers, stamped_film

# ---- memory -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted on Linux only")
def test_pictures_leave_no_threads_behind(tmp_path):
    path = write(Clip(np.zeros((60, 48, 64, 3), np.uint8), None, Fraction(20), 0), tmp_path / "film.mp4")
    read(path, size=(24, 32))
    before = len(os.listdir("/proc/self/task"))
    gc.disable()  # what only a collection would end must not be there
    try:
        read(path, size=(24, 32))
        most = len(os.listdir("/proc/self/task"))
    finally:
        gc.enable()
    assert most <= before + (os.cpu_count() or 1)


# ---- clocks -----------------------------------------------------------------------------------------------------


def test_variable_frame_rate_becomes_a_constant_clock(tmp_path):
    stamps = [0, 100, 150, 200, 700, 733, 1200]  # ms
    path = stamped_film(tmp_path / "vfr.mkv", pictures=zip(stamps, numbered(7), strict=True))
    shown = numbers(read(path, fps=20, seconds=Fraction(6, 5)).frames)
    assert shown == [max(i for i, stamp in enumerate(stamps) if stamp < tick * 50 + 25) for tick in range(24)]


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_sound_begins_at_the_sample_of_an_exact_time(tmp_path, rate):
    """A time that is a whole number of samples falls below it where it goes through a float."""
    first = next(n for n in range(1001, 2000) if int(float(Fraction(n, rate)) * rate) != n)
    clip = Clip(None, noise(1, 4000), Fraction(0), rate)
    path = write(clip, tmp_path / "film.mkv", lossless=True)
    sound = read(path, start=Fraction(first, rate), seconds=Fraction(1000, rate)).audio
    np.testing.assert_allclose(sound, clip.audio[:, first : first + 1000], atol=1e-6)


def test_variable_frame_rate_at_its_own_rate_shows_every_picture_in_time(tmp_path):
    gaps = [1, 1, 3, 1, 2, 1, 1, 5, 1]
    ticks = np.cumsum([0, *gaps])
    stamps = [round(tick * 1000 / 30) for tick in ticks]
    path = stamped_film(tmp_path / "vfr.mkv", pictures=zip(stamps, numbered(10), strict=True))
    clip = read(path, fps=30)
    assert [numbers(clip.frames).index(i) for i in range(10)] == list(ticks)


def test_nominal_rate_of_a_film_with_missing_frames_is_not_their_average(tmp_path):
    kept = [i for i in range(60) if i % 7 != 3]
    picture = numbered(1)[0]
    path = stamped_film(tmp_path / "dropped.mkv", pictures=[(round(i * 1000 / 30), picture) for i in kept])
    clip = read(path)
    assert abs(len(clip.frames) / clip.fps - 2) < Fraction(1, 20)


@pytest.mark.parametrize("late", [13, 100, 471])
def test_late_sound_is_preceded_by_silence(tmp_path, late):
    sound = noise(1, 4800)
    path = stamped_film(
        tmp_path / "late.mkv",
        pictures=[(i * 125, picture) for i, picture in enumerate(numbered(5))],
        rate=8,
        sound=[(late * 16 + first, sound[:, first : first + 160]) for first in range(0, 4800, 160)],
    )
    clip = read(path, fps=8)
    assert not clip.audio[:, : late * 16].any()
    assert np.array_equal(clip.audio[:, late * 16 :], sound)
    assert numbers(clip.frames) == list(range(5))


def test_late_picture_is_held_from_the_start(tmp_path):
    sound = noise(1, 16000)
    path = stamped_film(
        tmp_path / "late.mkv",
        pictures=[(500 + i * 125, picture) for i, picture in enumerate(numbered(5)[1:])],
        rate=8,
        sound=[(first, sound[:, first : first + 160]) for first in range(0, 16000, 160)],
    )
    clip = read(path, fps=8)
    assert numbers(clip.frames) == [1, 1, 1, 1, 1, 2, 3, 4]
    assert np.array_equal(clip.audio, sound)
    assert probe(path).video.start == Fraction(1, 2)


def test_one_stream_alone_keeps_the_clock_of_both(tmp_path):
    sound = noise(1, 1600)
    path = stamped_film(
        tmp_path / "late.mkv",
        pictures=[(1000 + i * 125, picture) for i, picture in enumerate(numbered(3))],
        rate=8,
        sound=[(20800, sound)],
    )
    both, heard, seen = read(path), read(path, video=False), read(path, audio=False)
    assert np.array_equal(both.audio, heard.audio) and np.array_equal(both.frames, seen.frames)
    assert heard.frames is None and seen.audio is None
    assert not heard.audio[:, :4800].any() and np.array_equal(heard.audio[:, 4800:], sound)


def test_a_hole_in_the_sound_is_silent_and_what_follows_stays_in_place(tmp_path):
    sound = noise(1, 4800)
    blocks = [(i * 160 + (1600 if i >= 10 else 0), sound[:, i * 160 : (i + 1) * 160]) for i in range(30)]
    clip = read(stamped_film(tmp_path / "hole.mkv", sound=blocks))
    assert np.array_equal(clip.audio[:, :1600], sound[:, :1600])
    assert not clip.audio[:, 1600:3200].any()
    assert np.array_equal(clip.audio[:, 3200:], sound[:, 1600:])


def test_jittering_stamps_leave_sound_whole(tmp_path):
    sound = noise(1, 4800)
    jitter = np.random.default_rng(3).integers(-8, 9, 30)
    blocks = [(i * 160 + (int(jitter[i]) if i else 0), sound[:, i * 160 : (i + 1) * 160]) for i in range(30)]
    assert np.array_equal(read(stamped_film(tmp_path / "jitter.mkv", sound=blocks)).audio, sound)


# ---- cuts -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    """Twelve seconds of distinguishable pictures with noise, beyond where reading begins to seek."""
    grey = np.arange(12 * 12, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 16, 16, 3), np.uint8)
    clip = Clip(grey, noise(1, 12 * 16000), Fraction(12), 16000)
    folder = tmp_path_factory.mktemp("long")
    return {suffix: write(clip, folder / f"film{suffix}", lossless=True) for suffix in (".mp4", ".mkv")}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 15999), second=st.integers(0, 11), length=st.integers(1, 20000))
def test_cuts_are_slices_by_sample_index(long_film, suffix, start, second, length):
    first = second * 16000 + start
    cut = read(long_film[suffix], start=Fraction(first, 16000), seconds=Fraction(length, 16000), video=False)
    assert np.array_equal(cut.audio, noise(1, 12 * 16000)[:, first : first + length])


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("tick", [0, 5, 47, 48, 59, 100, 143])
def test_cuts_begin_at_the_exact_frame(long_film, suffix, tick):
    cut = read(long_film[suffix], start=Fraction(tick, 12), seconds=Fraction(3, 12), audio=False)
    assert [int(frame[0, 0, 0]) for frame in cut.frames] == list(range(tick, min(tick + 3, 144)))


@pytest.mark.parametrize("start", [Fraction(1, 3), Fraction(11, 2), Fraction(93, 10)])
def test_cuts_at_another_rate_are_slices_of_the_whole_at_that_rate(long_film, start):
    whole = read(long_film[".mp4"], sample_rate=22050, video=False).audio
    cut = read(long_film[".mp4"], start=start, seconds=1, sample_rate=22050, video=False).audio
    first = round(start * 22050)
    assert np.abs(cut - whole[:, first : first + 22050]).max() < 1e-5


@pytest.mark.parametrize("start", [Fraction(5), Fraction(487, 100)])
def test_cuts_of_compressed_sound_equal_the_whole(tmp_path, start):
    clip = Clip(None, noise(2, 8 * 44100) * 0.2, Fraction(0), 44100)
    path = write(clip, tmp_path / "film.mp4")
    whole, first = read(path).audio, round(start * 44100)
    cut = read(path, start=start, seconds=2).audio
    assert np.abs(cut - whole[:, first : first + 2 * 44100]).max() < 1e-6


def test_a_cut_past_one_streams_end_leaves_it_empty_and_past_both_is_an_error(tmp_path):
    clip = Clip(numbered(16), noise(1, 8000), Fraction(8), 16000)
    path = write(clip, tmp_path / "film.mkv", lossless=True)
    cut = read(path, start=1, seconds=2)
    assert cut.audio.shape == (1, 0) and numbers(cut.frames) == list(range(8, 16))
    with pytest.raises(MediaError, match="begin earlier"):
        read(path, start=5)


# ---- pictures ---------------------------------------------------------------------------------------------------

MATRICES = {
    "upright": ((1, 0, 0, 1), lambda p: p),
    "clockwise": ((0, 1, -1, 0), lambda p: cv2.rotate(p, cv2.ROTATE_90_CLOCKWISE)),
    "upside down": ((-1, 0, 0, -1), lambda p: cv2.rotate(p, cv2.ROTATE_180)),
    "counterclockwise": ((0, -1, 1, 0), lambda p: cv2.rotate(p, cv2.ROTATE_90_COUNTERCLOCKWISE)),
    "mirrored": ((-1, 0, 0, 1), lambda p: cv2.flip(p, 1)),
    "flipped": ((1, 0, 0, -1), lambda p: cv2.flip(p, 0)),
    "transposed": ((0, 1, 1, 0), cv2.transpose),
    "anti-transposed": ((0, -1, -1, 0), lambda p: cv2.rotate(cv2.transpose(p), cv2.ROTATE_180)),
}


def with_matrix(data: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """An MP4 whose first track has another display matrix (ISO 14496-12, tkhd)."""

    def fixed(*values: float) -> bytes:
        return b"".join(
            struct.pack(">i", round(value * (1 << shift))) for value, shift in zip(values, (16, 16, 30), strict=True)
        )

    upright = fixed(1, 0, 0) + fixed(0, 1, 0) + fixed(0, 0, 1)
    at = data.index(upright, data.index(b"tkhd"))
    return data[:at] + fixed(a, b, 0) + fixed(c, d, 0) + fixed(0, 0, 1) + data[at + 36 :]


@pytest.mark.parametrize("name", MATRICES)
def test_display_matrices(tmp_path, name):
    numbers_, turned = MATRICES[name]
    frames = np.random.default_rng(4).integers(0, 256, (3, 7, 11, 3), np.uint8)
    path = write(Clip(frames, None, Fraction(8), 16000), tmp_path / "film.mp4", lossless=True)
    path.write_bytes(with_matrix(path.read_bytes(), *numbers_))
    clip = read(path)
    assert np.array_equal(clip.frames[1], turned(frames[1]))
    assert (probe(path).video.height, probe(path).video.width) == clip.frames.shape[1:3]


def test_oblique_rotation_is_refused(tmp_path):
    path = write(Clip(numbered(2), None, Fraction(8), 16000), tmp_path / "film.mp4")
    path.write_bytes(with_matrix(path.read_bytes(), 0.8, 0.6, -0.6, 0.8))
    with pytest.raises(MediaError, match="upright"):
        read(path)


@pytest.mark.parametrize("name", ["portrait_iphone_2s.mov", "rot180_3s.mov", "iphone_hevc60_rot_06s.mov"])
def test_phones_films_stand_as_opencv_shows_them(real, name):
    expected = cv2.VideoCapture(str(real(name))).read()[1][:, :, ::-1]
    got = read(real(name), seconds=Fraction(1, 10), audio=False).frames[0]
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).mean() < 2


def test_size_covers_and_cuts_the_middle_without_distortion(tmp_path):
    frames = np.zeros((3, 40, 80, 3), np.uint8)
    frames[:, :, 20:60] = 200
    path = write(Clip(frames, None, Fraction(8), 16000), tmp_path / "film.mkv", lossless=True)
    square = read(path, size=(20, 20)).frames
    assert square.shape == (3, 20, 20, 3) and square.min() > 180
    wide = read(path, size=(10, 40)).frames
    assert wide.shape == (3, 10, 40, 3)
    assert wide[0, 5, 5].max() < 20 and wide[0, 5, 20].min() > 180


def test_oblong_pixels_are_shown_square(real):
    info = probe(real("first_pts_10s_noaudio.mp4")).video
    clip = read(real("first_pts_10s_noaudio.mp4"), seconds=Fraction(1, 10))
    assert info.pixel_aspect != 1
    assert clip.frames.shape[1:3] == (info.height, info.width) == (640, round(800 * info.pixel_aspect))


def test_burnt_in_counter_is_read_frame_by_frame_as_opencv_does(real):
    path = real("counter_pts_3s.mp4")
    film = cv2.VideoCapture(str(path))
    small = [cv2.resize(film.read()[1][:, :, ::-1], (96, 54), interpolation=cv2.INTER_AREA) for _ in range(12)]
    clip = read(path, size=(54, 96), seconds=Fraction(6, 5))
    assert len(clip.frames) == 12
    distance = np.abs(clip.frames[:, None].astype(np.int16) - np.stack(small)[None]).mean((2, 3, 4))
    assert (distance.argmin(1) == np.arange(12)).all()


# ---- real films against another decoder -------------------------------------------------------------------------

WITH_SOUND = [
    "mdn_rabbit320_8s.mp4",
    "mdn_rabbit320_8s_vp8.webm",
    "mkv_start_m23ms_5s.mkv",
    "ducks_4s.mp4",
    "portrait_iphone_2s.mov",
    "mp3_failing_audio_11s.mp4",
    "bbb_51_1080p60_2s.mp4",
    "pcm_mov_1080p50_2s.mov",
]


@pytest.mark.parametrize("name", WITH_SOUND)
def test_sound_lies_where_the_ffmpeg_program_puts_it(real, name):
    clip = read(real(name), video=False, seconds=2)
    on_clock = ["-af", "aresample=async=1:first_pts=0", "-t", "2"]
    raw = ffmpeg("-i", str(real(name)), "-map", "0:a:0", *on_clock, "-f", "f32le", "-")
    other = np.frombuffer(raw, np.float32).reshape(-1, clip.audio.shape[0]).T
    assert abs(other.shape[1] - clip.audio.shape[1]) <= clip.sample_rate // 10
    sound = np.zeros((2, 1 << 18))
    for row, samples in zip(sound, (clip.audio[0], other[0]), strict=True):
        row[: len(samples)] = samples
    likeness = np.fft.irfft(np.fft.rfft(sound[0]) * np.conj(np.fft.rfft(sound[1])))
    lag = int(np.argmax(likeness))
    assert min(lag, len(sound[0]) - lag) <= clip.sample_rate / 1000
    assert likeness[lag] > 0.99 * (sound[0] ** 2).sum(), "samples were lost or doubled on the way"


def test_a_real_hole_in_the_sound_is_kept(real):
    """This phone stamped its second block 221 samples later than its first one ends."""
    path = real("samsung_slowmo_2s.mp4")
    sound = read(path, video=False).audio
    samples = np.frombuffer(ffmpeg("-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"), np.float32).reshape(-1, 2).T
    assert np.allclose(sound[:, :1024], samples[:, :1024], atol=1e-5)
    assert not sound[:, 1024:1245].any()
    rest = samples[:, 1024:]
    assert np.allclose(sound[:, 1245 : 1245 + rest.shape[1]], rest, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "late"),
    [
        ("mdn_rabbit320_8s_vp8.webm", Fraction(13, 1000)),
        ("webm_no_duration.webm", Fraction(15, 1000)),
        ("alpha_vp9_5s.webm", Fraction(3, 1000)),
        ("mkv_start_m23ms_5s.mkv", Fraction(0)),
    ],
)
def test_start_offsets_of_real_films(real, name, late):
    info = probe(real(name))
    assert (info.video.start, info.audio.start) == (0, late)
    lead = round(late * info.audio.sample_rate)
    assert not read(real(name), seconds=1, video=False).audio[:, :lead].any()


def test_a_film_that_begins_at_ten_seconds_begins_at_zero(real):
    info = probe(real("first_pts_10s_noaudio.mp4"))
    assert info.origin == 10 and info.video.start == 0
    assert len(read(info.path, size=(8, 8), seconds=Fraction(1, 2)).frames) == 15


@pytest.mark.parametrize(
    ("name", "frames", "fps"),
    [
        ("mdn_rabbit320_8s.mp4", 234, Fraction(30)),
        ("mdn_rabbit320_8s_vp8.webm", 234, Fraction(30)),
        ("samsung_slowmo_2s.mp4", 63, Fraction(30)),
        ("vshort_017s.mp4", 3, Fraction(30)),
        ("odd_161x121_noaudio.webm", 30, Fraction(2997, 100)),
        ("portrait_iphone_2s.mov", 62, Fraction(30000, 1001)),
    ],
)
def test_every_frame_of_a_real_film_arrives_once(real, name, frames, fps):
    clip = read(real(name), audio=False, size=(16, 16))
    assert len(clip.frames) == frames
    assert float(clip.fps) == pytest.approx(float(fps), rel=1e-3)


def test_surround_sound(real):
    path = real("bbb_51_1080p60_2s.mp4")
    every, two, one = (read(path, video=False, channels=n).audio for n in (None, 2, 1))
    assert [sound.shape for sound in (every, two, one)] == [(6, 96000), (2, 96000), (1, 96000)]
    assert probe(path).audio.speakers == ("FL", "FR", "FC", "LFE", "BL", "BR")
    assert np.allclose(two.mean(0), one[0], atol=1e-6) and one.any()


def test_resampled_on_the_way_in(real):
    clip = read(real("mdn_rabbit320_8s.mp4"), seconds=2, fps=8, sample_rate=16000, channels=1, size=(64, 64))
    assert clip.frames.shape == (16, 64, 64, 3) and clip.audio.shape == (1, 32000)
    assert clip.shape.frames == 16 and clip.shape.samples == 32000


# ---- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"a drumstick hits a metal pipe twice\n" * 40),
        ("film.mp4", b"a drumstick hits a metal pipe twice\n" * 40),
        ("film.mp4", b""),
        ("film.mkv", bytes(5000)),
        ("picture.png", cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()),
        ("picture.jpg", cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes()),
    ],
)
def test_what_is_not_a_film_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match="not a film"):
        read(tmp_path / name)


def test_absent_files_and_folders(tmp_path):
    with pytest.raises(MediaError, match="does not exist"):
        read(tmp_path / "film.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        read(tmp_path)


def test_film_without_index(real):
    with pytest.raises(MediaError, match="not a film, or is damaged"):
        probe(real("broken_no_moov.mp4"))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("kept", [0.4, 0.8])
def test_a_film_cut_short_is_never_read_as_if_it_were_whole(tmp_path, suffix, lossless, kept):
    frames = np.random.default_rng(5).integers(0, 256, (36, 32, 32, 3), np.uint8)
    path = write(Clip(frames, noise(1, 48000), Fraction(12), 16000), tmp_path / f"film{suffix}", lossless=lossless)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(MediaError, match=r"cut short|damaged"):
        read(path)
    beginning = read(path, seconds=Fraction(1, 2))
    assert len(beginning.frames) == 6 and beginning.audio.shape == (1, 8000)


def test_wanted_streams_that_are_absent(tmp_path):
    clip = flash_and_click(Fraction(8))
    silent = write(Clip(clip.frames, None, clip.fps, 16000), tmp_path / "silent.mp4")
    dark = write(Clip(None, clip.audio, clip.fps, 16000), tmp_path / "dark.mp4")
    with pytest.raises(MediaError, match="has no sound"):
        read(silent, audio=True)
    with pytest.raises(MediaError, match="has no picture"):
        read(dark, video=True)
    with pytest.raises(MediaError, match="nothing of what was asked for"):
        read(silent, video=False)
    assert read(silent).sample_rate == 0 and read(dark).fps == 0
    assert read(silent, sample_rate=8000).sample_rate == 8000


def test_sound_that_is_not_a_number(tmp_path):
    samples = noise(1, 1600)
    samples[0, 77] = np.nan
    with pytest.raises(MediaError, match="not a number"):
        read(stamped_film(tmp_path / "nan.mkv", sound=[(0, samples)]))


def test_a_picture_that_changes_size_needs_a_size(tmp_path):
    small, large = (av.open(str(tmp_path / name), "w", format="mpegts") for name in ("a.ts", "b.ts"))
    for film, side in ((small, 32), (large, 48)):
        stream = film.add_stream("mpeg2video", rate=25, options={"g": "1"})
        stream.width = stream.height = side
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((side, side, 3), 99, np.uint8), format="rgb24")
            frame.pts = index + (4 if side == 48 else 0)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
        film.close()
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    with pytest.raises(MediaError, match=r"size=\(height, width\)"):
        read(path)
    assert read(path, size=(24, 24)).frames.shape[1:] == (24, 24, 3)


@pytest.mark.parametrize(
    "settings_",
    [{"start": -1}, {"seconds": 0}, {"fps": 0}, {"fps": -8}, {"sample_rate": 0}, {"channels": -1}, {"size": (0, 4)}],
)
def test_numbers_that_make_no_sense(tmp_path, settings_):
    path = write(flash_and_click(Fraction(8)), tmp_path / "film.mp4")
    with pytest.raises(MediaError, match=r"must be positive|begin at 0"):
        read(path, **settings_)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_film_in_memory_is_read_as_its_file_is(tmp_path, suffix):
    clip = flash_and_click(Fraction(30000, 1001), frames=211)
    path = write(clip, tmp_path / f"a{suffix}")
    stored, held = read(path, start=5.25, seconds=1), read(Held("a", path.read_bytes()), start=5.25, seconds=1)
    assert len(stored.frames) == 30
    np.testing.assert_array_equal(stored.frames, held.frames)
    np.testing.assert_array_equal(stored.audio, held.audio)
    with pytest.raises(MediaError, match=r"^shard 3, clip b is not a film"):
        read(Held("shard 3, clip b", b"no film"))


def with_noise_in_a_picture(film: Path, picture: int) -> Path:
    """The film with 16 other bytes inside one of its pictures."""
    with av.open(str(film)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data, packet = bytearray(film.read_bytes()), packets[picture]
    assert not packet.is_keyframe and packet.pos is not None
    at = packet.pos + packet.size // 2
    data[at : at + 16] = np.random.default_rng(1).bytes(16)
    film.write_bytes(data)
    return film


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_picture_that_the_decoder_had_to_make_up_is_never_passed_on(tmp_path, monkeypatch, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)  # "1": as a helping process
    rng = np.random.default_rng(5)
    texture = rng.integers(60, 190, (96, 128, 3))  # it moves; pictures of new noise alone would all be key frames
    frames = np.stack([np.roll(texture, 2 * i, 1) for i in range(48)]) + rng.integers(-8, 9, (48, 96, 128, 3))
    path = with_noise_in_a_picture(
        write(Clip(frames.astype(np.uint8), None, Fraction(16), 0), tmp_path / "film.mp4"), 30
    )
    with pytest.raises(MediaError, match=r"damaged after 1\.\d\d s"):
        read(path)
    assert len(read(path, seconds=1).frames) == 16
