"""How far sound and picture of one clip are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phonofilm.media.clip import Clip
from phonofilm.metrics import hear, offsets, see, times
from phonofilm.pair import AV


@dataclass(frozen=True)
class Sync:
    """What was seen and heard in a clip, and how it fits together.

    Attributes:
        events: seconds of the events seen and heard; ``None`` for a side that the clip lacks.
        offsets: sound minus picture in seconds for each matched pair; positive = the sound is late.
    """

    events: AV[tuple[float, ...] | None]
    offsets: tuple[float, ...]

    @property
    def offset_ms(self) -> float | None:
        """Median offset in milliseconds; ``None`` where nothing matched."""
        return float(np.median(self.offsets)) * 1000 if self.offsets else None

    def __str__(self) -> str:
        if self.events.video is None or self.events.audio is None:
            return "no picture to compare the sound with" if self.events.video is None else "no sound to compare with"
        found = f"{len(self.events.video)} events seen, {len(self.events.audio)} heard"
        if self.offset_ms is None:
            return f"sound and picture cannot be compared ({found})"
        late = "after" if self.offset_ms >= 0 else "before"
        return f"sound {abs(self.offset_ms):.0f} ms {late} the picture ({found}, {len(self.offsets)} together)"


def measure(clip: Clip) -> Sync:
    """Look and listen for events, and match what is seen with what is heard."""
    seen = None if clip.frames is None else times(see(clip))
    heard = None if clip.audio is None else times(hear(clip))
    apart = () if seen is None or heard is None else tuple(float(offset) for offset in offsets(seen, heard))
    return Sync(AV(_plain(seen), _plain(heard)), apart)


def _plain(found: np.ndarray | None) -> tuple[float, ...] | None:
    return None if found is None else tuple(float(time) for time in found)
