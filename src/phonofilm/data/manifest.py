"""Manifests: JSON lines that say what each film of a folder shows and when its events happen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError
from phonofilm.events import Event
from phonofilm.shapes import ClipShape

NAME = "manifest.jsonl"
_TYPES = (
    dict.fromkeys(("file", "caption", "kind", "material", "sha256"), str)
    | dict.fromkeys(("seed", "height", "width", "frames", "sample_rate", "channels", "samples", "version"), int)
    | {"lossless": bool}
)


@dataclass(frozen=True)
class Record:
    """One film of a data set.

    Attributes:
        file: its name, relative to the manifest's folder.
        caption: what it shows, in words.
        seed: what it was made from.
        kind: which kind of scene it is.
        material: what its first source is made of.
        events: in order of time, on the film's sample clock and in its picture.
        fps, height, width, frames: the picture's rate, size and length.
        sample_rate, channels, samples: the sound's.
        lossless: frames and samples are kept bit for bit.
        sha256: of the file.
        version: of the generator.
    """

    file: str
    caption: str
    seed: int
    kind: str
    material: str
    events: tuple[Event, ...]
    fps: Fraction
    height: int
    width: int
    frames: int
    sample_rate: int
    channels: int
    samples: int
    lossless: bool
    sha256: str
    version: int

    @property
    def shape(self) -> ClipShape:
        """The film's shape; its length is the picture's."""
        return ClipShape(self.frames / self.fps, self.fps, self.height, self.width, self.sample_rate, self.channels)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :meth:`from_json` reads back."""
        return {**asdict(self), "fps": str(self.fps), "events": [event.to_json() for event in self.events]}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Record:
        """The record that :meth:`to_json` wrote.

        Raises:
            ValueError, TypeError, ZeroDivisionError: if fields are missing, unknown or make no sense.
        """
        wanted = {f.name for f in fields(cls)}
        if row.keys() != wanted:
            differing = sorted(wanted ^ row.keys())
            raise ValueError(f"missing or unknown fields: {', '.join(differing)}")
        events = tuple(Event.from_json(event) for event in row["events"])
        record = cls(**{**row, "fps": Fraction(row["fps"]), "events": events})
        for name, kind in _TYPES.items():
            if type(row[name]) is not kind:
                raise TypeError(f"{name} is {row[name]!r}, not {kind.__name__}")
        return record


def read_manifest(path: str | Path) -> list[Record]:
    """The records of a manifest, in its order.

    Args:
        path: the manifest, or the folder that holds it.

    Raises:
        MediaError: if there is none, a line is damaged, a file is named twice or lies outside the folder.
    """
    path = Path(path)
    path = path / NAME if path.is_dir() else path
    records = read_rows(path)
    seen: set[str] = set()
    for number, record in enumerate(records, start=1):
        if record.file in seen:
            raise MediaError(f"{path}, line {number}: {record.file} stands there twice; prepare the folder again")
        seen.add(record.file)
    return records


def read_rows(path: Path) -> list[Record]:
    """The rows of a manifest that is still being written: a later row of the same file replaces an earlier one.

    Raises:
        MediaError: if there is no such file, a line is damaged, or a film lies outside the folder.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MediaError(f"there is no manifest {path}: make one with `phonofilm prepare clapperboard`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"cannot read the manifest {path} ({error}): prepare the folder again") from error
    return [_parse(line, path, number) for number, line in enumerate(text.splitlines(), start=1)]


def _parse(line: str, path: Path, number: int) -> Record:
    try:
        record = Record.from_json(json.loads(line))
    except (ValueError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise MediaError(f"{path}, line {number} is damaged ({error}): prepare the folder again") from error
    if Path(record.file).is_absolute() or ".." in Path(record.file).parts:
        raise MediaError(f"{path}, line {number}: {record.file} lies outside the folder; name files in it only")
    return record
