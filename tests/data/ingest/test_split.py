"""Windows against films whose times are known, and against real ones."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.scan import Film, Scan, scan
from phonofilm.data.ingest.split import Scanned, Split, split
from phonofilm.data.ingest.timeline import timeline
from phonofilm.data.packed.windows import Cutting
from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.probe import probe
from phonofilm.media.write import write
from phonofilm.shapes import ClipShape
from tests.media.films import ffmpeg, noise, numbered, stamped_film


def scanned(path: Path) -> Scanned:
    (row,) = scan(Scan(silent=True), Film(path.parent, path.name))
    assert row.reason is None, row.message
    return Scanned(path, row)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """7.1 s at 30000/1001 fps, 22,050 Hz: no window begins on a picture."""
    fps, rate = Fraction(30000, 1001), 22050
    frames = np.arange(213, dtype=np.uint8)[:, None, None, None].repeat(16, 1).repeat(22, 2).repeat(3, 3)
    audio = np.zeros((1, int(213 / fps * rate)), np.float32)
    return scanned(write(Clip(frames, audio, fps, rate), tmp_path_factory.mktemp("film") / "film.mp4"))


@pytest.mark.parametrize("stride", [None, Fraction("0.7"), Fraction(3)])
def test_windows_begin_at_the_first_picture_of_their_place_and_hear_its_time(film: Scanned, stride: Fraction) -> None:
    length = Fraction(2)
    clips = split(Split(seconds=length, stride=stride, skip=Fraction("0.31")), film)
    line = timeline(film.place, film.row)
    assert film.row.video is not None
    for index, clip in enumerate(clips):
        place = Fraction("0.31") + index * (stride or length)
        picture = clip.span.first_pts * line.time_base
        assert 0 <= picture - place < 1 / film.row.video.fps + Fraction(1, 1000)
        assert abs(Fraction(clip.span.first_sample, 22050) - picture) <= Fraction(1, 2 * 22050)
        stop = clip.span.end_pts * line.time_base
        assert abs(Fraction(clip.span.first_sample + clip.span.samples, 22050) - stop) <= Fraction(1, 2 * 22050)
        if clip.reason is None:
            assert abs(stop - picture - length) <= 1 / film.row.video.fps
    assert [clip.reason for clip in clips[:-1]].count(None) >= 2
    assert clips[-1].reason is Reason.TOO_SHORT


def test_clips_that_follow_each_other_share_no_picture_and_no_sample_and_lose_none(film: Scanned) -> None:
    clips = split(Split(seconds=Fraction(1001, 1000), rest=Fraction(0)), film)
    assert not any(clip.reason for clip in clips)
    for one, other in pairwise(clips):
        assert one.span.end_pts == other.span.first_pts
        assert one.span.first_sample + one.span.samples == other.span.first_sample
    assert sum(clip.span.frames for clip in clips) == 213
    assert len({clip.clip_id for clip in clips}) == len(clips)


def packets_only(path: Path, fps: Fraction, seconds: Fraction) -> Scanned:
    """A long film that is quickly made: a picture of 16x16, a second of sound a packet."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps, options={"g": "300"})
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        for index in range(int(seconds * fps)):
            frame.pts, frame.time_base = index, 1 / fps
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for index in range(int(seconds)):
            heard = av.AudioFrame.from_ndarray(np.ones((1, 8000), np.int16), layout="mono")
            heard.pts, heard.sample_rate = index * 8000, 8000
            container.mux(audio.encode(heard))
    return scanned(path)


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
@pytest.mark.parametrize(("fps", "length"), [("30000/1001", 4), ("24000/1001", 34), ("24", "5/2")])
def test_every_clip_holds_its_whole_length_at_any_rate(tmp_path: Path, suffix: str, fps: str, length: str) -> None:
    film = packets_only(tmp_path / f"film.{suffix}", Fraction(fps), Fraction(400))
    clips = split(Split(seconds=Fraction(length)), film)
    assert film.row.video is not None
    used = [clip.span for clip in clips if clip.reason is None]
    assert len(used) in (
        400 // Fraction(length),
        400 // Fraction(length) - 1,
    )  # the last may lack part of a frame
    shape = ClipShape(Fraction(length), Fraction(24), 16, 16, 48000)
    for span in used:
        seconds = (span.end_pts - span.first_pts) * film.row.video.time_base
        assert 0 <= seconds - Fraction(length) + Fraction(1, 1000) < 1 / Fraction(fps) + Fraction(2, 1000)
        assert Cutting(shape).count(seconds, (span.samples, 8000)) == 1


