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
from phonofilm.data.ingest.split import Scanned, Split, split, timeline
from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.write import write


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
    clips = split(Split(seconds=Fraction(1), rest=Fraction(0)), film)
    assert not any(clip.reason for clip in clips)
    for one, other in pairwise(clips):
        assert one.span.end_pts == other.span.first_pts
        assert one.span.first_sample + one.span.samples == other.span.first_sample
    assert sum(clip.span.frames for clip in clips) == 213
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
        for pts in (0, 2, 4, 6, 8, 10, 12, 46, 48, 50):  # of 0.1 s each: the seventh is held for 3.4 s
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 4 * pts, np.uint8))
            frame.pts = pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    clips = split(Split(seconds=Fraction(1)), scanned(path))
    assert [clip.span.frames for clip in clips] == [5, 2, 0, 2, 1]
    assert [clip.reason for clip in clips[:4]] == [None, None, Reason.TOO_SHORT, None]
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


def test_times_of_packets_are_those_of_decoded_pictures(clips: Path) -> None:
    for path in sorted(clips.glob("*.m[op4k][v4]")):
        (row,) = scan(Scan(silent=True), Film(path.parent, path.name))
        if row.reason is not None:
            continue
        with av.open(str(path)) as container:
            decoded = sorted(frame.pts for frame in container.decode(video=0))
        assert list(timeline(path, row).shown[:-1]) == decoded, path.name
