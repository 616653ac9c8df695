"""A clip holds its pictures and its samples, all of them and no other, whatever the film is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from phonofilm.errors import MediaError, SettingError
from phonofilm.media import probe, read, write
from phonofilm.media.clip import Clip
from phonofilm.media.cut import Form, Piece, cut, cut_all
from phonofilm.media.decoders import Library, Program
from phonofilm.media.resample import StreamResampler, clip_window, resample_audio
from phonofilm.media.span import Span
from phonofilm.media.verify import tick_of, verify
from tests.media.cuttable import FLASHES, lively, recoded, windows
from tests.media.films import ffmpeg, noise, numbered, stamped_film

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-pix_fmt", "yuv420p")
FILMS = {
    "b-frames.mp4": (*X264, "-bf", "3", "-g", "20", "-c:a", "aac", "-b:a", "192k"),
    "open.mov": (*X264, "-bf", "3", "-x264-params", "open-gop=1:keyint=12", "-c:a", "pcm_s16le"),
    "fragments.mp4": (*X264, "-c:a", "aac", "-b:a", "192k", "-movflags", "frag_keyframe+empty_moov", "-g", "10"),
    "film.mkv": (*X264, "-c:a", "flac", "-ar", "48000"),
    "film.webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "2M", "-c:a", "libopus"),
    "film.ts": ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-c:a", "mp2", "-b:a", "256k"),
    "slow.mp4": (*X264, "-c:a", "aac", "-ar", "22050"),
    "ntsc.mp4": (*X264, "-r", "30000/1001", "-c:a", "aac", "-b:a", "192k"),
    "around.mkv": (*X264, "-c:a", "flac", "-ac", "6"),
}
BEFORE = {"late-sound.mp4": ("-itsoffset", "0.187")}
TURNED = {
    "upright": ((), (0, 1, 2, 3)),
    "left": (("-display_rotation", "90"), (1, 3, 0, 2)),
    "over": (("-display_rotation", "180"), (3, 2, 1, 0)),
    "right": (("-display_rotation", "270"), (2, 0, 3, 1)),
    "mirrored": (("-display_hflip",), (1, 0, 3, 2)),
    "mirrored left": (("-display_rotation", "90", "-display_hflip"), None),
    "mirrored over": (("-display_vflip",), (2, 3, 0, 1)),
    "mirrored right": (("-display_rotation", "270", "-display_hflip"), None),
}
"""Display matrices, and the corners of the stored picture that are then shown top left, top right, bottom left, bottom
right; ``None``: as the program shows them, which mirrors and turns in its own order."""


def flash_and_click(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times of flashes and clicks in seconds, by the program, which puts both on the file's clock."""
    info = probe(path)
    assert info.video
    assert info.audio
    seen = list(Program().pictures(info, info.video, (8, 8), info.origin, None))
    flashes = [float(one.time) for one in seen if one.grey.mean() > 200]
    runs = list(Program().sound(info, info.audio, info.origin, None))
    assert len(runs) == 1
    loud = np.flatnonzero(np.abs(runs[0].samples).max(0) > 0.5) / info.audio.sample_rate + float(runs[0].time)
    return np.array(flashes), np.array([time for before, time in pairwise([-1, *loud]) if time - before > 0.01])


@pytest.mark.parametrize("name", [*FILMS, *BEFORE])
def test_every_kind_of_film_is_cut_exactly(tmp_path, name):
    path = recoded(tmp_path, name, *FILMS.get(name, (*X264, "-c:a", "aac")), before=BEFORE.get(name, ()))
    spans = windows(path)
    assert len(spans) >= 2
    for made in cut_all(path, [Piece(span, tmp_path / f"{i}.mp4") for i, span in enumerate(spans)]):
        span = made.piece.span
        assert (made.frames, made.samples) == (span.frames, span.samples)
        for decoder in (Library(), Program()):
            verdict = verify(made.piece.path, path, span, decoder=decoder)
            assert verdict.faults == ()
            assert verdict.counts.video == span.frames
            assert verdict.skew == pytest.approx(0, abs=1e-3)
            assert verdict.times_error == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("sample_rate", [22050, 44100, 48000])