def holed(path: Path, *silent: tuple[float, float]) -> Scanned:
    """Eight seconds at 10 fps, whose sound lacks these stretches."""
    blocks = [index * 800 for index in range(80) if not any(begin <= index / 10 < end for begin, end in silent)]
    grey = numbered(80, (16, 16))
    sound = [(pts, noise(1, 800)) for pts in blocks]
    return scanned(
        stamped_film(path, pictures=enumerate(grey), sound=sound, tick=Fraction(1, 10), rate=10, sample_rate=8000)
    )


def test_a_clip_whose_sound_has_a_hole_is_left_out_and_no_other(tmp_path: Path) -> None:
    film = holed(tmp_path / "film.mkv", (2.5, 4.1), (6.4, 6.5))
    clips = split(Split(seconds=Fraction(1)), film)
    lost = {index: clip.message for index, clip in enumerate(clips) if clip.reason is Reason.NO_AUDIO}
    assert lost == {2: "0.500 s of its sound are missing", 3: "1.000 s of its sound are missing"}
    assert [clip.reason for clip in clips].count(None) == 6


def test_what_lies_beside_picture_and_sound_is_left_out_with_a_reason(tmp_path: Path) -> None:
    film = holed(tmp_path / "film.mkv", (0, 2), (6, 8))
    clips = split(Split(seconds=Fraction(1)), film)
    assert [(clip.reason, clip.span.frames) for clip in clips] == [(None, 10)] * 4 + [(Reason.NO_AUDIO, 20)] * 2
    assert clips[-1].message == "2.000 s of picture have no sound beside them"
    sound = [(index * 800, noise(1, 800)) for index in range(80)]
    pictures = enumerate(numbered(30, (16, 16)), start=20)
    film = scanned(
        stamped_film(
            tmp_path / "sound.mkv", pictures=pictures, sound=sound, tick=Fraction(1, 10), rate=10, sample_rate=8000
        )
    )
    clips = split(Split(seconds=Fraction(1)), film)
    assert [(clip.reason, clip.span.samples) for clip in clips] == [
        *[(None, 8000)] * 3, (Reason.NO_VIDEO, 16000), (Reason.NO_VIDEO, 24000)
    ]  # fmt: skip
    assert len({clip.clip_id for clip in clips}) == len(clips)


