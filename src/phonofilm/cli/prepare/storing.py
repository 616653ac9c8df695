"""``phonofilm prepare pack``, ``verify``, ``encode`` and ``publish``: clips as files, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.parse import fraction
from phonofilm.cli.prepare.running import MaxBad, Running, account, running, shard_of
from phonofilm.cli.prepare.stages import Work
from phonofilm.cli.progress import progress
from phonofilm.cli.sharing import given_by
from phonofilm.errors import MediaError, SettingError

if TYPE_CHECKING:
    from phonofilm.data.ingest.cutting import Kept
    from phonofilm.data.ingest.workspace import Workspace

Packed = Annotated[Path, typer.Argument(metavar="PACKED", help="Folder that phonofilm prepare pack made.")]


class Look(str, Enum):
    """Which decoders check clips."""

    LIBRARY = "library"
    PROGRAM = "program"
    BOTH = "both"


@given_by(running, time_limit=14400)
def pack(
    work: Work,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of shards and index.")],
    fps: Annotated[str | None, typer.Option(help="Frames a second; without it pictures keep their times.")] = None,
    size: Annotated[str | None, typer.Option(metavar="HxW", help="Scaled to cover this and cut, e.g. 256x256.")] = None,
    sample_rate: Annotated[int | None, typer.Option(min=8000, help="Samples a second (the film's).")] = None,
    channels: Annotated[int | None, typer.Option(min=1, max=2, help="Mix the sound to 1 or 2 (the film's).")] = None,
    crf: Annotated[int, typer.Option(min=0, max=51, help="Quality of the pictures; less is better.")] = 18,
    aac: Annotated[bool, typer.Option("--aac", help="Sound as AAC instead of FLAC.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Plain files instead of WebDataset shards.")] = False,
    shard_mb: Annotated[int, typer.Option(min=1, help="MiB of films that a shard holds at most.")] = 512,
    force: Annotated[bool, typer.Option("--force", help="Replace a packed folder.")] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Cut the clips that are used and pack them: MP4 with exact times, and a Parquet index that says where each lies.

    Each film is decoded once. The order of the clips in the shards is mixed, and depends on nothing but their names:
    the bytes are the same however often the run was stopped and however many processes it had.

    Examples:
    phonofilm prepare pack work/ -o packed/

    phonofilm prepare pack work/ -o packed/ --fps 8 --size 256x256 --sample-rate 16000 --channels 1
    """
    from phonofilm.data.ingest.recipe import Pack, checked
    from phonofilm.data.ingest.workspace import Workspace

    given = {
        "fps": fraction(fps, "--fps"),
        "size": None if size is None else _size(size),
        "sample_rate": sample_rate,
        "channels": channels,
        "crf": crf,
        "compressed": aac,
        "layout": "files" if files else "wds",
        "shard_bytes": shard_mb << 20,
    }
    settings = checked(Pack, given, "phonofilm prepare pack")
    opened = Workspace.open(work)
    force = replaces(work, output, force=force)
    space = running.own(opened).with_plan(pack=settings)
    packed(space, running, output, force=force, max_bad=max_bad)


def replaces(work: Path, output: Path, *, force: bool) -> bool:
    """Whether a packed folder may be replaced, asked before hours of work: by ``--force``, or being this one's own.

    Raises:
        MediaError: if there is one, and it may not.
    """
    from phonofilm.data.ingest.ownership import is_own
    from phonofilm.data.packed.rows import INDEX
    from phonofilm.media.atomic import check_target

    force = force or is_own(work, output)
    check_target(output / INDEX, force=force, new_folder=True)
    return force


