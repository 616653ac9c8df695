"""The ``phonofilm`` command: its verbs, and how errors end it."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from phonofilm import __version__
from phonofilm.cli.bench import bench
from phonofilm.cli.generate import generate
from phonofilm.cli.models import models
from phonofilm.cli.plot import plot
from phonofilm.cli.prepare import app as prepare
from phonofilm.cli.score import score
from phonofilm.cli.status import INTERRUPTED, USAGE
from phonofilm.cli.train import train
from phonofilm.errors import PhonofilmError

_UsageError: Any = typer.BadParameter.__mro__[1]  # has no public name of its own

app = typer.Typer(
    help="Joint audio-video generation: make sounding clips from sentences, train models, measure them.",
    epilog='Start with: phonofilm generate "a drumstick hits a metal pipe twice" -o hit.mp4',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"phonofilm {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Joint audio-video generation: make sounding clips from sentences, train models, measure them."""


for verb in (generate, train, score, bench, plot, models):
    app.command()(verb)
app.add_typer(prepare, name="prepare")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; a :class:`PhonofilmError` or a wrong option ends it with one sentence and status 2."""
    warnings.showwarning = _show_warning
    try:
        status = app(None if arguments is None else list(arguments), prog_name="phonofilm", standalone_mode=False)
    except PhonofilmError as error:
        typer.echo(f"phonofilm: {error}", err=True)
        sys.exit(USAGE)
    except OSError as error:
        if not _full(error):
            raise
        typer.echo(f"phonofilm: a disk is full ({error}): make room, or set TMPDIR to a folder that has some", err=True)
        sys.exit(USAGE)
    except _UsageError as error:
        typer.echo(_sentence(error), err=True)
        sys.exit(USAGE)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:  # newer typer makes it of a KeyboardInterrupt; verbs that say more raise SystemExit
        typer.echo("phonofilm: stopped; give the same command again to go on where it was", err=True)
    if status:
        sys.exit(status)


def _full(error: OSError) -> bool:
    """Whether a disk takes no more; without room for any temporary file, libraries do not even start."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "temporary directory" in str(error)


def _sentence(error: Any) -> str:
    """What was wrong on the command line; all of the help where no verb was given."""
    message = error.format_message().rstrip(".")
    context = error.ctx
    if not message or context is None:
        return message
    return message if "\n" in message else f"phonofilm: {message} (see {context.command_path} --help)"


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    """Our own warnings as one line; those of libraries concern developers, who see them in the tests."""
    if category.__module__.startswith("phonofilm"):
        typer.echo(f"phonofilm: warning: {message}", err=True)
