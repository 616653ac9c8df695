"""Which films train and which are held out: decided film by film, never clip by clip.

Files that are pieces of one video (``ID_chunk3.mp4``) count as that video.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from phonofilm.data.ingest.lists import FilmTable, class_list, film_list, names_of
from phonofilm.data.ingest.rows import Row, SourceRow
from phonofilm.errors import SettingError
from phonofilm.media.digest import sha256
from phonofilm.shapes import nearest


class Subset(str, Enum):
    """A part of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def _is_pattern(text: str) -> str:
    """The text, if it is a regular expression with a group or empty."""
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from error
    if text and groups != 1:
        raise ValueError("needs one group ( ) around the video's name")
    return text


Pattern = Annotated[str, AfterValidator(_is_pattern)]
"""A regular expression whose group is the name of the video that a file belongs to; empty: each file is a video."""


def _is_whole(shares: dict[Subset, Fraction]) -> dict[Subset, Fraction]:
    if sum(shares.values()) != 1 or min(shares.values()) < 0:
        told = ", ".join(f"{subset.value} {share}" for subset, share in shares.items())
        raise ValueError(f"must be 0 or more and sum to 1, not {told}")
    return shares


class Shares(Row):
    """Exact shares of the videos, drawn by a seed.

    Attributes:
        seed: another one gives another draw.
        shares: of each subset; together 1.
        video: tells which video a file belongs to.
    """

    kind: Literal["shares"] = "shares"
    seed: int = 0
    shares: Annotated[dict[Subset, Fraction], Field(min_length=1), AfterValidator(_is_whole)]
    video: Pattern = ""


class Lists(Row):
    """A list of films for each subset, one a line; films in none of them are left out.

    Attributes:
        files: the lists; relative to the folder of the films.
        video: tells the name under which the lists may know a film, beside those of
            :mod:`phonofilm.data.ingest.lists`.
    """

    kind: Literal["lists"] = "lists"
    files: Annotated[dict[Subset, str], Field(min_length=1)]
    video: Pattern = ""


class ClassTable(Row):
    """The last column of a table as VGGSound's, ``id,start,label,split``; films that it lacks are left out.

    Attributes:
        file: the table; relative to the folder of the films.
    """

    kind: Literal["classes"] = "classes"
    file: str


Splits = Annotated[Shares | Lists | ClassTable, Field(discriminator="kind")]
"""How the films are divided; ``kind`` says which way."""


def asked(splits: Shares | Lists | ClassTable) -> tuple[Subset, ...]:
    """The subsets that are to have films; a table of classes asks for none."""
    if isinstance(splits, Shares):
        return tuple(subset for subset, share in splits.shares.items() if share)
    return tuple(splits.files) if isinstance(splits, Lists) else ()


def assign(splits: Shares | Lists | ClassTable, folder: Path, sources: Iterable[SourceRow]) -> dict[str, Subset]:
    """The subset of each film that has one, by source id.

    Raises:
        SettingError: if a list is missing or damaged, or two lists name the same film.
    """
    rows = list(sources)
    if isinstance(splits, Shares):
        videos = {row.source_id: video_of(splits.video, row) for row in rows}
        drawn = draw(splits.seed, splits.shares, videos.values())
        return {source: drawn[video] for source, video in videos.items()}
    known = _listed(splits, folder) if isinstance(splits, Lists) else _classed(splits, folder)
    found = {row.source_id: known(row) for row in rows}
    return {source: subset for source, subset in found.items() if subset is not None}


def draw(seed: int, shares: dict[Subset, Fraction], videos: Iterable[str]) -> dict[str, Subset]:
    """Exact shares of the videos: they are ordered by a hash of seed and name, and the order is cut.

    Neither their order nor their number of files matters. Each subset has its share to within one video.
    """
    order = sorted(set(videos), key=lambda video: sha256(f"{seed} {video}".encode()))
    bounds = [0, *(nearest(len(order) * share) for share in accumulate(shares.values()))]
    cuts = zip(shares, pairwise(bounds), strict=True)
    return {video: subset for subset, (first, stop) in cuts for video in order[first:stop]}


def video_of(pattern: str, row: SourceRow) -> str:
    """The name of the video that a file is, or is a piece of; a file alone is named by its bytes."""
    found = re.search(pattern, row.path) if pattern else None
    return found.group(1) if found else row.source_id


def absent(splits: Shares | Lists | ClassTable, folder: Path, sources: Iterable[SourceRow]) -> list[str]:
    """The films that the lists name and that are not there; none where films are not listed one by one.

    Raises:
        SettingError: see :func:`assign`.
    """
    if not isinstance(splits, Lists):
        return []
    here = {name for row in sources for name in (*names_of(row.path), video_of(splits.video, row))}
    return [name for name in _lists(splits, folder).names() if name not in here]


def _listed(splits: Lists, folder: Path) -> Callable[[SourceRow], Subset | None]:
    table = _lists(splits, folder)
    return lambda row: table.get(row.path) or table.get(video_of(splits.video, row))


def _lists(splits: Lists, folder: Path) -> FilmTable[Subset]:
    lists = {subset: film_list(folder / file) for subset, file in splits.files.items()}
    where = folder / " and ".join(splits.files.values())
    return FilmTable(((name, subset) for subset, table in lists.items() for name in table.names()), where)


def _classed(splits: ClassTable, folder: Path) -> Callable[[SourceRow], Subset | None]:
    path = folder / splits.file
    table = class_list(path)

    def subset(row: SourceRow) -> Subset | None:
        told = table.get(row.path)
        return None if told is None else _subset(path, told.subset)

    return subset


def _subset(path: Path, name: str) -> Subset:
    try:
        return Subset(name)
    except ValueError as error:
        known = ", ".join(subset.value for subset in Subset)
        raise SettingError(f"{path} has the subset {name!r}: it must be one of {known}") from error
