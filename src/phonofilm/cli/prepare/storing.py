"""``phonofilm prepare pack`` and ``encode``: clips as files, and latents of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.parse import fraction
from phonofilm.cli.prepare.running import MaxBad, Running, account, of_all, running, shard_of, warn
from phonofilm.cli.prepare.stages import Work
from phonofilm.cli.progress import progress
from phonofilm.cli.sharing import given_by
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import MediaError, SettingError

if TYPE_CHECKING:
    from phonofilm.data.ingest.ledger import Ledger
    from phonofilm.data.ingest.plan import Plan
    from phonofilm.data.ingest.workspace import Workspace

Packed = Annotated[Path, typer.Argument(metavar="PACKED", help="Folder that phonofilm prepare pack made.")]


@given_by(running, time_limit=14400)
def pack(
    work: Work,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of shards and index.")],
    fps: Annotated[str | None, typer.Option(help="Frames a second; without it pictures keep their times.")] = None,
    size: Annotated[str | None, typer.Option(metavar="HxW", help="Scaled to cover this and cut, e.g. 256x256.")] = None,
    sample_rate: Annotated[int | None, typer.Option(min=8000, help="Samples a second (the film's).")] = None,
    channels: Annotated[int | None, typer.Option(min=1, max=2, help="Mix the sound to 1 or 2 (the film's).")] = None,
    crf: Annotated[
        int | None, typer.Option(min=0, max=51, help="Quality of the pictures by x264's scale; less is better (20).")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="x264's effort, ultrafast to veryslow: slower makes smaller files (superfast).")
    ] = None,
    aac: Annotated[bool, typer.Option("--aac", help="Sound as AAC instead of FLAC.")] = False,
    splits: Annotated[
        str | None,
        typer.Option(metavar="SHARES", help="Divide the films, e.g. train=0.9,validation=0.05,test=0.05."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw of --splits.")] = 0,
    video: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="For --splits: regular expression whose group ( ) is the video that a file is a piece of; pieces of "
            "one stay together.",
        ),
    ] = "",
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

    phonofilm prepare pack work/ -o packed/ --splits train=0.9,test=0.1 --video "(.*)_chunk"
    """
    from phonofilm.data.ingest.recipe import Pack
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.workspace import Workspace

    given = {
        "fps": fraction(fps, "--fps"),
        "size": size,
        "sample_rate": sample_rate,
        "channels": channels,
        "compressed": aac,
        "layout": "files" if files else "wds",
        "shard_bytes": shard_mb << 20,
        **{name: value for name, value in (("crf", crf), ("preset", preset)) if value is not None},
    }
    plan = {"pack": checked(Pack, given, "phonofilm prepare pack"), **_splits(splits, seed, video)}
    opened = Workspace.open(work)
    force = replaces(work, output, opened.plan.model_copy(update=plan), force=force)
    space = running.own(opened).with_plan(**plan)
    packed(space, running, output, force=force, max_bad=max_bad)


def _splits(told: str | None, seed: int, video: str) -> dict[str, object]:
    """What ``train=0.9,test=0.1`` makes of a plan: nothing if no splits are told, so that those there are stay.

    Raises:
        SettingError: if they are not such shares, or how they are drawn is told without them.
    """
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.subsets import Shares

    if told is None:
        if seed or video:
            raise SettingError(
                "--seed and --video are of the splits: add --splits train=0.9,test=0.1, or leave them out"
            )
        return {}
    parts = [part.partition("=") for part in told.split(",")]
    if not all(share for _, _, share in parts) or len({name for name, _, _ in parts}) < len(parts):
        raise SettingError(f"--splits {told} are no shares: write for example train=0.9,validation=0.05,test=0.05")
    given = {"seed": seed, "video": video, "shares": {name.strip(): share for name, _, share in parts}}
    return {"splits": checked(Shares, given, "phonofilm prepare pack --splits")}


def replaces(work: Path, output: Path, plan: Plan, *, force: bool) -> bool:
    """Whether a packed folder may be replaced, asked before hours of work.

    It may by ``--force``, or if it is this work folder's own and comes of the same settings.

    Raises:
        MediaError: if there is one, and it may not; or if the folder is no packed folder and holds things, or lies
            among the films.
    """
    from phonofilm.data.ingest.ownership import check_outside, check_place, is_own, other_settings
    from phonofilm.data.ingest.publish import is_published
    from phonofilm.data.packed.rows import INDEX, OWN
    from phonofilm.media.atomic import check_target

    check_outside(output, Path(plan.films), "packed")
    check_place(output, OWN)
    if is_published(output):
        raise MediaError(f"{output} was made by phonofilm prepare publish: name another folder with -o")
    if not force and is_own(work, output):
        if changes := other_settings(work, output, plan.deciding):
            raise MediaError(
                f"{output} was made with other settings ({', '.join(changes)}): "
                "choose another folder with -o, or replace it with --force"
            )
        force = True
    check_target(output / INDEX, force=force, new_folder=True)
    return force


def packed(space: Workspace, running: Running, output: Path, *, force: bool, max_bad: float) -> bool:
    """Cut, and pack unless the clips are a share's; whether they are packed."""
    from phonofilm.data.ingest.ownership import note
    from phonofilm.data.ingest.rows import Failure
    from phonofilm.data.packed.folder import Packed as Content
    from phonofilm.data.packed.latent_shards import stale
    from phonofilm.data.packed.shards import pack as write

    ledger = space.ledger()
    if space.share.is_all and not ledger.used:
        raise SettingError(
            f"{space.folder} has no clip that is used: {of_all(ledger)}: see phonofilm prepare stats {space.folder}"
        )
    films = space.to_cut(ledger)
    parts = space.parts(space.cutting)
    made = films.keys() - set(parts.missing(films))
    results = ((job, parts.result(job)) for job in made)
    parts.forget(job for job, rows in results if not isinstance(rows, Failure) and not films[job].is_as_cut(rows))
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
            appears=lambda digest: note(space.folder, output, digest, space.plan.deciding),
        )
    typer.echo(f"{output}: {counted(count, 'clip')}{_divided(ledger)}")
    warn(
        f"the split {subset.value} has no clip: ask for a larger share or films of it" for subset in ledger.bare_subsets
    )
    warn(f"{output / name} is of clips that were replaced: delete it" for name in stale(Content(output)))
    account(space, space.after_cutting(ledger), max_bad)
    return True


def _divided(ledger: Ledger) -> str:
    """How many clips are in each subset."""
    from phonofilm.data.ingest.subsets import Subset

    if ledger.subsets is None:
        return ""
    counts = Counter(ledger.subsets[clip.source_id] for clip in ledger.used)
    return f" ({', '.join(f'{counts[subset]} {subset.value}' for subset in Subset if counts[subset])})"


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
    content = Packed(packed)
    windows = ClipWindows(content, Cutting(loaded.shape), leave_short=leave_short)
    number = Number.BFLOAT16 if bf16 else Number.FLOAT32
    with progress("encoding", "shards") as report:
        folder = make(windows, loaded.codec, number, batch=batch, share=share, progress=report)
    if not share.is_all:
        typer.echo(f"share {share} is encoded: when all are, give the command without --shard, which writes the index")
        return
    options = " split=train" * ("train" in content.splits) + " leave_short=true" * leave_short
    made = counted(len(windows.clip), "window")
    typer.echo(f"{folder}: {made}; train with phonofilm train {model} latents={packed}{options}")
