"""Which clip comes when: every epoch a fresh permutation, split over processes without overlap."""

from __future__ import annotations

import torch
from torch import Tensor


class Order:
    """Indices of a batch as a function of (seed, rank, batch number).

    Args:
        count: number of clips.
        seed: of the permutations.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self._epoch, self._permutation = -1, torch.empty(0)

    def batch(self, number: int, size: int, rank: int = 0, world: int = 1) -> list[int]:
        """Clip indices of this rank's part of global batch ``number``."""
        start = (number * world + rank) * size
        places = (divmod(position, self.count) for position in range(start, start + size))
        return [int(self._of(epoch)[place]) for epoch, place in places]

    def _of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(mixed_seed(self.seed, -1, epoch))
            self._epoch, self._permutation = epoch, torch.randperm(self.count, generator=generator)
        return self._permutation


def mixed_seed(seed: int, rank: int, index: int) -> int:
    """One 63-bit seed from three numbers, by splitmix64's finaliser (Steele et al. 2014)."""
    mask = 2**64 - 1
    mixed = (seed * 0x9E3779B97F4A7C15 + (rank + 2) * 0xBF58476D1CE4E5B9 + index * 0x94D049BB133111EB) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return (mixed ^ (mixed >> 31)) >> 1
