"""Batches of packed clips or latents: shuffled as a function of (seed, epoch), resumable, split over ranks.

The order of an epoch is a pure function of seed, epoch and the windows' places: shards are permuted, then the
windows of a few neighbouring shards at a time, so that far or slow disks are read shard by shard. Shards hold clips
from anywhere (:func:`phonofilm.data.packed.shards.shard_order`), which makes that as good as a shuffle of everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pebble import ProcessPool
from torch import Tensor

from phonofilm.data.packed.folder import Entry, Indices, Packed
from phonofilm.data.packed.latent_shards import LatentWindows
from phonofilm.data.packed.windows import Arrays, ClipWindows, Cutting, Windows
from phonofilm.errors import SettingError
from phonofilm.pair import AV
from phonofilm.workers import helpers

MIXED = 8
"""Neighbouring shards whose windows are shuffled together."""
AHEAD = 2
"""Batches handed to the helping processes for each of them."""
EPOCH, DONE = "epoch", "batch"


@dataclass(frozen=True)
class Batch:
    """Some windows.

    Attributes:
        content: of clips, uint8 ``(B, F, H, W, 3)`` beside float32 ``(B, channel, sample)``; of latents, float32
            ``(B, C, F, h, w)`` beside ``(B, C, T, M)``. A side that no window of the batch has is ``None``.
        present: bool ``(B,)``: which windows have the side. A row without it holds no data: it is NaN, which spoils
            every sum that it gets into, or black where pictures are bytes, which have no NaN.
        captions: one a window; empty where nobody wrote one.
        keys: names of the clips.
    """

    content: AV[Tensor | None]
    present: AV[Tensor]
    captions: tuple[str, ...]
    keys: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)


def collate(windows: Sequence[Arrays], entries: Sequence[Entry]) -> Batch:
    """A batch of windows that were read."""
    sides = AV([window.video for window in windows], [window.audio for window in windows])
    return Batch(
        sides.map(_stacked),
        sides.map(lambda side: torch.tensor([one is not None for one in side])),
        tuple(entry.caption for entry in entries),
        tuple(entry.clip_id for entry in entries),
    )


def take(windows: Windows, chosen: Indices) -> Batch:
    """Windows by number, read in this process.

    Raises:
        MediaError: naming shard and clip, if one cannot be read.
    """
    entries = windows.packed.entries(windows.clip[list(chosen)])
    return collate(windows.job(chosen, entries).run(), entries)


class Loader:
    """Batches of one epoch each time it is iterated; stopped anywhere, it goes on there.

    Batch ``n`` of rank ``r`` is windows ``(n * world + r) * batch`` and following of the epoch's order, so that ranks
    share each epoch without overlap, and one rank of ``world * batch`` sees in a step what ``world`` ranks see. What
    remains at an epoch's end is divided as evenly as it goes: a shorter last batch for each rank, and none for some
    when fewer windows than ranks remain. Where all ranks must take the same number of steps, ``drop_rest`` leaves
    that batch out; which windows it held differs from epoch to epoch.

    Args:
        windows: what is read.
        batch: windows a batch and rank.
        seed: of the order.
        rank, world: which of how many processes that share the windows.
        workers: processes that read and decode; 0: this one does. Batches do not depend on it.
        drop_rest: leave out the last, shorter batch.

    Raises:
        SettingError: for numbers that make no sense.
    """

    def __init__(
        self,
        windows: Windows,
        batch: int,
        *,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        drop_rest: bool = False,
    ) -> None:
        if batch < 1 or workers < 0 or not 0 <= rank < world:
            raise SettingError(
                f"batch {batch}, rank {rank} of {world}, {workers} workers: batch must be 1 or more, rank below world"
            )
        self.windows, self.batch, self.seed = windows, batch, seed
        self.rank, self.world, self.workers, self.drop_rest = rank, world, workers, drop_rest
        self.epoch, self.done = 0, 0

    @classmethod
    def open(
        cls,
        place: str | Path,
        cutting: Cutting | None = None,
        *,
        latents: str | None = None,
        split: str | None = None,
        leave_short: bool = False,
        **options: Any,
    ) -> Loader:
        """A loader of a packed folder or URL.

        Args:
            place: path or fsspec URL.
            cutting: the windows to be cut from clips.
            latents: name of a folder of latents beside the clips, instead.
            split: only its clips.
            leave_short: clips too short for a window are left out.
            options: of :class:`Loader`.

        Raises:
            MediaError: if there is nothing of that kind.
            SettingError: unless one of ``cutting`` and ``latents`` is given.
        """
        if (cutting is None) == (latents is None):
            raise SettingError("a loader reads clips or latents: give it a cutting, or the name of a latents folder")
        packed = Packed(place, split)
        if latents is not None:
            return cls(LatentWindows(packed, latents, leave_short), **options)
        assert cutting is not None
        return cls(ClipWindows(packed, cutting, leave_short), **options)

    def __len__(self) -> int:
        """Batches of an epoch, for this rank."""
        full = len(self.windows.clip) // (self.batch * self.world)
        return full + (not self.drop_rest and len(self._places(full)) > 0)

    def __iter__(self) -> Iterator[Batch]:
        """The batches that remain of this epoch; the next iteration gives the next epoch.

        Raises:
            MediaError: naming shard and clip, if one cannot be read. No window is ever passed over.
        """
        order = epoch_order(self._shards, self.seed, self.epoch)
        for batch in self._read(order[list(self._places(number))] for number in range(self.done, len(self))):
            self.done += 1
            yield batch
        self.epoch, self.done = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: after the batch given last, whatever was read ahead."""
        return {EPOCH: self.epoch, DONE: self.done, **self._identity}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another loader stood.

        Raises:
            SettingError: if that one had other windows, seed, batch or ranks, with which the place means another.
        """
        wanted = self._identity
        differing = [name for name in wanted if state.get(name) != wanted[name]]
        if differing:
            raise SettingError(
                f"the loader to be continued had another {', '.join(differing)}: use the same, or begin a new epoch"
            )
        self.epoch, self.done = state[EPOCH], state[DONE]

    @property
    def _identity(self) -> dict[str, Any]:
        return {
            "windows": self.windows.digest,
            "seed": self.seed,
            "batch size": self.batch,
            "world": self.world,
            "drop_rest": self.drop_rest,
        }

    @property
    def _shards(self) -> np.ndarray:
        """Number of each window's shard."""
        return np.asarray(self.windows.packed.table["shard"])[self.windows.clip]

    def _places(self, number: int) -> range:
        """Places of a batch of this rank in the epoch's order."""
        total, size = len(self.windows.clip), self.batch * self.world
        first = number * size
        rest = min(total - first, size)
        if rest == size:
            return range(first + self.rank * self.batch, first + (self.rank + 1) * self.batch)
        return range(first + self.rank * rest // self.world, first + (self.rank + 1) * rest // self.world)

    def _read(self, batches: Iterator[np.ndarray]) -> Iterator[Batch]:
        """The batches, in their order, some of them read ahead by helping processes."""
        if not self.workers:
            yield from (take(self.windows, chosen) for chosen in batches)
            return
        with helpers(self.workers) as pool:
            yield from self._ahead(batches, pool)

    def _ahead(self, batches: Iterator[np.ndarray], pool: ProcessPool) -> Iterator[Batch]:
        running: deque[tuple[Future[list[Arrays]], list[Entry]]] = deque()

        def begin(count: int) -> None:
            for chosen in islice(batches, count):
                entries = self.windows.packed.entries(self.windows.clip[chosen])
                running.append((pool.schedule(self.windows.job(chosen, entries).run), entries))

        begin(AHEAD * self.workers)
        while running:
            future, entries = running.popleft()
            windows = future.result()
            begin(1)
            yield collate(windows, entries)


def epoch_order(shards: np.ndarray, seed: int, epoch: int, mixed: int = MIXED) -> np.ndarray:
    """Numbers of all windows in an epoch's order: a pure function, the same on any machine.

    Args:
        shards: of each window.
        seed, epoch: what the order depends on.
        mixed: neighbouring shards whose windows are shuffled together.
    """
    known, which = np.unique(shards, return_inverse=True)
    rank = np.empty(len(known), np.int64)
    rank[np.argsort(_drawn(seed, epoch, 1, known), kind="stable")] = np.arange(len(known))
    return np.lexsort((_drawn(seed, epoch, 2, np.arange(len(shards))), rank[which] // mixed))


def _drawn(seed: int, epoch: int, purpose: int, numbers: np.ndarray) -> np.ndarray:
    """A random 64-bit number for each number: splitmix64's finaliser (Steele et al. 2014), the same for ever."""
    first = (seed * 0x9E3779B97F4A7C15 + epoch * 0xBF58476D1CE4E5B9 + purpose * 0x94D049BB133111EB) & (2**64 - 1)
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(first)
    for _ in range(2):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _stacked(side: Sequence[np.ndarray | None]) -> Tensor | None:
    """The rows that are there, in their places; ``None`` where there are none."""
    known = next((one for one in side if one is not None), None)
    if known is None:
        return None
    missing = np.full_like(known, np.nan) if known.dtype.kind == "f" else np.zeros_like(known)
    return torch.from_numpy(np.stack([missing if one is None else one for one in side]))
