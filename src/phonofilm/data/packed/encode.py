"""Packed clips to latents beside them (:mod:`phonofilm.data.packed.latent_shards`), shard by shard."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import torch
from pydantic import ValidationError
from safetensors.torch import save
from torch import Tensor

from phonofilm.codecs.base import Codec, device_of, frames_to_tensor
from phonofilm.data import tables
from phonofilm.data.ingest.stage import Shard
from phonofilm.data.packed.folder import Files, Packed, Wanted
from phonofilm.data.packed.latent_shards import (
    ADVICE,
    DESCRIPTION,
    NAMES,
    SUFFIX,
    LatentKind,
    LatentRow,
    Number,
    kind_of,
)
from phonofilm.data.packed.rows import INDEX
from phonofilm.data.packed.shards import add_member, end_tar, remove_unfinished, shard_name
from phonofilm.data.packed.windows import ClipWindows
from phonofilm.errors import MediaError, SettingError
from phonofilm.media.atomic import appearing, make_folder, write_atomically
from phonofilm.media.clip import Clip
from phonofilm.pair import AV


class SlowClipsWarning(UserWarning):
    """Clips have fewer pictures a second than the windows that are encoded."""


def encode(
    windows: ClipWindows,
    codec: Codec,
    number: Number = Number.FLOAT32,
    *,
    batch: int = 8,
    share: Shard | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Encode the shards of a packed folder that are not encoded yet, in this process; once all are, write the index.

    Args:
        windows: of all clips of a folder on this machine.
        codec: its encoders are part of the latents' identity.
        number: how latents are stored.
        batch: windows encoded at a time.
        share: of the shards; ``None``: all. The index is written by a run that has all.
        progress: told shards done and shards in all.

    Returns:
        The folder of the latents.

    Raises:
        MediaError: if a clip cannot be read, or something cannot be written.
        SettingError: if the codec cannot take windows of that shape.
    """
    _check_rates(windows)
    share = share or Shard()
    kind = kind_of(codec, windows.packed, windows.cutting, number)
    folder = begin(windows.packed, kind)
    shards = sorted(set(windows.packed.table["shard"].to_pylist()))[share.index :: share.count]
    for done, shard in enumerate(shards):
        progress(done, len(shards))
        if not _is_done(folder, windows, shard):
            encode_shard(windows, shard, codec, kind, batch=batch)
    progress(len(shards), len(shards))
    if share.is_all:
        finish(windows, kind)
    return folder


def _check_rates(windows: ClipWindows) -> None:
    """Warn of pictures that are repeated: clips of few say less of motion than the model could learn."""
    fps = windows.cutting.shape.fps
    rates = Counter(zip(*(windows.packed.column("video", "fps", part) for part in ("num", "den")), strict=True))
    slow = {Fraction(num, den): count for (num, den), count in rates.items() if num is not None and num < fps * den}
    if slow:
        warnings.warn(
            f"{sum(slow.values())} of {len(windows.packed)} clips have fewer frames a second than the {float(fps):g} "
            f"that are encoded, at the least {float(min(slow)):g}: pictures are repeated",
            SlowClipsWarning,
            stacklevel=3,
        )


def begin(packed: Packed, kind: LatentKind) -> Path:
    """Make the latents' folder with its description; it may be there already.

    Raises:
        SettingError: if the clips are not on this machine, or not those of all splits.
        MediaError: if it cannot be made.
    """
    if packed.split is not None:
        raise SettingError(f"latents are those of all splits, not of {packed.split!r} alone: name none")
    if not packed.files.is_local:
        raise SettingError(f"{packed.files.root} is not on this machine: encode where the clips are, or copy them")
    folder = make_folder(Path(packed.files.root) / kind.folder)
    write_atomically(folder / DESCRIPTION, (kind.model_dump_json(indent=1) + "\n").encode(), force=True)
    return folder


def encode_shard(
    windows: ClipWindows, shard: int, codec: Codec, kind: LatentKind, *, batch: int = 8
) -> list[LatentRow]:
    """Encode the clips of one shard into the shard of the same number; shards may be encoded in any order, anywhere.

    Args:
        windows: of the packed clips.
        shard: its number.
        codec: that ``kind`` is of.
        kind: whose folder :func:`begin` made.
        batch: windows encoded at a time.

    Returns:
        A row for each clip, in the shard's order; they are also written beside it.

    Raises:
        MediaError: if a clip cannot be read, or the shard cannot be written.
    """
    folder = Path(windows.packed.files.root) / kind.folder
    name = f"{shard_name(shard)}.tar"
    with appearing(folder / name, force=True) as file:
        rows = [
            _add(file, name, shard, key, latents, kind)
            for key, latents in _encoded(windows, _of_shard(windows, shard), codec, batch)
        ]
        end_tar(file)
    data = "".join(row.model_dump_json() + "\n" for row in rows).encode()
    write_atomically(_rows_path(folder, shard), data, force=True)
    return rows