def packed(space: Workspace, running: Running, output: Path, *, force: bool, max_bad: float) -> bool:
    """Cut, and pack unless the clips are a share's; whether they are packed."""
    from phonofilm.data.ingest.ownership import note
    from phonofilm.data.ingest.rows import Failure
    from phonofilm.data.packed.shards import pack as write

    ledger = space.ledger()
    if space.share.is_all and not ledger.used:
        raise SettingError(f"{space.folder} has no clip that is used: see phonofilm prepare stats {space.folder}")
    films = space.to_cut(ledger)
    parts = space.parts(space.cutting)
    made = films.keys() - set(parts.missing(films))
    parts.forget(job for job in made if not isinstance(parts.result(job), Failure) and not films[job].is_there)
    running("cutting", space, space.cutting, films)
    if not space.share.is_all:
        account(space, space.after_cutting(ledger))
        typer.echo(f"share {space.share} is cut: when all are, give the command without --shard, which packs them")
        return False
    plan = space.plan.pack
    assert plan is not None
    with progress("packing", "clips") as report:
        count = write(
            space.samples(ledger),
            output,
            sources=[row for row in ledger.sources if row.reason is None],
            layout=plan.layout,
            shard_bytes=plan.shard_bytes,
            force=force,
            progress=lambda done: report(done, len(ledger.used)),
            appears=lambda digest: note(space.folder, output, digest),
        )
    typer.echo(f"{output}: {count} clips")
    account(space, space.after_cutting(ledger), max_bad)
    return True


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
    status 3 if a clip has a fault.

    Example: phonofilm prepare verify work/ --decoder both --packed packed/
    """
    from phonofilm.data.ingest.checking import Checking, DecoderName, checking, summary
    from phonofilm.data.ingest.rows import Failure
    from phonofilm.data.ingest.workspace import Workspace

    space = running.own(Workspace.open(work))
    jobs = _whole(space)
    settings = space.cutting.settings
    faulty = 0
    for name in DecoderName if decoder is Look.BOTH else (DecoderName(decoder.value),):
        stage = checking(Checking.model_validate({"pack": settings, "decoder": name}), space.cutting.key)
        running(f"verifying with the {name.value}", space, stage, jobs)
        results = [space.parts(stage).result(job) for job in jobs]
        failed = [result for result in results if isinstance(result, Failure)]
        found = summary([row for result in results if not isinstance(result, Failure) for row in result])
        worst = "" if found.worst is None else f", the largest skew {found.worst:.2f} ms"
        typer.echo(f"{name.value}: {found.clips} clips, {found.judged} could be judged{worst}")
        for clip, faults in found.faulty.items():
            typer.echo(f"  {clip}: {'; '.join(faults)}")
        for failure in failed:
            typer.echo(f"  {failure.message}")
        faulty += len(found.faulty) + len(failed)
    if packed is not None:
        count = _compared(packed, space, jobs.values())
        typer.echo(f"{packed}: {count} files are as the index says, and the clips are those of {work}")
    if faulty:
        raise typer.Exit(3)


def _whole(space: Workspace) -> dict[str, Kept]:
    """The films that were cut, by names that change with the files of their clips.

    Raises:
        MediaError: if such a file is missing.
    """
    ledger = space.ledger()
    lost = {source for stage, source in space.after_cutting(ledger).failures if stage == space.cutting.name}
    films = [film for film in space.to_cut(ledger).values() if film.row.source_id not in lost]
    for film in films:
        if not film.is_there:
            raise MediaError(f"{film.folder} lacks clips: run phonofilm prepare pack again, which mends it")
    return {film.seen: film for film in films}


def _compared(folder: Path, space: Workspace, films: Iterable[Kept]) -> int:
    """Hold a packed folder against the clips that were cut, and read every member of it.

    Raises:
        MediaError: if it holds others, or fewer or more, or one is not as it was packed.
    """
    from phonofilm.data.packed.folder import Packed, Wanted
    from phonofilm.data.packed.rows import FILM

    content = Packed(folder)
    entries = content.entries()
    cut = {row.clip.clip_id: row.sha256 for _, row in space.cut_rows(films)}
    found = {entry.clip_id: entry.wanted(FILM).member.sha256 for entry in entries}
    judged = cut.keys() | found.keys() if space.share.is_all else cut.keys()
    others = sorted(name for name in judged if found.get(name) != cut.get(name))
    if others:
        raise MediaError(
            f"{len(others)} clips, {others[0]} the first of them, are not the same in {folder} and {space.folder}: "
            f"run phonofilm prepare pack {space.folder} -o {folder} --force"
        )
    wanted = [Wanted(entry.clip_id, member) for entry in entries for member in entry.members]
    with progress("comparing", "files") as report:
        for done, _ in enumerate(content.files.read(wanted), start=1):
            report(done, len(wanted))
    return len(wanted)


def encode(
    packed: Packed,
    model: Annotated[str, typer.Option(help="Whose codec: a name from `phonofilm models`, or a folder.")] = "svg-tiny",
    leave_short: Annotated[bool, typer.Option("--leave-short", help="Leave out clips shorter than a window.")] = False,
    bf16: Annotated[bool, typer.Option("--bf16", help="Store latents in 16 bits.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Windows encoded together.")] = 8,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Encode this share of the shards only, as job I of an array of N.")
    ] = "0/1",
) -> None:
    """Encode the windows of packed clips to latents, beside the clips; training then takes these.

    A run that was stopped continues with the shard where it was. After the jobs of an array, give the command once
    without --shard: it finds their shards, encodes what is missing and writes the index.

    Examples:
    phonofilm prepare encode packed/ --model svg-tiny

    phonofilm prepare encode packed/ --model svg-tiny --device cuda --shard 3/16
    """
    from phonofilm.data.packed.encode import encode as make
    from phonofilm.data.packed.folder import Packed
    from phonofilm.data.packed.latent_shards import Number
    from phonofilm.data.packed.windows import ClipWindows, Cutting
    from phonofilm.models import load
    from phonofilm.pipelines.device import pick

    share = shard_of(shard)
    loaded = load(model).to(pick(device))
    windows = ClipWindows(Packed(packed), Cutting(loaded.shape), leave_short=leave_short)
    number = Number.BFLOAT16 if bf16 else Number.FLOAT32
    with progress("encoding", "shards") as report:
        folder = make(windows, loaded.codec, number, batch=batch, share=share, progress=report)
    if not share.is_all:
        typer.echo(f"share {share} is encoded: when all are, give the command without --shard, which writes the index")
        return
    short = " leave_short=true" if leave_short else ""
    typer.echo(f"{folder}: {len(windows.clip)} windows; train with phonofilm train {model} latents={packed}{short}")


def publish(
    packed: Packed,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the hub.")],
    card: Annotated[
        Path, typer.Option(help="YAML with title, licence, description, origins (name, licence, url), languages, tags.")
    ],
    work: Annotated[Path | None, typer.Option(help="Work folder, to say what was left out and why.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Make a data set folder for the Hugging Face hub, with a card; refused while a licence is not stated.

    Example: phonofilm prepare publish packed/ -o hub/ --card card.yaml --work work/
    """
    import yaml

    from phonofilm.data.ingest.card import Card
    from phonofilm.data.ingest.outcome import outcome
    from phonofilm.data.ingest.publish import publish as write
    from phonofilm.data.ingest.recipe import checked
    from phonofilm.data.ingest.stats import stats
    from phonofilm.data.ingest.workspace import Workspace

    if not card.exists():
        raise MediaError(f"{card} is not there: write it as in docs/prepare.md, with at least title and licence")
    try:
        values = yaml.safe_load(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MediaError(f"{card} cannot be read as YAML ({' '.join(str(error).split())}): mend it") from error
    numbers = None if work is None else stats(outcome(Workspace.open(work)))
    typer.echo(write(packed, output, checked(Card, values, str(card)), numbers, force=force))


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise SettingError(f"--size {text} is not HEIGHTxWIDTH: write for example 256x256")
    return int(height), int(width)
