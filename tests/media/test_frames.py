"""Pictures that are decoded roughly, to be measured: the same ones, some of them a little less smooth."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import PictureType

from phonofilm.data.ingest.stream import pictures
from phonofilm.media import frames
from phonofilm.media.frames import decoded_frames
from phonofilm.media.probe import MediaInfo, probe
from phonofilm.media.resample import Clock


def test_rough_pictures_are_the_same_ones_and_those_that_others_are_made_from_are_exact(clips: Path) -> None:
    info = probe(clips / "ducks_4s.mp4")
    exact, rough = (list(decoded_frames(info, Fraction(1, 2), rough=rough)) for rough in (False, True))
    assert [frame.pts for frame in exact] == [frame.pts for frame in rough]
    kinds: dict[str, list[bool]] = {}
    for one, other in zip(exact[:40], rough[:40], strict=True):
        pictures_of = (frame.to_ndarray(format="gray").astype(int) for frame in (one, other))
        kinds.setdefault(PictureType(one.pict_type).name, []).append(not np.subtract(*pictures_of).any())
    assert set(kinds) == {"I", "P", "B"}
    assert all(kinds["I"]) and all(kinds["P"]) and not all(kinds["B"])


def test_made_small_they_can_hardly_be_told_apart(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(clips / "ducks_4s.mp4")
    assert info.video is not None
    rough = [picture.rgb.astype(int) for picture in pictures(info, info.video, Fraction(0))]
    monkeypatch.setattr(
        "phonofilm.data.ingest.stream.decoded_frames", lambda info, since, rough: decoded_frames(info, since)
    )
    exact = [picture.rgb.astype(int) for picture in pictures(info, info.video, Fraction(0))]
    assert len(rough) == len(exact) > 100
    apart = np.array([np.abs(one - other).mean() for one, other in zip(rough, exact, strict=True)])
    assert 0 < apart.max() < 0.2, "of 255"


@pytest.mark.parametrize(("reserve", "promised"), [(0, None), (2**30, 3), (2**30, 10**9)])
def test_what_a_header_promises_decides_memory_and_nothing_else(
    reserve: int, promised: int | None, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, clock = probe(clips / "mdn_rabbit320_8s.mp4"), Clock(Fraction(1), Fraction(7))
    assert info.video is not None
    whole = frames.read_frames(info, info.video, clock, (36, 64))
    monkeypatch.setattr(frames, "RESERVE", reserve)
    monkeypatch.setattr(MediaInfo, "check_whole", lambda *_: None)
    video = replace(info.video, seconds=None if promised is None else Fraction(promised))
    assert len(whole) > 40
    assert np.array_equal(frames.read_frames(info, video, clock, (36, 64)), whole)
