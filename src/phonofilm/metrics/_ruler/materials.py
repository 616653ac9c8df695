"""What things are made of: in words, by their look and by their sound."""

from __future__ import annotations

import re
from math import ceil

import numpy as np
import torch
from torch import Tensor, nn

from phonofilm.metrics._ruler.ear import BANDS
from phonofilm.metrics._ruler.eye import scaled_down
from phonofilm.metrics._ruler.layers import scaled
from phonofilm.pair import AV

NAMES = ("wood", "metal", "glass", "ceramic", "drum skin", "plastic", "gravel", "leaves")
"""The materials that the classifiers know, in the order of their outputs."""
WORDS = {
    "wood": "wood", "wooden": "wood", "metal": "metal", "glass": "glass", "ceramic": "ceramic", "drum": "drum skin",
    "plastic": "plastic", "gravel": "gravel", "leaves": "leaves", "leaf": "leaves",
}  # fmt: skip
FRAMES, SIDE = 8, 64
"""The picture classifier looks at this many frames spread over the clip, of this height and width."""
_OFF_SCREEN = re.compile(r"^(.*) (?:while|and|with) (.* off screen)$")
_SILENT = re.compile(r" (?:without a sound|in silence|silently)$")


def named(prompt: str) -> AV[frozenset[str]]:
    """The materials that a sentence says are seen and heard.

    A sentence is cut at "while", and before what happens off screen. The first material of each piece is the one
    that sounds (a glass ball bounces on wood: glass). What is off screen is not seen; what is silent is not heard.
    """
    text = " ".join(prompt.lower().split())
    loud = _SILENT.sub("", text)
    away = _OFF_SCREEN.match(loud)
    on_screen, off_screen = (away[1], [away[2]]) if away else (loud, [])
    seen = _firsts(on_screen.split(" while "))
    heard = frozenset() if loud != text else seen | _firsts(off_screen)
    return AV(seen, heard)


def _firsts(pieces: list[str]) -> frozenset[str]:
    words = (re.findall(r"[a-z]+", piece) for piece in pieces)
    known = (next((WORDS[word] for word in piece if word in WORDS), None) for piece in words)
    return frozenset(name for name in known if name is not None)


def stills(frames: np.ndarray) -> Tensor:
    """``FRAMES`` frames uint8 ``(FRAMES, 3, SIDE, SIDE)`` spread evenly over ``(frame, height, width, 3)``."""
    chosen = [min(len(frames) - 1, ceil((i + 0.5) * len(frames) / FRAMES) - 1) for i in range(FRAMES)]
    return torch.from_numpy(scaled_down(frames[chosen], SIDE)).permute(0, 3, 1, 2)


class PictureMaterial(nn.Module):
    """Which material is seen: stills ``(B, FRAMES, 3, SIDE, SIDE)`` in 0 .. 255 to logits ``(B, len(NAMES))``."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(scaled(3, 24, 2), scaled(24, 32, 2), scaled(32, 48, 2), scaled(48, 64, 2))
        self.head = nn.Linear(2 * 64, len(NAMES))

    def forward(self, frames: Tensor) -> Tensor:
        """Logits."""
        seen = self.picture((frames.float() / 127.5 - 1).flatten(0, 1)).unflatten(0, frames.shape[:2])
        return self.head(torch.cat([seen.mean(dim=(1, 3, 4)), seen.amax(dim=(1, 3, 4))], dim=1))


class SoundMaterial(nn.Module):
    """Which material is heard: the ear's log-mel ``(B, T, BANDS)`` to logits ``(B, len(NAMES))``."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = nn.Sequential(scaled(1, 16, 2), scaled(16, 32, 2), scaled(32, 48, 2))
        self.head = nn.Linear(2 * 48 * (BANDS // 8), len(NAMES))

    def forward(self, sound: Tensor) -> Tensor:
        """Logits."""
        heard = self.sound(((sound + 2) / 3)[:, None])
        return self.head(torch.cat([heard.mean(dim=2), heard.amax(dim=2)], dim=1).flatten(1))
