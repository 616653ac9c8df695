"""``phonofilm prepare scan`` and the verbs that follow it in one work folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phonofilm.cli.parse import fraction
from phonofilm.cli.prepare.running import MaxBad, Running, account, running, tell_others, warn
from phonofilm.cli.sharing import given_by
from phonofilm.data.ingest.counting import counted
from phonofilm.errors import SettingError, unknown_name

if TYPE_CHECKING:
    from phonofilm.data.ingest.workspace import Workspace

Work = Annotated[Path, typer.Argument(metavar="WORK", help="Folder that phonofilm prepare scan made.")]


WORDS = {"beside": False, "folder": False, "list": True, "classes": True}
"""Sources of captions that have no URL, and whether each is a file."""


@given_by(running, time_limit=600)
def scan(
    films: Annotated[Path, typer.Argument(metavar="FILMS", help="Folder of films; those below it count too.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Work folder for this and the following verbs.")],
    silent: Annotated[bool, typer.Option("--silent", help="Use films without sound too.")] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Look at every film: what it is, whether it can be used, and if not, why.

    Bytes are hashed, headers and first frames are read. Films with the same bytes are used once. An interrupted run
    continues where it was when the command is given again; films that were added or changed are looked at then.

    Example: phonofilm prepare scan ~/films -o work/
    """
    from phonofilm.data.ingest.ledger import Ledger
    from phonofilm.data.ingest.scan import Scan

    space = running.begin(output, films, Scan(silent=silent))
    running("scanning", space, space.scanning, space.to_scan())
    space.forget_gone()
    tell_others(films)
    account(space, Ledger(space.sources), max_bad)


@given_by(running, time_limit=3600)
def split(
    work: Work,
    seconds: Annotated[str | None, typer.Option(help="Length of a clip; without it each film is one clip.")] = None,
    stride: Annotated[
        str | None, typer.Option(help="With --seconds: from one clip's beginning to the next one's (the length).")
    ] = None,
    skip: Annotated[str, typer.Option(help="Seconds left out at the beginning of each film.")] = "0",
    rest: Annotated[str | None, typer.Option(help="Keep a shorter last clip if it has this many seconds.")] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="Begin anew at each cut; no clip reaches over one.")] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Find the clips of every film: windows that begin at a picture, with sound by the sample.

    Nothing is decoded but to find cuts, with --scenes: then windows begin anew at each, and without --seconds
    each scene is one clip. Lengths may be decimals or fractions (4, 2.5, 1001/30000).

    Examples:
    phonofilm prepare split work/ --seconds 34 --skip 10

    phonofilm prepare split work/ --seconds 4 --rest 2 --scenes
    """
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.split import Split
    from phonofilm.data.ingest.workspace import Workspace

    length, step, least = fraction(seconds, "--seconds"), fraction(stride, "--stride"), fraction(rest, "--rest")
    given = {"seconds": length, "stride": step, "skip": fraction(skip, "--skip"), "rest": least, "scenes": scenes}
    settings = checked(Split, given, "phonofilm prepare split")
    space = running.own(Workspace.open(work)).with_plan(split=settings)
    running("splitting", space, space.splitting, space.to_split())
    account(space, space.ledger(scores=False, captions=False), max_bad)


@given_by(running, time_limit=3600)
def score(
    work: Annotated[
        Path | None, typer.Argument(metavar="WORK", help="Folder that phonofilm prepare scan made.")
    ] = None,
    measures: Annotated[
        list[str] | None, typer.Option("--measure", help="A family of measures, may be repeated (all of them).")
    ] = None,
    plugins: Annotated[
        list[str] | None,
        typer.Option(
            "--plugin",
            metavar="PLUGIN",
            help="A further measure: synchformer=WEIGHTS, imagebind=WEIGHTS, or of your own, FILE.py:NAME. "
            "May be repeated.",
        ),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Measure nothing; say what each family gives, with its unit.")
    ] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Measure every clip: loudness, silence, clipping, motion, stillness, cuts, black, onsets, offset of sound.

    Nothing is judged; rules that do, come with phonofilm prepare filter and may change without measuring again.
    Published networks measure too, with weights that you name; Synchformer takes minutes of a core for a clip.

    Examples:
    phonofilm prepare score --list

    phonofilm prepare score work/

    phonofilm prepare score work/ --plugin synchformer=synchformer_state_dict.pth --workers 4

    phonofilm prepare score work/ --plugin imagebind=imagebind_huge.pth --workers 2 --memory-limit 12

    phonofilm prepare score work/ --plugin own.py:Brightness
    """
    from phonofilm.data.ingest.score import Scoring
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.workspace import Workspace

    if listing and plugins:
        raise SettingError("--plugin is of measuring: leave out --list to measure with it")
    if listing:
        typer.echo(_families(measures))
        return
    if work is None:
        raise SettingError("no work folder is named: give the one that phonofilm prepare scan made, or --list")
    settings = checked(Scoring, {"measures": measures, "plugins": plugins or ()}, "phonofilm prepare score")
    opened = Workspace.open(work)
    rules = opened.plan.filter
    if lacking := sorted({rule.measure for rule in rules.rules} - set(settings.gives)) if rules else []:
        raise SettingError(
            f"the rules of {work} ask for {', '.join(lacking)}, which this would not measure: "
            f"measure it too, or give other rules first (phonofilm prepare filter {work} --rule RULE)"
        )
    for licence in settings.licences:
        typer.echo(licence)
    space = running.own(opened).with_plan(score=settings)
    running("measuring", space, space.scoring, space.to_score())
    account(space, space.ledger(captions=False), max_bad)


