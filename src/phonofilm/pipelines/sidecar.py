"""The sidecar: JSON beside each generated film, which holds all that is needed to make it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from phonofilm import __version__
from phonofilm.errors import MediaError, SettingError
from phonofilm.pair import AV
from phonofilm.pipelines.request import MAX_SEED, NEITHER, Request, Settings, Source

FORMAT = "phonofilm-sidecar"
VERSION = 1


@dataclass(frozen=True)
class Environment:
    """What a clip was made on and in which company: with the same of these it comes out bit for bit the same.

    Elsewhere it is the same up to rounding.

    Attributes:
        torch: version.
        device: as torch names it.
        threads: of the CPU.
        batch: how many clips were sampled together.
        place: which of them it was, from 0.
    """

    torch: str
    device: str
    threads: Annotated[int, Field(ge=1, le=1024)]
    batch: Annotated[int, Field(ge=1, le=1024)] = 1
    place: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.place >= self.batch:
            raise SettingError(f"clip {self.place} of a batch of {self.batch} is none of it: count from 0")


@with_config(ConfigDict(strict=True, extra="forbid"))
@dataclass(frozen=True)
class Sidecar:
    """How one clip was made.

    Attributes:
        model: name or folder of the model.
        weights: SHA-256 of its weights, see ``Model.fingerprint``.
        prompt, seed, settings: of the request.
        environment: what it ran on.
        held: which sides were given; neither for text to both.
        source: the file that the given side was read from.
        phonofilm: version of the package.
        files: names of the written files by kind (``film``, ``sheet``), relative to the sidecar.
        lossless: the film was written with the lossless codecs.
        film_sha256: of the film's bytes; empty until it is written.
    """

    model: str
    weights: str
    prompt: str
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)]
    settings: Settings
    environment: Environment
    held: AV[bool] = NEITHER
    source: Source | None = None
    phonofilm: str = __version__
    files: Mapping[str, str] = field(default_factory=dict)
    lossless: bool = False
    film_sha256: str = ""

    def __post_init__(self) -> None:
        if all(self.held):
            raise SettingError("picture and sound are both given: a clip is made for one of them")

    @property
    def film_suffix(self) -> str:
        """Suffix of the written film's name; empty before it is written."""
        return Path(self.files.get("film", "")).suffix

    def same_request(self, request: Request) -> bool:
        """Whether a request asks for this very clip (of the same model)."""
        own = (self.prompt, self.seed, self.settings, self.held, self.source)
        source = None if request.given is None else request.given.source
        return own == (request.prompt, request.seed, request.settings, request.held, source)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that :meth:`from_json` reads back."""
        return {"format": FORMAT, "version": VERSION, **asdict(self), "settings": self.settings.to_json()}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Sidecar:
        """The sidecar that :meth:`to_json` wrote.

        Raises:
            ValueError: if anything is missing, unknown or of the wrong type.
            SettingError: if a value is out of range.
        """
        missing = {one.name for one in fields(cls)} - row.keys()
        if missing:
            raise ValueError(f"without {', '.join(sorted(missing))}")
        own = {name: value for name, value in row.items() if name not in ("format", "version")}
        return _STORED.validate_json(json.dumps(own))

    def to_bytes(self) -> bytes:
        """What its file holds."""
        return (json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n").encode()


_STORED = TypeAdapter(Sidecar)


def sidecar_path(film: Path) -> Path:
    """Where a film's sidecar stands."""
    return film.with_suffix(".json")


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        MediaError: if there is no such file.
        SettingError: if it is not a sidecar, is damaged, or has another format version.
    """
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
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
    except (ValueError, SettingError) as error:
        raise SettingError(f"{path} is a damaged sidecar ({_fault(error)}): take a fresh copy of it") from error


def _fault(error: Exception) -> str:
    """The first thing wrong, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
