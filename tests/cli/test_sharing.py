"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.testing import CliRunner

from phonofilm.cli.sharing import given_by


@contextmanager
def oven(
    heat: Annotated[int, typer.Option(help="Degrees.")] = 180, fan: Annotated[bool, typer.Option("--fan")] = False
) -> Iterator[str]:
    typer.echo("on")
    yield f"{heat} {fan}"
    typer.echo("off")


app = typer.Typer()


@app.command()
@given_by(oven)
def toast(
    bread: Annotated[str, typer.Argument()], *, oven: str, butter: Annotated[bool, typer.Option()] = True
) -> None:
    """Toast bread."""
    typer.echo(f"toast {bread} {oven} {butter}")


@app.command()
@given_by(oven, heat=230)
def pizza(*, oven: str) -> None:
    typer.echo(f"pizza {oven}")


def said(*arguments: str) -> list[str]:
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    return ran.output.splitlines()


def test_the_verb_runs_inside_what_its_options_make() -> None:
    assert said("toast", "rye", "--heat", "120", "--fan", "--no-butter") == ["on", "toast rye 120 True False", "off"]
    assert said("toast", "rye") == ["on", "toast rye 180 False True", "off"]


def test_each_verb_has_defaults_of_its_own() -> None:
    assert said("pizza") == ["on", "pizza 230 False", "off"]


def test_help_shows_them_in_the_place_of_the_parameter() -> None:
    text = "\n".join(said("toast", "--help"))
    assert "Toast bread." in text
    assert "Degrees." in text
    assert "--oven" not in text
    assert text.index("--heat") < text.index("--fan") < text.index("--butter")