def finish(windows: ClipWindows, kind: LatentKind) -> Path:
    """Write the index of latents whose shards are all there.

    Raises:
        MediaError: if a shard is missing, or its rows are damaged or of other windows.
    """
    folder = Path(windows.packed.files.root) / kind.folder
    shards = sorted(set(windows.packed.table["shard"].to_pylist()))
    rows = [row for shard in shards for row in _read_rows(folder, windows, shard)]
    tables.write_table(folder / INDEX, tables.schema(LatentRow), map(tables.record, rows), force=True)
    remove_unfinished(folder)
    return folder / INDEX


def encode_clips(codec: Codec, clips: Sequence[Clip]) -> list[AV[Tensor | None]]:
    """Latents of each clip, without a batch axis; ``None`` where a clip has no such stream.

    Raises:
        SettingError: if the codec cannot take clips of this shape.
    """
    if any(clip.frames is None or clip.audio is None for clip in clips):
        return [_encode_streams(codec, clip) for clip in clips]
    latents = codec.encode(clips)
    return [latents.map(lambda side, i=i: side[i]) for i in range(len(clips))]


def _of_shard(windows: ClipWindows, shard: int) -> np.ndarray:
    """Numbers of the windows of a shard's clips."""
    return np.flatnonzero(np.asarray(windows.packed.table["shard"])[windows.clip] == shard)


def _encoded(
    windows: ClipWindows, chosen: np.ndarray, codec: Codec, batch: int
) -> Iterator[tuple[str, list[AV[Tensor | None]]]]:
    """Names of clips with the latents of all their windows; a few windows are in memory at a time."""

    def each() -> Iterator[tuple[int, AV[Tensor | None]]]:
        for start in range(0, len(chosen), batch):
            chunk = chosen[start : start + batch]
            yield from zip(windows.clip[chunk], encode_clips(codec, windows.clips(chunk)), strict=True)

    for clip, pairs in groupby(each(), key=lambda pair: pair[0]):
        yield windows.packed.table["clip_id"][int(clip)].as_py(), [latents for _, latents in pairs]


def _encode_streams(codec: Codec, clip: Clip) -> AV[Tensor | None]:
    """Latents of the streams that a clip has, each alone."""
    if clip.frames is not None and clip.audio is not None:
        return codec.encode([clip]).map(lambda side: side[0])
    with torch.no_grad():
        frames = None if clip.frames is None else frames_to_tensor(clip.frames)[None]
        sound = None if clip.audio is None else torch.from_numpy(clip.audio)
        parts = AV(codec.video, codec.audio)
        return AV(frames, sound).map(
            lambda side, part: part.encode(side.to(device_of(part.encoder)))[0].contiguous(), parts
        )


def _add(
    file: BinaryIO, name: str, shard: int, key: str, latents: list[AV[Tensor | None]], kind: LatentKind
) -> LatentRow:
    number = {Number.FLOAT32: torch.float32, Number.BFLOAT16: torch.bfloat16}[kind.number]
    sides = latents[0].map(lambda *windows: torch.stack(windows).to("cpu", number), *latents[1:])
    named = NAMES.map(lambda tensor_name, side: (tensor_name, side), sides)
    member = add_member(file, name, key, SUFFIX, save(dict(named.present())))
    shapes = sides.map(lambda side: tuple(side.shape[1:]))
    return LatentRow(
        clip_id=key,
        shard=shard,
        members=(member,),
        windows=len(latents),
        video_codec=kind.codec.video,
        audio_codec=kind.codec.audio,
        number=kind.number,
        video_shape=shapes.video,
        audio_shape=shapes.audio,
    )


def _rows_path(folder: Path, shard: int) -> Path:
    return folder / f"{shard_name(shard)}.jsonl"


def _read_rows(folder: Path, windows: ClipWindows, shard: int) -> list[LatentRow]:
    """A shard's rows, which have all its windows."""
    path = _rows_path(folder, shard)
    try:
        rows = [LatentRow.model_validate_json(line) for line in path.read_bytes().splitlines()]
    except (OSError, ValidationError) as error:
        raise MediaError(f"{path} is missing or damaged: {ADVICE}") from error
    clips, counts = np.unique(windows.clip[_of_shard(windows, shard)], return_counts=True)
    names = windows.packed.table["clip_id"].take(pa.array(clips)).to_pylist()
    if [(row.clip_id, row.windows) for row in rows] != list(zip(names, counts.tolist(), strict=True)):
        raise MediaError(f"{path} is of other windows than its clips have: {ADVICE}")
    return rows


def _is_done(folder: Path, windows: ClipWindows, shard: int) -> bool:
    """A shard's rows are there, and the latents that they tell of, byte for byte: to read them is quick."""
    try:
        rows = _read_rows(folder, windows, shard)
        for _ in Files(str(folder)).read([Wanted(row.clip_id, member) for row in rows for member in row.members]):
            pass
    except MediaError:
        return False
    return True
