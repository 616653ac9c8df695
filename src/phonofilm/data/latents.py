"""Where training latents come from: a cache on disk, or scenes drawn and encoded on the spot.

Both are a :class:`LatentSource`: indices in, latents and captions out, the same for the same index whatever
the batch. A cache is a folder of shards, each whole or absent, beside ``latents.json``, which says what made it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
from safetensors import safe_open
from torch import Tensor

from phonofilm.data.clapperboard import VERSION, render, sample_scene
from phonofilm.errors import SettingError
from phonofilm.media.atomic import write_atomically
from phonofilm.pair import AV
from phonofilm.shapes import ClipShape
from phonofilm.weights import fingerprint, write
from phonofilm.workers import helpers

if TYPE_CHECKING:
    from phonofilm.codecs.base import Codec

NAMES = AV("video", "audio")  # tensor names in a shard file
DESCRIPTION = "latents.json"
ADVICE = "build them with 'phonofilm train MODEL --from-scratch --stage latents -o FOLDER'"


@dataclass(frozen=True)
class LatentBatch:
    """Clean latents with their captions.

    Attributes:
        latents: video ``(clip, C, F, H, W)``, audio ``(clip, C, T, M)``, float32, unit variance per channel.
        captions: one a clip.
    """

    latents: AV[Tensor]
    captions: list[str]


class LatentSource(Protocol):
    """Clips by index, as latents."""

    def __len__(self) -> int: ...

    def take(self, indices: Sequence[int]) -> LatentBatch:
        """The clips at these indices, in this order."""
        ...


class DrawnLatents:
    """Clapperboard scenes, drawn and encoded when asked for; touches no disk.

    Args:
        codec: encodes the clips.
        shape: of the clips to render.
        first_seed: seed of index 0.
        count: number of scenes.
    """

    def __init__(self, codec: Codec, shape: ClipShape, first_seed: int, count: int) -> None:
        self.codec, self.shape, self.first_seed, self.count = codec, shape, first_seed, count

    def __len__(self) -> int:
        return self.count

    def take(self, indices: Sequence[int]) -> LatentBatch:
        """Render and encode the scenes ``first_seed + index``."""
        scenes = [sample_scene(self.first_seed + index, seconds=self.shape.seconds) for index in indices]
        latents = self.codec.encode([render(scene, self.shape) for scene in scenes])
        return LatentBatch(latents, [scene.caption for scene in scenes])


class CachedLatents:
    """Latents that :func:`build` wrote, held in memory as float16.

    Args:
        folder: the cache.

    Raises:
        SettingError: if the folder is no cache or has no whole shard yet.
    """

    def __init__(self, folder: Path) -> None:
        self.description = read_description(folder)
        pieces: list[AV[Tensor]] = []
        self.captions: list[str] = []
        for path in sorted(folder.glob("shard-*.safetensors")):
            with safe_open(path, "pt") as shard:
                pieces.append(NAMES.map(shard.get_tensor))
                self.captions += json.loads(shard.metadata()["captions"])
        if not pieces:
            raise SettingError(f"{folder} holds no latents yet: {ADVICE}")
        self.latents = AV(torch.cat([piece.video for piece in pieces]), torch.cat([piece.audio for piece in pieces]))

    def __len__(self) -> int:
        return len(self.captions)

    def take(self, indices: Sequence[int]) -> LatentBatch:
        """Cached clips by index."""
        chosen = torch.as_tensor(list(indices))
        return LatentBatch(self.latents.map(lambda side: side[chosen].float()), [self.captions[i] for i in indices])


def build(
    folder: Path,
    codec: Codec,
    shape: ClipShape,
    first_seed: int,
    count: int,
    *,
    shard: int = 256,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Draw, encode and store ``count`` scenes; continues where an earlier call stopped.

    Args:
        folder: of the cache; made when missing.
        codec: encodes the clips; its weights are part of the cache's identity.
        shape: of the clips.
        first_seed: seed of the first scene; the last is ``first_seed + count - 1``.
        count: number of scenes; more may be added by a later call with a larger count.
        shard: scenes a file.
        workers: processes, each with one thread.
        progress: told how many scenes were just added.

    Raises:
        SettingError: if the folder holds latents of other scenes, another codec or another shape.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _describe(folder, describe(codec, shape, first_seed))
    starts = range(first_seed, first_seed + count, shard)
    jobs = [
        (_shard_path(folder, start - first_seed), start, min(shard, first_seed + count - start))
        for start in starts
        if _scenes_in(_shard_path(folder, start - first_seed)) < min(shard, first_seed + count - start)
    ]
    for added in _written(codec, shape, jobs, workers):
        if progress:
            progress(added)


def scenes_in(folder: Path) -> int:
    """Scenes that a cache holds; none where there is no cache."""
    return sum(_scenes_in(path) for path in folder.glob("shard-*.safetensors"))


def describe(codec: Codec, shape: ClipShape, first_seed: int) -> dict[str, Any]:
    """What a cache's latents depend on."""
    sides = AV(codec.video, codec.audio).map(lambda part: fingerprint(part.encoder))
    return {
        "generator": VERSION,
        "codec": asdict(sides),
        "shape": {key: str(value) for key, value in asdict(shape).items()},
        "first_seed": first_seed,
    }