def test_a_whole_film_is_one_clip(film: Scanned) -> None:
    (clip,) = split(Split(), film)
    assert clip.span.frames == 213 and clip.reason is None


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Three scenes of 31, 17 and 47 pictures at 15 fps: a texture that moves, another in each."""
    textures = np.random.default_rng(0).integers(0, 256, (3, 3, 4, 3), np.uint8).repeat(12, 1).repeat(16, 2)
    scenes = [
        np.stack([np.roll(texture, step // 4, 1) for step in range(count)])
        for texture, count in zip(textures, (31, 17, 47), strict=True)
    ]
    audio = np.zeros((1, 95 * 16_000 // 15), np.float32)
    clip = Clip(np.concatenate(scenes), audio, Fraction(15), 16_000)
    return scanned(write(clip, tmp_path_factory.mktemp("shots") / "film.mp4", lossless=True))


def test_a_scene_is_a_clip(shots: Scanned) -> None:
    clips = split(Split(scenes=True), shots)
    assert [clip.span.frames for clip in clips] == [31, 17, 47]
    assert not any(clip.reason for clip in clips)


def test_windows_begin_anew_at_each_cut_and_none_reaches_over_one(shots: Scanned) -> None:
    clips = split(Split(seconds=Fraction(1), rest=Fraction(1, 5), scenes=True), shots)
    assert [clip.span.frames for clip in clips] == [15, 15, 1, 15, 2, 15, 15, 15, 2]
    assert [clip.reason is None for clip in clips] == [True, True, False, True, False, True, True, True, False]
    assert sum(clip.span.samples for clip in clips) == 95 * 16_000 // 15
    assert "the scene has 0.067 s left here" in clips[2].message


def test_what_is_skipped_is_skipped_once(shots: Scanned) -> None:
    clips = split(Split(scenes=True, skip=Fraction(1)), shots)
    assert [clip.span.frames for clip in clips] == [16, 17, 47]


def test_a_window_in_which_no_picture_begins_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "held.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for pts in (
            0,
            2,
            4,
            6,
            8,
            10,
            12,
            46,
            48,
            50,
            52,
            54,
            56,
            58,
            60,
        ):  # of 0.1 s: the seventh lasts 3.4 s
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 4 * pts, np.uint8))
            frame.pts = pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    clips = split(Split(seconds=Fraction(1)), scanned(path))
    assert [clip.span.frames for clip in clips] == [5, 2, 0, 5, 5, 1]
    assert [clip.reason for clip in clips] == [None, None, Reason.TOO_SHORT, None, None, Reason.TOO_SHORT]
    assert clips[2].message == "no picture begins within these 1.000 s"


@pytest.mark.parametrize("stride", [Fraction(1, 40), Fraction(1, 60)])
def test_windows_closer_than_pictures_are_the_same_clip_once(film: Scanned, stride: Fraction) -> None:
    clips = split(Split(seconds=Fraction(2), stride=stride), film)
    assert len({clip.clip_id for clip in clips}) == len(clips)
    used = [clip.span.first_pts for clip in clips if clip.reason is None]
    assert used == sorted(used) and len(used) == 213 - 60 + 1  # one from each picture that two seconds follow


def cut_short(path: Path, to: Path, share: float) -> Scanned:
    """The beginning of a film, and what a scan says of it, which reads no further than its header."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return scanned(to)


@pytest.mark.parametrize("name", ["mdn_rabbit320_8s.mp4", "mdn_rabbit320_8s_vp8.webm"])
def test_a_film_cut_short_gives_no_clips_but_a_reason(name: str, clips: Path, tmp_path: Path) -> None:
    whole = scanned(clips / name)
    assert len(split(Split(seconds=Fraction(2)), whole)) == 4
    short = cut_short(whole.place, tmp_path / name, 0.6)
    for settings in (Split(seconds=Fraction(2)), Split(seconds=Fraction(1), rest=Fraction(0)), Split()):
        with pytest.raises(MediaError, match=r"is cut short at 4\.\d\d of 7\.8"):
            split(settings, short)


def test_subtitles_that_outlast_a_film_do_not_make_it_cut_short(film: Scanned, tmp_path: Path) -> None:
    words, path = tmp_path / "words.srt", tmp_path / "film.mkv"
    words.write_text("1\n00:00:01,000 --> 00:00:09,500\nhello\n")
    ffmpeg("-i", str(film.place), "-i", str(words), "-c:v", "copy", "-c:a", "copy", str(path))
    info = probe(path)
    assert info.seconds is not None and info.seconds > 9
    assert [clip.span.frames for clip in split(Split(), scanned(path))] == [213]


def test_times_of_packets_are_those_of_decoded_pictures(clips: Path) -> None:
    for path in sorted(clips.glob("*.m[op4k][v4]")):
        (row,) = scan(Scan(silent=True), Film(path.parent, path.name))
        if row.reason is not None:
            continue
        with av.open(str(path)) as container:
            decoded = sorted(frame.pts for frame in container.decode(video=0))
        assert list(timeline(path, row).shown[:-1]) == decoded, path.name
