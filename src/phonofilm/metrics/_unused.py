"""What a folder of films holds beside what is scored, or in its stead, in sentences for whoever reads the scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from phonofilm.media.digest import file_sha256
from phonofilm.metrics._folder import MANIFEST, SENTENCE, Film, manifest, nested, some


def unused(folder: str | Path, films: Sequence[Film]) -> list[str]:
    """Lines of a manifest without a film, sidecars without a sentence, texts that are not read, films further down.

    Args:
        folder: of the films.
        films: found there.

    Raises:
        MediaError: if its manifest is damaged.
    """
    folder = Path(folder)
    foreign = [film.path.with_suffix(".json").name for film in films if film.foreign]
    texts = [film.path.with_suffix(".txt") for film in films if film.prompt is None]
    unread = [path.name for path in texts if path.is_file()]
    deep = nested(folder)
    return [
        *_absent(folder, films),
        *(
            [
                f"{some(foreign)} in {folder} holds no sentence ({', '.join(SENTENCE)}): such films are scored by what "
                "needs no words; write one there, or list the films in a manifest"
            ]
            if foreign
            else []
        ),
        *(
            [
                f"{some(unread)} in {folder} is not read: sentences come from a .json file beside a film, or from a "
                "manifest"
            ]
            if unread
            else []
        ),
        *([f"films in subfolders of {folder} are not looked at: {some(deep)}"] if deep else []),
    ]


def borrowed(films: Sequence[Film], reference: Sequence[Film]) -> list[str]:
    """A sentence if films are the reference's own bytes; only those are read whose size a reference film has too."""

    @cache
    def size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1

    digest = cache(file_sha256)
    both = {size(film.path) for film in films} & {size(film.path) for film in reference} - {-1}
    true, own = ([film.path for film in some if size(film.path) in both] for some in (reference, films))
    known = {digest(path) for path in true}
    found = sum(digest(path) in known for path in own)
    return (
        [
            f"{found} of {len(films)} films are the reference's own, byte for byte: name a reference of other films, "
            "unless it is true films that you score"
        ]
        if found
        else []
    )


def _absent(folder: Path, films: Sequence[Film]) -> list[str]:
    """A sentence if the manifest lists films that are not there."""
    there = {film.path.name for film in films}
    absent = [name for name in manifest(folder / MANIFEST) if name not in there]
    many = "a film that is" if len(absent) == 1 else f"{len(absent)} films that are"
    return [f"the manifest of {folder} lists {many} not there, such as {absent[0]}"] if absent else []
