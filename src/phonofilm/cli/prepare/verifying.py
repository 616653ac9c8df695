"""``phonofilm prepare verify``: whether clips are still what was cut from their films."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.prepare.remaking import check_same
from phonofilm.cli.prepare.running import Running, running
from phonofilm.cli.prepare.stages import Work
from phonofilm.cli.progress import progress
from phonofilm.cli.sharing import given_by
from phonofilm.cli.status import TOO_BAD
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import MediaError

if TYPE_CHECKING:
    from phonofilm.data.packed.folder import Packed


class Look(str, Enum):
    """Which decoders check clips."""

    LIBRARY = "library"
    PROGRAM = "program"
    BOTH = "both"


@given_by(running, time_limit=14400)
def verify(
    work: Work,
    decoder: Annotated[Look, typer.Option(help="library (PyAV), program (imageio-ffmpeg), or both.")] = Look.LIBRARY,
    packed: Annotated[
        Path | None, typer.Option("--packed", help="Compare every byte of this packed folder with what was cut too.")
    ] = None,
    *,
    running: Running,
) -> None:
    """Decode every clip again and find it in its film: all pictures and samples there, picture and sound in time.

    Clips whose place cannot be told, being still or silent or the same everywhere, are counted as such. Ends with
    status 3 if clips are damaged or missing, in the work folder or the packed one.

    Example: phonofilm prepare verify work/ --decoder both --packed packed/
    """
    from phonofilm.data.ingest.checking import Checking, DecoderName, checking, summary
    from phonofilm.data.ingest.outcome import kept
    from phonofilm.data.ingest.rows import Failure
    from phonofilm.data.ingest.workspace import Workspace
    from phonofilm.data.packed.folder import Packed

    space = running.own(Workspace.open(work))
    films, content = kept(space), None if packed is None else Packed(packed)
    if content is not None:
        check_same(content, space, films)  # now, not after hours of decoding
    jobs = {film.seen: film for film in films if film.is_there}
    lacking = [film.row.path for film in films if not film.is_there]
    faulty = len(lacking)
    if lacking:
        named = ", ".join(lacking[:3]) + ", ..." * (len(lacking) > 3)
        typer.echo(f"clips of {counted(faulty, 'film')} are missing ({named}): run phonofilm prepare pack again")
    settings = space.cutting.settings
    for name in DecoderName if decoder is Look.BOTH else (DecoderName(decoder.value),):
        stage = checking(Checking.model_validate({"pack": settings, "decoder": name}), space.cutting.key)
        running(f"verifying with the {name.value}", space, stage, jobs)
        results = [space.parts(stage).result(job) for job in jobs]
        failed = [result for result in results if isinstance(result, Failure)]
        found = summary([row for result in results if not isinstance(result, Failure) for row in result])
        worst = "" if found.worst is None else f", the largest skew {found.worst:.2f} ms"
        typer.echo(f"{name.value}: {counted(found.clips, 'clip')}, {found.judged} could be judged{worst}")
        for clip, faults in found.faulty.items():
            typer.echo(f"  {clip}: {'; '.join(faults)}")
        for failure in failed:
            typer.echo(f"  {failure.message}")
        faulty += len(found.faulty) + len(failed)
    if content is not None and not _is_whole(content, work):
        faulty += 1
    if faulty:
        raise typer.Exit(TOO_BAD)


def _is_whole(content: Packed, work: Path) -> bool:
    """Read every member of a packed folder, and say whether each is as it was packed."""
    from phonofilm.data.packed.folder import Wanted

    wanted = [Wanted(entry.clip_id, member) for entry in content.entries() for member in entry.members]
    try:
        with progress("comparing", "files") as report:
            for done, _ in enumerate(content.files.read(wanted), start=1):
                report(done, len(wanted))
    except MediaError as error:
        typer.echo(f"phonofilm: {error}", err=True)
        return False
    typer.echo(f"{content.files.root}: {len(wanted)} files are as the index says, and the clips are those of {work}")
    return True
