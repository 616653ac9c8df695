"""``phonofilm prepare``: from long films, or from nothing, to exact training clips; one file per group of verbs."""

from __future__ import annotations

import typer

from phonofilm.cli.prepare.clapperboard import clapperboard
from phonofilm.cli.prepare.looking import explain, report, stats
from phonofilm.cli.prepare.publishing import publish
from phonofilm.cli.prepare.recipes import recipes, run
from phonofilm.cli.prepare.stages import caption, filter_, scan, score, split
from phonofilm.cli.prepare.storing import encode, pack
from phonofilm.cli.prepare.verifying import verify

app = typer.Typer(
    help="Data sets: from a folder of films to exact training clips, or Clapperboard scenes.",
    epilog="Start with: phonofilm prepare scan FILMS -o work/, then split work/ --seconds 4.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    clapperboard,
    recipes,
    run,
    scan,
    split,
    score,
    filter_,
    caption,
    pack,
    verify,
    encode,
    publish,
    stats,
    explain,
    report,
):
    app.command(verb.__name__.rstrip("_"))(verb)