def read_description(folder: Path) -> dict[str, Any]:
    """What made a cache.

    Raises:
        SettingError: if the folder is no cache.
    """
    try:
        return json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{folder} is neither a packed folder nor one of latents ({error}): name one that phonofilm prepare pack "
            f"made, or {ADVICE}"
        ) from error


def _describe(folder: Path, wanted: dict[str, Any]) -> None:
    if not (folder / DESCRIPTION).exists():
        write_atomically(folder / DESCRIPTION, json.dumps(wanted, indent=1).encode(), force=True)
    elif (found := read_description(folder)) != wanted:
        differing = ", ".join(key for key in wanted if found.get(key) != wanted[key])
        raise SettingError(f"{folder} holds latents made with another {differing}; choose another folder")


def _shard_path(folder: Path, offset: int) -> Path:
    return folder / f"shard-{offset:09d}.safetensors"


def _scenes_in(path: Path) -> int:
    if not path.exists():
        return 0
    with safe_open(path, "pt") as shard:
        return shard.get_slice(NAMES.video).get_shape()[0]


Job = tuple[Path, int, int]  # file, first seed, number of scenes
_worker: tuple[Codec, ClipShape]


def _written(codec: Codec, shape: ClipShape, jobs: list[Job], workers: int) -> Iterator[int]:
    """Write shards, in this process or in several; gives each one's number of scenes as it is done."""
    if workers == 1:
        yield from (_write_shard(codec, shape, job) for job in jobs)
        return
    with helpers(workers, _start_worker, codec, shape) as pool:
        running: list[Future[int]] = [pool.schedule(_work, (job,)) for job in jobs]
        for written in as_completed(running):
            yield written.result()


def _start_worker(codec: Codec, shape: ClipShape) -> None:
    global _worker
    _worker = (codec, shape)


def _work(job: Job) -> int:
    return _write_shard(*_worker, job)


def _write_shard(codec: Codec, shape: ClipShape, job: Job) -> int:
    path, first_seed, count = job
    source = DrawnLatents(codec, shape, first_seed, count)
    batches = [source.take(indices) for indices in _chunks(count, 8)]
    latents = AV(
        torch.cat([batch.latents.video for batch in batches]), torch.cat([batch.latents.audio for batch in batches])
    ).map(lambda side: side.half().contiguous())
    captions = [caption for batch in batches for caption in batch.captions]
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    tensors = {NAMES.video: latents.video, NAMES.audio: latents.audio}
    write(tensors, partial, metadata={"captions": json.dumps(captions)})
    os.replace(partial, path)
    return count


def _chunks(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(start + size, count))
