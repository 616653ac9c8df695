"""Scores of a set of clips, in memory and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from phonofilm.errors import MediaError
from phonofilm.media.atomic import write_atomically
from phonofilm.metrics._score import Score

FORMAT = "phonofilm-scores"
VERSION = 4
READ = (2, 3, 4)
"""Versions that can be read: 2 has neither ``uncounted``, ``references`` and ``notes`` nor curves of clips; 3
has no notes of single scores."""


@dataclass(frozen=True)
class Reference:
    """The reference clips that a score was measured against.

    Attributes:
        clips: how many.
        digest: of their files' bytes; "" where they came from none.
    """

    clips: int
    digest: str = ""


@dataclass(frozen=True)
class Report:
    """Scores of a set of clips.

    Attributes:
        scores: in the order of the metrics.
        clips: how many were scored, by one metric at least.
        skipped: clips that no metric could score, by name, with the reason.
        refused: clips that a metric could not score though others could: by the metric's definition, by name, with
            the reason.
        counted: names of the clips that the scores of each definition rest on, in their order.
        uncounted: clips that do not count for a definition, by name, with the reason: they have no sentence, say.
        references: reference clips of the definitions that cannot do without such.
        notes: what a reader of the scores should know, in sentences.
        sentences: what the clips were to show, by file name, where that is known (older reports do not say).
        source, reference: folders, where the clips came from such.
    """

    scores: tuple[Score, ...]
    clips: int
    skipped: dict[str, str]
    refused: dict[str, dict[str, str]] = field(default_factory=dict)
    counted: dict[str, list[str]] = field(default_factory=dict)
    uncounted: dict[str, dict[str, str]] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sentences: dict[str, str] = field(default_factory=dict)
    source: str = ""
    reference: str = ""

    def __getitem__(self, name: str) -> Score:
        """The score called ``name``; a ``KeyError`` lists those there are."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"{name} is not among {', '.join(score.name for score in self.scores)}")

    def names(self, score: Score) -> list[str]:
        """File names of the clips that a score rests on, in their order."""
        return self.counted.get(score.definition, [])

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "source": self.source,
            "reference": self.reference,
            "clips": self.clips,
            "skipped": self.skipped,
            "refused": self.refused,
            "counted": self.counted,
            "uncounted": self.uncounted,
            "references": {name: asdict(one) for name, one in self.references.items()},
            "notes": list(self.notes),
            "sentences": self.sentences,
            "scores": {score.name: score.to_json() for score in self.scores},
        }

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the report as JSON, whole or not at all.

        Raises:
            MediaError: if the file exists (without ``force``) or cannot be written.
        """
        return write_atomically(Path(path), (json.dumps(self.to_json(), indent=1) + "\n").encode(), force=force)

    @classmethod
    def load(cls, path: str | Path) -> Report:
        """A report that was saved.

        Raises:
            MediaError: if there is none, or one of another version.
        """
        try:
            row = json.loads(Path(path).read_text(encoding="utf-8"))
            if row["format"] != FORMAT or row["version"] not in READ:
                raise ValueError(f"it is {row['format']} {row['version']}, not {FORMAT} {VERSION}")
            scores = tuple(map(Score.from_json, row["scores"].values()))
            rest = {name: row[name] for name in ("clips", "skipped", "refused", "counted", "source", "reference")}
            return cls(
                scores,
                **rest,
                uncounted=row.get("uncounted", {}),
                references={name: Reference(**one) for name, one in row.get("references", {}).items()},
                notes=tuple(row.get("notes", ())),
                sentences=row.get("sentences", {}),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MediaError(f"{path} cannot be read as scores ({_why(error)}): score the films anew") from error


def _why(error: Exception) -> str:
    """What is wrong with a file of scores, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is no JSON"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return str(error) if type(error) is ValueError else "it is not what phonofilm score writes"
