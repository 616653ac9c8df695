"""The sidecar: JSON beside each generated film, which holds all that is needed to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from phonofilm import __version__
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.pair import AV
from phonofilm.pipelines.request import NEITHER, Request, Settings, Source

FORMAT = "phonofilm-sidecar"
VERSION = 1


@dataclass(frozen=True)
class Sidecar:
    """How one clip was made.

    Attributes:
        model: name or folder of the model.
        weights: SHA-256 of its weights, see ``Model.fingerprint``.
        prompt, seed, settings: of the request.
        held: which sides were given; neither for text to both.
        source: the file that the given side was read from.
        phonofilm: version of the package.
        torch, device, threads: what it ran on; the same weights, settings and seed give the same bits
            on the same of these, and the same clip up to rounding elsewhere.
        files: names of the written files by kind (``film``, ``sheet``), relative to the sidecar.
        lossless: the film was written with the lossless codecs.
        film_sha256: of the film's bytes; empty until it is written.
    """

    model: str
    weights: str
    prompt: str
    seed: int
    settings: Settings
    torch: str
    device: str
    threads: int
    held: AV[bool] = NEITHER
    source: Source | None = None
    phonofilm: str = __version__
    files: Mapping[str, str] | None = None
    lossless: bool = False
    film_sha256: str = ""

    @property
    def film_suffix(self) -> str:
        """Suffix of the written film's name; empty before it is written."""
        return Path((self.files or {}).get("film", "")).suffix

    def same_request(self, request: Request) -> bool:
        """Whether a request asks for this very clip (of the same model)."""
        own = (self.prompt, self.seed, self.settings, self.held, self.source)
        source = None if request.given is None else request.given.source
        return own == (request.prompt, request.seed, request.settings, request.held, source)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :meth:`from_json` reads back."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "phonofilm": self.phonofilm,
            "model": self.model,
            "weights": self.weights,
            "prompt": self.prompt,
            "seed": self.seed,
            "settings": self.settings.to_json(),
            "held": asdict(self.held),
            "source": self.source and asdict(self.source),
            "environment": {"torch": self.torch, "device": self.device, "threads": self.threads},
            "files": dict(self.files or {}),
            "lossless": self.lossless,
            "film_sha256": self.film_sha256,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Sidecar:
        """The sidecar that :meth:`to_json` wrote; raises ``KeyError`` or ``TypeError`` for anything else."""
        return cls(
            **{
                name: row[name]
                for name in ("model", "weights", "prompt", "seed", "phonofilm", "lossless", "film_sha256")
            },
            settings=Settings.from_json(row["settings"]),
            held=AV(**row["held"]),
            source=row["source"] and Source(**row["source"]),
            files=row["files"],
            **{name: row["environment"][name] for name in ("torch", "device", "threads")},
        )

    def save(self, path: Path) -> Path:
        """Write the sidecar whole or not at all."""
        content = json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
        return write_atomically(path, content.encode(), force=True)


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        MediaError: if there is no such file.
        SettingError: if it is not a sidecar, is damaged, or has another format version.
    """
    try:
        row = json.loads(path.read_text())
    except OSError as error:
        raise MediaError(
            f"cannot read {path}: {error.strerror}; give the .json file beside a generated film"
        ) from error
    except ValueError as error:
        raise SettingError(f"{path} is not a sidecar: give the .json file beside a generated film") from error
    if not isinstance(row, dict) or row.get("format") != FORMAT:
        raise SettingError(f"{path} is not a sidecar: give the .json file beside a generated film")
    if row.get("version") != VERSION:
        made_by = row.get("phonofilm", "an unknown version")
        raise SettingError(
            f"{path} has sidecar version {row.get('version')}, this Phonofilm {__version__} reads version {VERSION}: "
            f"make the clip with Phonofilm {made_by}, or generate it anew from its prompt"
        )
    try:
        return Sidecar.from_json(row)
    except (KeyError, TypeError, ValueError) as error:
        raise SettingError(f"{path} is a damaged sidecar ({error!r}): take a fresh copy of it") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