@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_flash_and_click_stay_together(tmp_path, fps, sample_rate):
    film = write(lively(fps, sample_rate=sample_rate, channels=1), tmp_path / "film.mp4")
    made = [
        made
        for number, span in enumerate(windows(film, Fraction(1, 2)))
        for made in [cut(film, span, tmp_path / f"{number}.mp4")]
    ]
    found = [flash_and_click(one.piece.path) for one in made]
    assert sum(len(flashes) for flashes, _ in found) == len(FLASHES) - (fps == 60)
    for flashes, clicks in found:
        np.testing.assert_allclose(flashes, clicks, atol=1e-3)


def test_pictures_and_samples_are_those_of_the_span(tmp_path):
    clip = lively()
    film = write(clip, tmp_path / "film.mkv", lossless=True)
    span = Span(400, 1600, 30, 17640, 52920)
    made = cut(film, span, tmp_path / "clip.mp4", Form(crf=1))
    back = read(made.piece.path)
    assert np.abs(back.frames.astype(int) - clip.frames[10:40]).mean() < 3
    np.testing.assert_allclose(back.audio, clip.audio[:, 17640 : 17640 + 52920], atol=1 / 32768)
    assert made.missing == 0


def test_times_of_a_variable_rate_are_kept(tmp_path):
    stamps = [40, 73, 110, 400, 433, 500, 501, 900]
    film = stamped_film(tmp_path / "film.mkv", pictures=zip(stamps, numbered(8), strict=True))
    cut(film, Span(73, 900, 6, 0, 0), tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as back:
        frames = [
            (frame.pts * frame.time_base, round(frame.to_ndarray(format="gray").mean() / 10)) for frame in back.decode()
        ]
        assert back.streams.video[0].duration * back.streams.video[0].time_base == Fraction(827, 1000)
    assert [time * 1000 for time, _ in frames] == [stamp - 73 for stamp in stamps[1:-1]]
    assert [number for _, number in frames] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("fps", [Fraction(8), Fraction(24), Fraction(24000, 1001), Fraction(60)])
def test_a_constant_rate_does_not_drift_and_leaves_the_sound(tmp_path, fps):
    film = write(lively(Fraction(30), frames=90), tmp_path / "film.mp4")
    (span,) = windows(film, None)
    own = cut(film, span, tmp_path / "own.mp4")
    made = cut(film, span, tmp_path / "clip.mp4", Form(fps=fps, size=(24, 24)))
    assert made.frames == round(3 * fps)
    assert made.frame_time_error <= Fraction(1, 60) + Fraction(1, 1000)
    verdict = verify(made.piece.path, film, span, Form(fps=fps, size=(24, 24)))
    assert verdict.faults == ()
    assert len(verdict.found.video.errors) >= 3
    assert probe(made.piece.path).video.fps == fps
    np.testing.assert_array_equal(read(made.piece.path, video=False).audio, read(own.piece.path, video=False).audio)


@pytest.mark.parametrize("rates", [(44100, 16000), (48000, 44100), (16000, 48000), (22050, 16000)])
def test_sound_resampled_in_pieces_is_the_film_resampled_whole(rates):
    source_rate, rate = rates
    whole = noise(2, 5 * source_rate)
    step = source_rate // np.gcd(*rates)
    first, count = 100 * step, source_rate + 12345
    window = clip_window(first, count, source_rate, rate)
    resampler = StreamResampler(2, source_rate, rate, window)
    low, high = window.source
    padded = np.pad(whole, ((0, 0), (max(-low, 0), 0)))[:, max(low, 0) : high + max(-low, 0)]
    pieces = [resampler.take(padded[:, at : at + 1009]) for at in range(0, padded.shape[1], 1009)]
    got = np.concatenate([*pieces, resampler.take(padded[:, :0], last=True)], axis=1)
    start = first * rate // source_rate
    assert got.shape[1] == round(count * rate / source_rate)
    want = resample_audio(whole, source_rate, rate)[:, start : start + got.shape[1]]
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_resampling_does_not_drift():
    source_rate, rate, seconds = 44100, 48000, 600
    resampler = StreamResampler(1, source_rate, rate, clip_window(0, seconds * source_rate, source_rate, rate))
    low, high = clip_window(0, seconds * source_rate, source_rate, rate).source
    total, last = 0, np.zeros((1, 0), np.float32)
    for at in range(low, high, 10 * source_rate):
        index = np.arange(at, min(at + 10 * source_rate, high))
        click = (index == (seconds - 1) * source_rate).astype(np.float32)[None]
        out = resampler.take(click, last=at + 10 * source_rate >= high)
        if out.size and np.abs(out).max() > 0.3:
            last = np.array([[total + int(np.argmax(np.abs(out)))]])
        total += out.shape[1]
    assert total == seconds * rate
    assert last.tolist() == [[(seconds - 1) * rate]]


def test_the_same_clip_gives_the_same_bytes_alone_and_among_others(tmp_path):
    film = write(lively(frames=100), tmp_path / "film.mp4")
    spans = windows(film)
    form = Form(size=(32, 32), sample_rate=16000, channels=1)
    overlapping = [*spans, Span(spans[0].first_pts, spans[1].end_pts, 50, 0, 2 * 44100)]
    list(cut_all(film, [Piece(span, tmp_path / f"{i}.mp4") for i, span in enumerate(overlapping)], form))
    for number, span in enumerate(overlapping):
        alone = cut(film, span, tmp_path / "alone.mp4", form, force=True)
        assert alone.piece.path.read_bytes() == (tmp_path / f"{number}.mp4").read_bytes()


def test_far_clips_are_reached_by_seeking(tmp_path):
    film = recoded(tmp_path, "long.mp4", *X264, "-bf", "3", "-c:a", "aac", before=("-stream_loop", "9"))
    spans = windows(film)
    for span in (spans[0], spans[-1]):
        cut(film, span, tmp_path / "clip.mp4", force=True)
        for decoder in (Library(), Program()):
            assert verify(tmp_path / "clip.mp4", film, span, decoder=decoder).faults == ()


def test_sound_as_aac_keeps_its_place_and_length(tmp_path):
    film = write(lively(), tmp_path / "film.mp4")
    span = windows(film)[1]
    made = cut(film, span, tmp_path / "clip.mp4", Form(compressed=True))
    with av.open(str(made.piece.path)) as back:
        assert back.streams.audio[0].codec_context.name == "aac"
    for decoder in (Library(), Program()):
        assert verify(made.piece.path, film, span, Form(compressed=True), decoder).faults == ()


def test_an_odd_size_is_padded_and_a_turned_film_upright(tmp_path):
    film = write(lively(size=(45, 63)), tmp_path / "film.mkv", lossless=True)
    made = cut(film, windows(film)[0], tmp_path / "odd.mp4")
    assert made.size == (45, 63)
    video = probe(made.piece.path).video
    assert (video.height, video.width) == (46, 64)
    turned = recoded(tmp_path, "turned.mp4", *X264, "-c:a", "aac")
    ffmpeg("-display_rotation", "90", "-i", str(turned), "-c", "copy", str(tmp_path / "rotated.mp4"))
    made = cut(tmp_path / "rotated.mp4", windows(tmp_path / "rotated.mp4")[0], tmp_path / "up.mp4")
    video = probe(made.piece.path).video
    assert (video.height, video.width, video.quarter_turns, made.size) == (64, 48, 0, (64, 48))


def corners(grey: np.ndarray) -> list[int]:
    """Which of the greys 40, 90, 140, 190 stands top left, top right, bottom left, bottom right, numbered from 0."""
    rows, columns = (np.array_split(np.arange(side), 2) for side in grey.shape)
    return [round((float(np.median(grey[np.ix_(row, column)])) - 40) / 50) for row in rows for column in columns]


@pytest.mark.parametrize("name", TURNED)
def test_a_turned_or_mirrored_film_is_cut_as_it_is_shown(tmp_path, name):
    matrix, shown = TURNED[name]
    levels = np.repeat(np.repeat(np.array([[40, 90], [140, 190]], np.uint8), 24, 0), 32, 1)
    frames = np.repeat(np.repeat(levels[None, ..., None], 3, -1), 10, 0)
    write(Clip(frames, None, Fraction(10), 0), tmp_path / "stored.mp4")
    film = tmp_path / "film.mp4"
    ffmpeg(*matrix, "-i", str(tmp_path / "stored.mp4"), "-c", "copy", str(film))
    height, width = (64, 48) if name.split()[-1] in ("left", "right") else (48, 64)
    raw = ffmpeg("-i", str(film), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    seen = corners(np.frombuffer(raw, np.uint8).reshape(height, width))
    assert sorted(seen) == [0, 1, 2, 3]
    assert shown is None or seen == list(shown)
    made = cut(film, windows(film, None)[0], tmp_path / "clip.mp4")
    assert made.size == (height, width)
    with av.open(str(made.piece.path)) as clip:
        frame = next(clip.decode(video=0))
    assert frame.rotation == 0
    assert corners(frame.to_ndarray(format="gray")) == seen
    assert corners(read(film).frames[0].mean(-1)) == seen


def test_an_odd_side_is_made_even_by_repeating_the_picture(tmp_path):
    film = write(lively(size=(45, 63)), tmp_path / "film.mkv", lossless=True)
    cut(film, windows(film)[0], tmp_path / "odd.mp4", Form(crf=1))
    with av.open(str(tmp_path / "odd.mp4")) as clip:
        pictures = [frame.to_ndarray(format="gray").astype(int) for frame in clip.decode(video=0)]
    for grey in pictures:
        assert grey.shape == (46, 64)
        assert np.abs(grey[-1] - grey[-2]).mean() < 5
        assert np.abs(grey[:, -1] - grey[:, -2]).mean() < 5


def test_a_clip_says_what_its_colours_are_as_the_film_does(tmp_path):
    def colours(path):
        with av.open(str(path)) as film:
            own = film.streams.video[0].codec_context
            return [int(part) for part in (own.color_primaries, own.color_trc, own.colorspace, own.color_range)]

    said = "setparams=color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt709:range=tv"
    film = recoded(tmp_path, "film.mp4", "-vf", said, *X264, "-c:a", "aac")
    assert colours(film) == [9, 14, 1, 1]
    cut(film, windows(film)[0], tmp_path / "clip.mp4")
    assert colours(tmp_path / "clip.mp4") == colours(film)


def test_resampling_hears_the_film_beyond_the_ends_of_a_clip_and_misses_nothing_of_it(tmp_path):
    clip = lively()
    film = write(clip, tmp_path / "film.mkv", lossless=True)
    whole = np.clip(resample_audio(clip.audio, 44100, 16000), -1, 1)
    pieces = [Piece(span, tmp_path / f"{index}.mp4") for index, span in enumerate(windows(film))]
    assert len(pieces) == 3
    for index, made in enumerate(cut_all(film, pieces, Form(sample_rate=16000))):
        assert made.missing == 0
        inner = slice(100 * (index == 0), 16000 - 100 * (index == 2))  # nothing is known beyond the film's own ends
        own = whole[:, 16000 * index : 16000 * (index + 1)]
        np.testing.assert_allclose(read(made.piece.path).audio[:, inner], own[:, inner], atol=1 / 16384)


def test_six_channels_stay_or_are_mixed(tmp_path):
    film = write(lively(channels=6), tmp_path / "film.mkv")
    span = windows(film)[0]
    assert cut(film, span, tmp_path / "six.mp4").channels == 6
    made = cut(film, span, tmp_path / "two.mp4", Form(channels=2))
    assert read(made.piece.path).audio.shape == (2, span.samples)
    want = read(film, video=False, channels=2).audio[:, : span.samples]
    np.testing.assert_allclose(read(made.piece.path).audio, want, atol=1 / 16384)


def test_sound_that_ends_a_little_early_is_silent_and_counted(tmp_path):
    clip = lively()
    film = write(replace(clip, audio=clip.audio[:, :-1000]), tmp_path / "film.mkv", lossless=True)
    span = Span(2000, 3000, 25, 88200, 44100)
    made = cut(film, span, tmp_path / "clip.mp4")
    assert (made.samples, made.missing) == (44100, 1000)
    assert not read(made.piece.path).audio[:, -1000:].any()
    film = write(replace(clip, audio=clip.audio[:, :-20000]), tmp_path / "shorter.mkv", lossless=True)
    with pytest.raises(MediaError, match="lacks 20000 of the clip's 44100 samples"):
        cut(film, span, tmp_path / "other.mp4")


def test_sound_that_is_missing_in_the_middle_is_counted_and_not_too_much(tmp_path):
    def holed(name, hole):
        parts = [(start, noise(1, 400)) for start in range(0, 24000, 400) if not 8000 <= start < 8000 + hole]
        pictures = enumerate(numbered(24, (16, 16)))
        return stamped_film(
            tmp_path / name, pictures=pictures, sound=parts, tick=Fraction(1, 8), rate=8, sample_rate=8000
        )

    span = Span(0, 3000, 24, 0, 24000)
    made = cut(holed("film.mkv", 2000), span, tmp_path / "clip.mp4")
    assert (made.samples, made.missing) == (24000, 2000)
    sound = read(made.piece.path).audio[0]
    assert not sound[8000:10000].any() and sound[7990:8000].any() and sound[10000:10010].any()
    with pytest.raises(MediaError, match="lacks 2400 of the clip's 24000 samples"):
        cut(holed("more.mkv", 2400), span, tmp_path / "other.mp4")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": 26}, "shows 25 of the 26 pictures"),
        ({"frames": 24}, "shows 25 of the 24 pictures"),
        ({"first_pts": 90000, "end_pts": 91000}, "shows 0 of the 25"),
        ({"frames": 0}, "no pictures"),
    ],
)
def test_what_the_film_does_not_hold_is_not_written(tmp_path, change, words):
    film = write(lively(), tmp_path / "film.mkv")
    span = replace(Span(1000, 2000, 25, 44100, 44100), **change)
    with pytest.raises(MediaError, match=words):
        cut(film, span, tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


def test_an_abandoned_pass_leaves_whole_files_only(tmp_path):
    film = write(lively(), tmp_path / "film.mkv")
    passing = cut_all(film, [Piece(span, tmp_path / f"{i}.mp4") for i, span in enumerate(windows(film))])
    next(passing)
    passing.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4", "film.mkv"]


def test_bad_requests_are_explained(tmp_path):
    film = write(replace(lively(), audio=None), tmp_path / "film.mkv")
    with pytest.raises(MediaError, match="has no sound"):
        cut(film, Span(0, 1000, 25, 0, 44100), tmp_path / "clip.mp4")
    (tmp_path / "there.mp4").touch()
    with pytest.raises(MediaError, match="exists already"):
        cut(film, Span(0, 1000, 25, 0, 0), tmp_path / "there.mp4")
    for wrong in ({"fps": Fraction(0)}, {"channels": 3}, {"crf": 52}, {"preset": "superfats"}, {"size": (0, 4)}):
        with pytest.raises(SettingError):
            Form(**wrong)


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(),
    reason="only Linux tells a process's own peak; ru_maxrss is inherited from the one that starts it",
)
def test_memory_does_not_grow_with_the_clip(tmp_path):
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30:d=40", "-f", "lavfi", "-i", "sine=d=40:r=48000", *X264, str(film)
    )
    script = """if True:
        import sys
        from pathlib import Path
        from phonofilm.media.cut import Span, cut
        frames = int(sys.argv[2])
        film = Path(sys.argv[1])
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on, not from the imports
        cut(film, Span(0, frames * 512, frames, 0, frames * 1600), film.with_suffix(".clip.mp4"), force=True)
        status = Path("/proc/self/status").read_text().splitlines()
        print(int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 2**10)
    """
    short, long = (
        int(subprocess.run([sys.executable, "-c", script, str(film), str(n)], capture_output=True, check=True).stdout)
        for n in (300, 1200)  # at 60 the encoder's own store of pictures is not full yet
    )
    assert long < short + 20  # 900 more pictures are 99 MiB


def test_a_sized_clip_shows_the_same_part_of_the_picture_as_a_sized_reading(tmp_path: Path) -> None:
    """240x320 covers 64x64 with 64 x 85.33: neither may be half a pixel aside."""
    grey = np.random.default_rng(0).integers(0, 256, (12, 16), np.uint8)
    picture = cv2.resize(grey, (320, 240), interpolation=cv2.INTER_CUBIC)
    frames = np.repeat(np.repeat(picture[None, ..., None], 3, -1), 5, 0)
    film = write(Clip(frames, None, Fraction(25), 0), tmp_path / "film.mp4")
    info = probe(film)
    span = Span(0, int(Fraction(5, 25) / tick_of(info)), 5, 0, 0)
    cut(film, span, tmp_path / "clip.mp4", Form(size=(64, 64)))
    one, other = (read(path, size=(64, 64)).frames[0].mean(-1) for path in (film, tmp_path / "clip.mp4"))
    (right, down), _ = cv2.phaseCorrelate(one, other)
    assert max(abs(right), abs(down)) < 0.1
