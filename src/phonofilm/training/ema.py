"""Exponential moving average of everything that trains."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Average:
    """Averaged weights, started from the live ones.

    The decay rises as ``(1 + n) / (10 + n)`` to its final value, so that the average of a short run is
    not held back by its start.

    Args:
        live: the trained parameters by name.
        decay: final decay a step.
    """

    def __init__(self, live: Mapping[str, Tensor], decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.weights = {name: value.detach().clone() for name, value in live.items()}

    @torch.no_grad()
    def update(self, live: Mapping[str, Tensor]) -> None:
        """Move the average towards the live weights by one step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        own = list(self.weights.values())
        torch._foreach_lerp_(own, [live[name].detach() for name in self.weights], 1 - decay)
        self.updates += 1

    @torch.no_grad()
    def copy_to(self, live: Mapping[str, Tensor]) -> None:
        """Overwrite live weights with the average."""
        for name, value in self.weights.items():
            live[name].copy_(value)
