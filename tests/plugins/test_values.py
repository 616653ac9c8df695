"""What plug-ins that ship measure is what the metrics measure of the same clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonofilm.media.clip import Clip
from phonofilm.media.read import read
from phonofilm.metrics import Given, Subject, find
from phonofilm.metrics._features.synchformer import Offsets
from phonofilm.metrics.desync_synchformer import DeSyncSynchformer
from tests.plugins.films import film, noisy, place, scored


def test_the_offset_is_the_metrics_with_the_sign_of_late_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, path = place("synchformer", tmp_path, monkeypatch).split("=")
    metric = DeSyncSynchformer.of(Given(weights={name: path}))
    source = film(tmp_path / "film.mp4", noisy(3, side=256))
    (row,) = scored(source, f"{name}={path}")
    subject = Subject("the same", read(source.place))
    assert isinstance(metric.offsets, Offsets)
    (early,) = subject.read(metric.offsets)["offset"]
    assert early != 0
    assert row.values["synchformer.offset"] == pytest.approx(-early)
    assert abs(early) == pytest.approx(metric.measure(subject).number)
    segments = subject.read(metric.offsets.segments)
    sure = float(metric.offsets.logits(segments, [0, 1, 2]).softmax(0)[round((early + 2) / 0.2)])
    assert row.values["synchformer.confidence"] == pytest.approx(sure, abs=1e-5)
    assert 1 / 21 < sure < 1


def test_the_clip_is_judged_by_itself_and_by_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    long = film(tmp_path / "long.mp4", noisy(6, side=256), seconds=3)
    first, second = scored(long, where)
    whole = read(long.place)
    assert whole.frames is not None and whole.audio is not None
    alone = Clip(whole.frames[75:], whole.audio[:, 48_000:], whole.fps, whole.sample_rate)
    (row,) = scored(film(tmp_path / "alone.mp4", alone), where)
    assert row.values["synchformer.confidence"] == pytest.approx(second.values["synchformer.confidence"], abs=1e-5)
    assert row.values["synchformer.confidence"] != pytest.approx(first.values["synchformer.confidence"], abs=1e-3)


def test_clips_that_are_too_short_have_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    monkeypatch.setattr("phonofilm.metrics.desync_synchformer.SECONDS", 3)
    long, short = scored(film(tmp_path / "film.mp4", noisy(5), seconds=3, rest=2), where)
    assert long.why == {} and long.values["synchformer.offset"] is not None
    assert short.values["synchformer.offset"] is None and short.values["cuts"] is not None
    assert set(short.why.values()) == {"it has less than 3 s of picture and sound"}


def test_similarity_is_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, path = place("imagebind", tmp_path, monkeypatch).split("=")
    metric = find("imagebind-audio-video", Given(weights={name: path}))
    for seed in range(2):
        source = film(tmp_path / f"{seed}.mp4", noisy(3, seed=seed))
        (row,) = scored(source, f"{name}={path}")
        both = metric.measure(Subject("the same", read(source.place)))
        assert row.values["imagebind.similarity"] == pytest.approx(metric.agree(both.one, both.other), abs=1e-6)
