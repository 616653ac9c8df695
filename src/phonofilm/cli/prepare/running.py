"""What all verbs that run a stage have in common: options, the engine, the count of what was left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phonofilm.cli.progress import progress
from phonofilm.errors import SettingError

if TYPE_CHECKING:
    from phonofilm.data.ingest.reasons import Reason
    from phonofilm.data.ingest.stage import Shard, Stage
    from phonofilm.data.ingest.workspace import Workspace

TOO_BAD = 3
"""Exit status where more films are bad than were allowed."""

Workers = Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one for each core.")]
ShardOf = Annotated[str, typer.Option("--shard", metavar="I/N", help="Do this share only, as job I of an array of N.")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Try films again that took too long or crashed.")]
TimeLimit = Annotated[float, typer.Option("--time-limit", min=1, help="Seconds that one film may take.")]
MemoryLimit = Annotated[float, typer.Option("--memory-limit", min=0.25, help="GiB that one film may take.")]
MaxBad = Annotated[
    float, typer.Option("--max-bad", min=0, max=1, help="Share of bad films that is borne; above, status 3.")
]


@dataclass(frozen=True)
class Running:
    """How a stage is run.

    Attributes:
        workers, shard, retry, time_limit, memory_limit: see the options.
    """

    workers: int
    shard: str
    retry: bool
    time_limit: float
    memory_limit: float

    def __call__(self, what: str, space: Workspace, stage: Stage[Any], jobs: Mapping[str, Any]) -> bool:
        """Make what is missing, with progress; a film that fails is recorded with its reason.

        Returns:
            Whether all is there now; where it is not, other jobs of the array are at it, and this is said.
        """
        from phonofilm.data.ingest.engine import run
        from phonofilm.data.ingest.pool import Limits, Pool

        share = shard_of(self.shard)
        with progress(what, "films") as report:
            run(
                space.parts(stage, share),
                jobs,
                Pool(self.workers or os.cpu_count() or 1),
                Limits(self.time_limit, int(self.memory_limit * 2**30)),
                shard=share,
                retry=lambda failure: self.retry and failure.reason.may_pass,
                progress=report,
            )
        missing = len(space.parts(stage).missing(jobs))
        if missing:
            typer.echo(f"{space.folder}: share {self.shard} is done; {missing} of {len(jobs)} films are still missing")
        return not missing


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


def left_out(reasons: Iterable[Reason | None]) -> str:
    """How many are used, and how many are not for which reason."""
    counts = Counter(reasons)
    used = counts.pop(None, 0)
    why = ", ".join(f"{count} {reason.value}" for reason, count in counts.most_common() if reason is not None)
    return f"{used} used" + (f"; left out: {why}" if why else "")


def check_bad(reasons: Sequence[Reason | None], allowed: float) -> None:
    """End with status 3 if too many films are bad.

    Raises:
        typer.Exit: if they are.
    """
    bad = sum(reason is not None and reason.is_fault for reason in reasons)
    if bad > allowed * len(reasons):
        typer.echo(
            f"phonofilm: {bad} of {len(reasons)} films are bad, more than --max-bad {allowed:g}: "
            "mend or remove them, or raise it",
            err=True,
        )
        raise typer.Exit(TOO_BAD)
