"""What all verbs that run a stage have in common: options, the engine, the count of what was left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonofilm.cli.progress import progress
from phonofilm.cli.status import TOO_BAD
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import SettingError

if TYPE_CHECKING:
    from phonofilm.data.ingest.engine import Engine
    from phonofilm.data.ingest.ledger import Ledger
    from phonofilm.data.ingest.pool import Limits
    from phonofilm.data.ingest.scan import Scan
    from phonofilm.data.ingest.stage import Shard, Stage
    from phonofilm.data.ingest.workspace import Workspace

BARE = "without a clip that is used"
"""What is said of films that are good for nothing though nothing is wrong with them."""

Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one for each core.")]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Work on a Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT.",
    ),
]
ShardOf = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Do this share of the films only, as job I of an array of N.")
]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Try films again that had a fault.")]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", min=1, help="Seconds that a film may take; larger ones, for each GiB or 500 clips."),
]
MemoryLimit = Annotated[float, typer.Option("--memory-limit", min=0.25, help="GiB that one film may take.")]
MaxBad = Annotated[
    float, typer.Option("--max-bad", min=0, max=1, help="Share of bad films that is borne; above, status 3.")
]


@dataclass(frozen=True)
class Engines:
    """Where films are worked on.

    Attributes:
        workers: processes; 0: one for each core.
        cluster: on the Ray cluster that this process has joined, not on this machine.
        limits: of each film.
    """

    workers: int
    cluster: bool
    limits: Limits

    def engine(self, films: Path, work: Path) -> Engine:
        """What runs jobs that read and write these folders."""
        if self.cluster:
            from phonofilm.data.ingest.cluster import Cluster

            return Cluster(self.workers, films, work)
        from phonofilm.data.ingest.pool import Pool

        return Pool(self.workers or os.cpu_count() or 1)


@contextmanager
def engines(
    workers: Workers = 0, ray: Ray = None, time_limit: TimeLimit = 3600, memory_limit: MemoryLimit = 4
) -> Iterator[Engines]:
    """The options of all verbs that decode; in the block, the cluster that they name has been joined."""
    from phonofilm.data.ingest.joining import joined
    from phonofilm.data.ingest.pool import Limits

    with nullcontext() if ray is None else joined(ray, workers):
        yield Engines(workers, ray is not None, Limits(time_limit, int(memory_limit * 2**30)))


@dataclass(frozen=True)
class Running:
    """How a stage is run.

    Attributes:
        engines: where.
        share: of the films, as one job of an array takes it.
        retry: films again that had a fault.
        held: what ends with the run, such as its lock.
    """

    engines: Engines
    share: Shard
    retry: bool
    held: ExitStack

    def begin(self, folder: Path, films: Path, settings: Scan) -> Workspace:
        """A work folder, new or there, for these films, see :meth:`own`; none is made for films that it cannot have."""
        from phonofilm.data.ingest.ownership import check_place
        from phonofilm.data.ingest.scan import check_places
        from phonofilm.data.ingest.workspace import OWN, Workspace

        check_places(films, folder)
        check_place(folder, OWN)
        self._hold(folder)
        return replace(Workspace.begin(folder, films, settings), share=self.share)

    def own(self, space: Workspace) -> Workspace:
        """The same with this run's share of the films only, on which from now on no other run works.

        Raises:
            SettingError: if one does already. Nothing was written then, if the plan is changed after this.
        """
        self._hold(space.folder)
        return replace(space, share=self.share)

    def _hold(self, folder: Path) -> None:
        from phonofilm.data.ingest.locking import at_work

        self.held.enter_context(at_work(folder, self.share))

    def __call__(self, what: str, space: Workspace, stage: Stage[Any], jobs: Mapping[str, Any]) -> None:
        """Make what is missing, with progress; a film that fails is recorded with its reason."""
        from phonofilm.data.ingest.engine import run

        with progress(what, "films") as report:
            run(
                space.parts(stage),
                jobs,
                self.engines.engine(space.films, space.folder),
                self.engines.limits,
                retry=self.retry,
                progress=report,
            )


@contextmanager
def running(
    workers: Workers = 0,
    ray: Ray = None,
    shard: ShardOf = "0/1",
    retry: Retry = False,
    time_limit: TimeLimit = 3600,
    memory_limit: MemoryLimit = 4,
) -> Iterator[Running]:
    """The options of all verbs that run a stage, see :func:`engines`."""
    share = shard_of(shard)  # now, not after a cluster was joined or something written
    with engines(workers, ray, time_limit, memory_limit) as where, ExitStack() as held:
        yield Running(where, share, retry, held)


def shard_of(text: str) -> Shard:
    """The share that ``"2/16"`` names.

    Raises:
        SettingError: if it is not of that form.
    """
    from phonofilm.data.ingest.stage import Shard

    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise SettingError(f"--shard {text} is not I/N with I from 0 to N - 1: write --shard 0/16 for the first of 16")
    return Shard(int(index), int(count))


def account(space: Workspace, ledger: Ledger, allowed: float = 1.0) -> None:
    """Say how many films and clips are used, and how many are not for which reason; then judge the films.

    Args:
        space: whose.
        ledger: what its stages said.
        allowed: part of the films that may be bad; a share of few films is not judged.

    Raises:
        typer.Exit: with status 3 if more are bad.
    """
    share = "" if space.share.is_all else f", share {space.share}"
    typer.echo(f"{space.folder}{share}: {of_all(ledger)}")
    bad = [row.path for row, fate in ledger.lost if fate.reason.is_fault]
    if space.share.is_all and len(bad) > allowed * len(ledger.sources):
        named = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
        typer.echo(
            f"phonofilm: {len(bad)} of {len(ledger.sources)} films are bad ({named}), more than --max-bad {allowed:g}: "
            f"see phonofilm prepare report {space.folder}, then mend or remove them, or raise it",
            err=True,
        )
        raise typer.Exit(TOO_BAD)


def tell_others(films: Path) -> None:
    """Say which files of a folder of films were taken for none by their endings."""
    from phonofilm.data.ingest.scan import others

    names = others(films)
    if names:
        some = ", ".join(ascii(name)[1:-1] for name in names[:3]) + (", ..." if len(names) > 3 else "")
        endings = sorted({PurePath(name).suffix or "none" for name in names[:3]})
        typer.echo(
            f"{counted(len(names), 'other file')} in {films} not looked at for {'its' if len(names) == 1 else 'their'} "
            f"ending ({', '.join(endings)}): {some}"
        )


def of_all(ledger: Ledger) -> str:
    """How many films and clips are used, and how many are not for which reason."""
    lost = [fate.reason.value for _, fate in ledger.lost]
    said = _used("film", len(ledger.sources), [*lost, *len(ledger.bare) * [BARE]])
    if ledger.clips:
        said += f"; {_used('clip', len(ledger.clips), [fate.reason.value for fate in ledger.fates.values()])}"
    return said


def warn(problems: Iterable[str]) -> None:
    """Say what is not as it should be, a line each."""
    for problem in problems:
        typer.echo(f"phonofilm: warning: {problem}", err=True)


def _used(noun: str, count: int, left_out: Sequence[str]) -> str:
    why = ", ".join(f"{number} {reason}" for reason, number in Counter(left_out).most_common())
    return f"{counted(count, noun)}, {count - len(left_out)} used" + (f" (left out: {why})" if why else "")
