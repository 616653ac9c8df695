"""``phonofilm prepare score --plugin NAME=PATH`` from films to the clips that rules keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from phonofilm.data.ingest.plugins import shipped
from phonofilm.data.ingest.pool import Limits
from phonofilm.data.ingest.workspace import Workspace
from tests.cli.conftest import Run
from tests.metrics.tiny import synchformer
from tests.plugins.films import noisy, place


class Here:
    """An engine of this process, which knows that networks are small; ``done`` are the names of its jobs."""

    done: ClassVar[list[str]] = []

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __call__(
        self, work: Callable[[Any, Any], Any], settings: Any, jobs: Mapping[str, Any], limits: Limits
    ) -> Iterator[tuple[str, Any]]:
        for name, job in jobs.items():
            yield name, work(settings, job)
            self.done.append(name)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phonofilm.data.ingest.pool.Pool", Here)


@pytest.fixture
def work(run: Run, tmp_path: Path) -> Path:
    """Two films, of 3 s and of less than the network looks at, in clips that are the films."""
    (tmp_path / "films").mkdir()
    for name, seconds in (("long", 3), ("short", 1)):
        noisy(seconds).save(tmp_path / "films" / f"{name}.mp4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phonofilm.data.ingest.pool.Pool", Here)
        run("prepare", "scan", tmp_path / "films", "-o", tmp_path / "work")
        assert run("prepare", "split", tmp_path / "work").status == 0
    Here.done.clear()
    return tmp_path / "work"


def values(work: Path) -> list[dict[str, Any]]:
    return [dict(row.values) for row in Workspace.open(work).ledger(captions=False).scores]


def test_clips_are_measured_by_weights_once_and_again_if_these_change(
    run: Run, work: Path, here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["prepare", "score", work, "--measure", "cuts", "--plugin", place("synchformer", tmp_path, monkeypatch)]
    ran = run(*command)
    assert ran.status == 0, ran.err
    assert ran.out.count("weights synchformer: MIT") == 1
    assert len(Here.done) == 2
    first = values(work)
    assert run(*command).status == 0 and len(Here.done) == 2
    synchformer.give(tmp_path, monkeypatch, seed=4)
    assert run(*command).status == 0 and len(Here.done) == 4
    assert values(work) != first and [set(row) for row in values(work)] == [set(row) for row in first]
    explained = run("prepare", "explain", work, "short.mp4").out.split("clip ")[1].split(":")[0]
    assert "synchformer.offset: none (it has less than 2 s" in run("prepare", "explain", work, explained).out
    kept = run("prepare", "filter", work, "--rule", "synchformer.confidence > 0")
    assert kept.status == 0 and "2 clips, 1 used (left out: 1 rule)" in kept.out


def test_a_run_that_was_ended_goes_on_where_it_was(
    run: Run, work: Path, here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = place("synchformer", tmp_path, monkeypatch)
    command = ["prepare", "score", work, "--measure", "cuts", "--plugin", where]
    with monkeypatch.context() as patch:
        patch.setattr("phonofilm.data.ingest.stage.Parts.keep", _keep_one())
        ended = run(*command)
        assert (ended.status, ended.err.splitlines()[-1]) == (
            130,
            "phonofilm: stopped; give the same command again to go on where it was",
        )
    assert len(Here.done) == 1
    assert run(*command).status == 0
    assert len(Here.done) == 2


def test_other_processes_find_the_plug_in_and_name_weights_that_do_not_fit(
    run: Run, work: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        where = place("synchformer", tmp_path, patch)  # here the network is small, and there of the published size
        ran = run("prepare", "score", work, "--measure", "cuts", "--plugin", where, "--workers", "1")
    assert ran.status == 2
    assert "synchformer_state_dict.pth lacks 'afeat_extractor" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_the_help_names_every_plug_in_that_ships(run: Run) -> None:
    told = run("prepare", "score", "--help").out
    assert shipped() and all(f"{name}=" in told for name in shipped())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("synchfromer=x.pth", ["'synchfromer'", "'synchformer'"]),
        ("synchformer=x.pth", ["x.pth", "No such file", "MMAudio"]),
        ("own.py", ["own.py", "write path/to/file.py:Name"]),
    ],
)
def test_mistakes_are_one_sentence(run: Run, tmp_path: Path, text: str, words: list[str]) -> None:
    ran = run("prepare", "score", tmp_path, "--plugin", text)
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1, ran.err
    assert all(word in ran.err for word in words), ran.err


def _keep_one() -> Callable[..., None]:
    """As ``Parts.keep``, which is interrupted when it has something to keep for the second time."""
    from phonofilm.data.ingest.stage import Parts

    keep, kept = Parts.keep, []

    def once(self: Any, job: str, result: Any) -> None:
        if kept:
            raise KeyboardInterrupt
        kept.append(job)
        keep(self, job, result)

    return once
