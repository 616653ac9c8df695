"""What is said where a packed folder holds other clips than its work folder, with the command that makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phonofilm.data.ingest.counting import counted
from phonofilm.errors import MediaError

if TYPE_CHECKING:
    from phonofilm.data.ingest.cutting import Kept
    from phonofilm.data.ingest.workspace import Workspace
    from phonofilm.data.packed.folder import Packed

MIB = 1 << 20


def check_same(content: Packed, space: Workspace, films: Iterable[Kept], otherwise: str = "") -> None:
    """Object to a packed folder of other clips than were cut of these films.

    Args:
        content: of the packed folder.
        space: the work folder.
        films: that it has cut.
        otherwise: what may be done instead, in words that follow the fix.

    Raises:
        MediaError: if it is one; where the work folder made it with other settings, these are named.
    """
    from phonofilm.data.ingest.outcome import differing
    from phonofilm.data.ingest.ownership import made_with, other_settings

    folder, work = content.files.root, space.folder
    if not (others := differing(space, films, content)):
        return
    made = made_with(work, Path(folder))
    if made is None:
        fix = f"{folder} was not packed from {work}, or changed since: name the work folder that it is of"
    else:
        now = space.plan.deciding
        changes = other_settings(work, Path(folder), now)
        why = f"{folder} was made with other settings ({', '.join(changes)}): " if changes else ""
        fix = " ".join((f"{why}run phonofilm prepare pack {work} -o {folder} --force", *_options(made, now)))
    raise MediaError(
        f"{folder} and {work} differ in {counted(len(others), 'clip')}, first in {others[0]}: {fix}{otherwise}"
    )


def _options(made: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The options of ``pack`` that ask for clips of that form, and for the splits where these are others now.

    Args:
        made: the settings that a packed folder was made with, see :attr:`phonofilm.data.ingest.plan.Plan.deciding`.
        now: those of its work folder.
    """
    from phonofilm.data.ingest.recipe import Pack

    usual = Pack().model_dump(mode="json")
    given = {name: made.get(f"pack.{name}", usual[name]) for name in usual}
    given = {name: value for name, value in given.items() if value != usual[name]}
    if "size" in given:
        yield "--size {}x{}".format(*given["size"])
    for name in ("fps", "sample_rate", "channels", "crf", "preset"):
        if name in given:
            yield f"--{name.replace('_', '-')} {given[name]}"
    if given.get("compressed"):
        yield "--aac"
    if given.get("layout") == "files":
        yield "--files"
    if (size := given.get("shard_bytes", 1)) % MIB == 0:
        yield f"--shard-mb {size // MIB}"
    yield from _splits(_of("splits.", made), _of("splits.", now))


def _splits(made: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    shares = _of("shares.", made)
    if made == now or not shares:  # lists have no option
        return
    yield f"--splits {','.join(f'{name}={share}' for name, share in shares.items())}"
    if made.get("seed"):
        yield f"--seed {made['seed']}"
    if made.get("video"):
        yield f"--video {shlex.quote(made['video'])}"


def _of(above: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings whose names begin so, by the rest of these."""
    return {name[len(above) :]: value for name, value in settings.items() if name.startswith(above)}
