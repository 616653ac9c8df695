"""``phonofilm prepare scan`` and the verbs that follow it in one work folder."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.parse import fraction, number
from phonofilm.cli.prepare.running import (
    MaxBad,
    MemoryLimit,
    Retry,
    Running,
    ShardOf,
    TimeLimit,
    Workers,
    check_bad,
    left_out,
)

Work = Annotated[Path, typer.Argument(metavar="WORK", help="Folder that phonofilm prepare scan made.")]


def scan(
    films: Annotated[Path, typer.Argument(metavar="FILMS", help="Folder of films; those below it count too.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Work folder for this and the following verbs.")],
    silent: Annotated[bool, typer.Option("--silent", help="Use films without sound too.")] = False,
    workers: Workers = 0,
    shard: ShardOf = "0/1",
    retry: Retry = False,
    time_limit: TimeLimit = 600,
    memory_limit: MemoryLimit = 4,
    max_bad: MaxBad = 0.05,
) -> None:
    """Look at every film: what it is, whether it can be used, and if not, why.

    Bytes are hashed, headers and first frames are read. Films with the same bytes are used once. An interrupted run
    continues where it was when the command is given again; films that were added or changed are looked at then.

    Example: phonofilm prepare scan ~/films -o work/
    """
    from phonofilm.data.ingest.scan import Scan
    from phonofilm.data.ingest.workspace import Workspace

    running = Running(workers, shard, retry, time_limit, memory_limit)
    space = Workspace.begin(output, films, Scan(silent=silent))
    if not running("scanning", space, space.scanning, space.films()):
        return
    reasons = [row.reason for row in space.sources()]
    typer.echo(f"{output}: {len(reasons)} films, {left_out(reasons)}")
    check_bad(reasons, max_bad)


def split(
    work: Work,
    seconds: Annotated[str | None, typer.Option(help="Length of a clip; without it each film is one clip.")] = None,
    stride: Annotated[
        str | None, typer.Option(help="Seconds from one clip's beginning to the next one's (the length).")
    ] = None,
    skip: Annotated[str, typer.Option(help="Seconds left out at the beginning of each film.")] = "0",
    rest: Annotated[str | None, typer.Option(help="Keep a shorter last clip if it has this many seconds.")] = None,
    workers: Workers = 0,
    shard: ShardOf = "0/1",
    retry: Retry = False,
    time_limit: TimeLimit = 600,
    memory_limit: MemoryLimit = 4,
    max_bad: MaxBad = 0.05,
) -> None:
    """Find the clips of every film: windows that begin at a picture, with sound by the sample. Nothing is decoded.

    Lengths may be decimals or fractions (4, 2.5, 1001/30000).

    Example: phonofilm prepare split work/ --seconds 34 --skip 10
    """
    from phonofilm.data.ingest.rows import Failure
    from phonofilm.data.ingest.split import Split
    from phonofilm.data.ingest.workspace import Workspace

    length, step, least = fraction(seconds, "--seconds"), fraction(stride, "--stride"), fraction(rest, "--rest")
    settings = Split(seconds=length, stride=step, skip=Fraction(number(skip, "--skip")), rest=least)
    space = Workspace.open(work).with_plan(split=settings)
    running = Running(workers, shard, retry, time_limit, memory_limit)
    if not running("splitting", space, space.splitting, space.scanned()):
        return
    found = space.clips().values()
    failures = [result.reason if isinstance(result, Failure) else None for result in found]
    clips = [clip.reason for result in found if not isinstance(result, Failure) for clip in result]
    typer.echo(f"{work}: {len(failures)} films, {left_out(failures)}; {len(clips)} clips, {left_out(clips)}")
    check_bad(failures, max_bad)
