"""Latents beside packed clips, never instead of them: the same shards, with a safetensors file for each clip.

``<packed folder>/latents-<digest>/`` holds::

    latents.json      what made them (:class:`LatentKind`), and the digest of the films and their shards
    shard-000000.tar  <clip>.safetensors: video (window, C, F, h, w), audio (window, C, T, M)
    shard-000000.jsonl  the shard's rows; there once the shard is whole
    index.parquet     the rows of all shards; there once all are

The digest is that of :class:`LatentKind`, so that another codec, window or precision never meets old latents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pyarrow as pa
from pydantic import Field, ValidationError

from phonofilm.data import tables
from phonofilm.data.ingest.rows import Natural, Positive, Row
from phonofilm.data.ingest.stage import versions
from phonofilm.data.packed.folder import Entry, Files, Indices, Packed, Wanted, read_index
from phonofilm.data.packed.rows import INDEX, Member
from phonofilm.data.packed.windows import Arrays, ClipWindows, Cutting, numbered
from phonofilm.errors import MediaError
from phonofilm.media.digest import sha256
from phonofilm.pair import AV

if TYPE_CHECKING:
    from phonofilm.codecs.base import Codec

VERSION = 1
"""Of the code that decodes windows and encodes them; raised when that gives other latents."""
LIBRARIES = ("av", "numpy", "soxr", "torch")
"""Modules that latents come from, beside the FFmpeg in PyAV."""
SUFFIX = "safetensors"
DESCRIPTION = "latents.json"
NAMES = AV("video", "audio")  # tensor names in a file
ADVICE = "encode the clips again"


class Number(str, Enum):
    """How a latent's numbers are stored."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class LatentKind(Row):
    """Everything that latents depend on.

    Attributes:
        films: digest of the packed films and of the shards they lie in.
        cutting: shape and stride of the windows.
        codec: SHA-256 of the weights that encode, of each part.
        latent: ``(C, F, h, w)`` and ``(C, T, M)`` of one window.
        number: how they are stored.
        decoder: version of the library that decoded the films.
        version: of the code; 0: from before it was noted.
        libraries: release of each, whatever machine it was built for.
    """

    films: str
    cutting: Cutting
    codec: AV[str]
    latent: AV[tuple[int, ...]]
    number: Number
    decoder: str = av.ffmpeg_version_info
    version: Natural = 0
    libraries: Mapping[str, str] = Field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Name of their folder."""
        return f"latents-{sha256(self.model_dump_json().encode())[:16]}"


class LatentRow(Row):
    """The latents of one clip.

    Attributes:
        clip_id: of the clip.
        shard, members: where they lie.
        windows: how many there are.
        video_codec, audio_codec: SHA-256 of the weights that encoded.
        number: how they are stored.
        video_shape, audio_shape: of one window; ``None``: the clip has no such stream.
    """

    clip_id: str
    shard: Natural
    members: tuple[Member, ...]
    windows: Positive
    video_codec: str
    audio_codec: str
    number: Number
    video_shape: tuple[int, ...] | None
    audio_shape: tuple[int, ...] | None


def kind_of(codec: Codec, packed: Packed, cutting: Cutting, number: Number = Number.FLOAT32) -> LatentKind:
    """What a codec makes of packed clips.

    Raises:
        SettingError: if it cannot take windows of that shape.
    """
    from phonofilm.weights import fingerprint

    return LatentKind(
        films=packed.films_digest,
        cutting=cutting,
        codec=AV(codec.video, codec.audio).map(lambda part: fingerprint(part.encoder)),
        latent=codec.latent_shape(cutting.shape),
        number=number,
        version=VERSION,
        libraries={name: version.partition("+")[0] for name, version in versions(*LIBRARIES).items()},
    )


def stale(packed: Packed) -> list[str]:
    """Names of the folders of latents that are of other films than those that lie there now.

    Raises:
        MediaError: if a folder cannot be read.
    """
    found = sorted(path.parent for path in Path(packed.files.root).glob(f"latents-*/{DESCRIPTION}"))
    return [folder.name for folder in found if _films_of(folder) != packed.films_digest]


def _films_of(folder: Path) -> str:
    """Of which films latents are; nobody knows where their description is damaged."""
    try:
        return LatentKind.model_validate_json((folder / DESCRIPTION).read_bytes()).films
    except ValidationError:
        return ""


@dataclass(frozen=True)
class Pick:
    """One window of a clip's latents.

    Attributes:
        latents: where they lie.
        window: which.
    """

    latents: Wanted
    window: int


@dataclass(frozen=True)
class PickJob:
    """Latents to be read; everything that a process needs for it."""

    files: Files
    picks: tuple[Pick, ...]

    def run(self) -> list[Arrays]:
        """float32 ``(C, F, h, w)`` beside ``(C, T, M)``; ``None``: the clip has none.

        Raises:
            MediaError: naming shard and clip, if one cannot be read.
        """
        content = self.files.read([pick.latents for pick in self.picks])
        return [_window(pick, data) for pick, data in zip(self.picks, content, strict=True)]


class LatentWindows:
    """Windows of latents, in the order of :class:`~phonofilm.data.packed.windows.ClipWindows` of the same clips.

    Args:
        packed: the clips.
        folder: name of the latents' folder beside them (:attr:`LatentKind.folder`).
        leave_short: see :class:`~phonofilm.data.packed.windows.ClipWindows`.

    Raises:
        MediaError: if there are no such latents, they are not finished, or are of other clips or windows.
        SettingError: if clips are too short for a window.
    """

    def __init__(self, packed: Packed, folder: str, leave_short: bool = False) -> None:
        self.packed = packed
        self.files = Files(f"{packed.files.root}/{folder}", ADVICE)
        self.kind = self._kind()
        table = read_index(self.files, INDEX, tables.schema(LatentRow))
        if self.kind.films != packed.films_digest:
            raise MediaError(f"{self.files.root} holds latents of other clips: {ADVICE}")
        row = {key: number for number, key in enumerate(table["clip_id"].to_pylist())}
        self._row = np.array([row.get(key, -1) for key in packed.table["clip_id"].to_pylist()], np.int64)
        windows = np.append(np.asarray(table["windows"]), 0)  # the last is that of row -1: a clip without latents
        self.table: pa.Table = table
        self.clip, self.number = numbered(windows[self._row])
        if not np.array_equal(self.clip, ClipWindows(packed, self.kind.cutting, leave_short).clip):
            raise MediaError(f"{self.files.root} holds latents of other windows than these clips have: {ADVICE}")

    @property
    def digest(self) -> str:
        """Of clips and their words, codec and cutting."""
        return f"{self.kind.folder} {self.packed.digest} {self.packed.split}"

    def job(self, windows: Indices, entries: Sequence[Entry]) -> PickJob:
        """What reads these windows."""
        rows = pa.array(self._row[self.clip[list(windows)]])
        latents = self.table.take(rows).select(["clip_id", "members"]).to_pylist()
        picks = tuple(
            Pick(Wanted(row["clip_id"], Member(**row["members"][0])), int(self.number[window]))
            for window, row in zip(windows, latents, strict=True)
        )
        return PickJob(self.files, picks)

    def _kind(self) -> LatentKind:
        try:
            return LatentKind.model_validate_json(self.files.whole(DESCRIPTION))
        except ValidationError as error:
            raise MediaError(f"{self.files.root}/{DESCRIPTION} is damaged: {ADVICE}") from error


def _window(pick: Pick, data: bytes) -> Arrays:
    """One window of a safetensors file; read without PyTorch, which has no place in a helping process."""
    from safetensors import SafetensorError, deserialize

    try:
        found = dict(deserialize(data))
    except SafetensorError as error:
        raise MediaError(f"{pick.latents.name} holds no latents ({error}): {ADVICE}") from error
    return NAMES.map(lambda name: None if name not in found else _numbers(found[name])[pick.window])


def _numbers(stored: dict) -> np.ndarray:
    """As float32; bfloat16 is its upper half."""
    if stored["dtype"] == "BF16":
        wide = np.frombuffer(stored["data"], "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(stored["shape"])
    return np.frombuffer(stored["data"], "<f4").reshape(stored["shape"])
