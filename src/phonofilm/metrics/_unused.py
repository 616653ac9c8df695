"""What lies in a folder of films and was not used, in sentences for whoever reads the scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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


def _absent(folder: Path, films: Sequence[Film]) -> list[str]:
    """A sentence if the manifest lists films that are not there."""
    there = {film.path.name for film in films}
    absent = [name for name in manifest(folder / MANIFEST) if name not in there]
    many = "a film that is" if len(absent) == 1 else f"{len(absent)} films that are"
    return [f"the manifest of {folder} lists {many} not there, such as {absent[0]}"] if absent else []