def _families(wanted: list[str] | None) -> str:
    """What families of measures give, by default all of them and the plug-ins that ship.

    Raises:
        SettingError: for an unknown family.
    """
    from phonofilm.data.ingest.measures import find, names
    from phonofilm.data.ingest.plugins import shipped

    families = [
        "\n".join([name, *(f"  {measure.name:<20} {measure.meaning}" for measure in find(name).gives)])
        for name in wanted or names()
    ]
    plugged = [f"published networks, with --plugin NAME=WEIGHTS: {', '.join(shipped())}"] if not wanted else []
    return "\n".join([*families, *plugged])


def filter_(
    work: Work,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="RULE", help="'silence_ratio < 0.8', 'not all_zero'; all must hold."),
    ] = None,
    missing: Annotated[
        str | None, typer.Option(help="Clips without a value that a rule asks for: keep or drop (drop).")
    ] = None,
    no_rules: Annotated[bool, typer.Option("--no-rules", help="Take the rules back: all clips are kept.")] = False,
) -> None:
    """Keep clips by rules on what was measured; nothing moves, and other rules may follow.

    The rules replace those given before. Without any, those that are in force stay. Each is shown with what it does:
    how many clips it judges and leaves out, and how many of these no other rule does.

    Example: phonofilm prepare filter work/ --rule "silence_ratio < 0.8 and not all_zero" --rule "motion > 0.5"
    """
    from phonofilm.data.ingest.filter import Filtering, weighed
    from phonofilm.data.ingest.score import Scoring
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.workspace import Workspace

    if no_rules and rules:
        raise SettingError("--no-rules takes all rules back: give it, or --rule, not both")
    space = Workspace.open(work)
    before = Filtering() if rules or no_rules else space.plan.filter or Filtering()
    if missing and not (rules or before.rules):
        raise SettingError("--missing is of rules: add --rule, since none are in force, or leave it out")
    given = {"rules": rules or before.rules, "missing": missing or before.missing}
    settings = checked(Filtering, given, "phonofilm prepare filter")
    measured = space.scoring.settings
    assert isinstance(measured, Scoring)
    settings.check(measured.gives)
    space = space.with_plan(filter=settings)
    ledger = space.ledger(captions=False)
    for one in weighed(settings, ledger.scores):
        judged = f"{one.judged} of {counted(len(ledger.scores), 'clip')} judged"
        typer.echo(f"{one.rule}: {judged}, {one.dropped} left out, {one.alone} by this rule alone")
    account(space, ledger)


@given_by(running, time_limit=3600)
def caption(
    work: Work,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="beside (film.txt, film.json), folder (its name is the class), list:FILE (CSV or JSON lines with "
            "path and caption) or classes:FILE (as vggsound.csv), files in FILMS or here; may be repeated, the first "
            "that knows a film is believed. Default: beside.",
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Ask a model behind an OpenAI-compatible URL (.../v1).")] = None,
    model: Annotated[str | None, typer.Option(help="Its name there.")] = None,
    prompt: Annotated[str | None, typer.Option(help="What it is asked about each clip.")] = None,
    sound: Annotated[bool, typer.Option("--sound", help="It hears: send the sound too.")] = False,
    optional: Annotated[bool, typer.Option("--optional", help="Keep clips without words.")] = False,
    *,
    running: Running,
    max_bad: MaxBad = 0.05,
) -> None:
    """Give every clip its words: from files beside the films, classes, lists, or a model that sees.

    The key of a model is read from OPENAI_API_KEY; its answers are kept, and asked for once.

    Examples:
    phonofilm prepare caption work/ --from list:captions.csv --from folder

    phonofilm prepare caption work/ --url http://localhost:8000/v1 --model qwen-omni --sound
    """
    from phonofilm.data.ingest.caption import Caption
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.workspace import Workspace

    if (url is None) != (model is None):
        raise SettingError("a model that is asked needs both --url and --model")
    if url is None and (sound or prompt is not None):
        given_alone = "--sound" if sound else "--prompt"
        raise SettingError(f"{given_alone} is of a model that is asked: add --url and --model, or leave it out")
    opened = Workspace.open(work)
    asked: list[dict[str, object]] = [_source(text, opened.films) for text in sources or ()]
    if url is not None:
        question = {} if prompt is None else {"prompt": prompt}
        asked.append({"kind": "endpoint", "url": url, "model": model, "sound": sound, **question})
    given = {"sources": asked} if asked else {}
    settings = checked(Caption, {**given, "required": not optional}, "phonofilm prepare caption")
    settings.check(opened.films)
    space = running.own(opened).with_plan(caption=settings)
    captioned(space, running)
    account(space, space.ledger(), max_bad)


def captioned(space: Workspace, running: Running) -> None:
    """Run the stage, and name what lists say of films that are not there."""
    running("captioning", space, space.captioning, space.to_caption())
    if space.share.is_all and space.plan.caption is not None:
        warn(space.plan.caption.absent(space.films, [row.path for row in space.sources]))


def _source(text: str, films: Path) -> dict[str, object]:
    """``list:captions.csv`` as settings; the file lies in the folder of the films, or else in the current one.

    Raises:
        SettingError: for an unknown kind, a file too few or too many, or one that is in neither place.
    """
    kind, _, file = text.partition(":")
    if kind not in WORDS:
        raise unknown_name("source of captions", kind, WORDS)
    if WORDS[kind] != bool(file):
        raise SettingError(f"--from {text}: write {kind + ':FILE' if WORDS[kind] else kind}")
    if not file:
        return {"kind": kind}
    if not (films / file).exists() and not Path(file).exists():
        raise SettingError(f"there is no list {file}, neither in {films} nor here: put it there, or name another")
    return {"kind": kind, "file": file if (films / file).exists() else str(Path(file).resolve())}
