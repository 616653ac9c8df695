"""``phonofilm prepare publish``: a packed folder for the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from phonofilm.cli.prepare.remaking import check_same
from phonofilm.cli.prepare.storing import Packed
from phonofilm.errors import MediaError


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
    from phonofilm.data.ingest.outcome import kept, outcome
    from phonofilm.data.ingest.ownership import check_outside
    from phonofilm.data.ingest.publish import publish as write
    from phonofilm.data.ingest.settings import checked
    from phonofilm.data.ingest.stats import stats
    from phonofilm.data.ingest.workspace import Workspace
    from phonofilm.data.packed.folder import Packed as Content

    if not card.exists():
        raise MediaError(f"{card} is not there: write it as in docs/prepare.md, with at least title and licence")
    try:
        values = yaml.safe_load(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MediaError(f"{card} cannot be read as YAML ({' '.join(str(error).split())}): mend it") from error
    space = None if work is None else Workspace.open(work)
    if space is not None:
        check_outside(output, space.films, "hub")
        check_same(Content(packed), space, kept(space), ", or leave --work out")
    numbers = None if space is None else stats(outcome(space))
    typer.echo(write(packed, output, checked(Card, values, str(card)), numbers, force=force))
