"""How much later a clip's sound is than its picture, as Synchformer judges it (arXiv 2401.16423).

The published way of asking: one window of 4.8 s, 14 overlapping segments in the middle of the clip's first 5 s, as
``phonofilm score`` asks for ``desync-synchformer``. Clips shorter than 5 s are not measured. The network chooses among
21 offsets, from -2 to 2 s in steps of 0.2 s: an offset of 0 means less than 0.1 s. What is out of sync by more than
2 s, or where nothing is seen to sound, gets some offset with little confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from phonofilm.data.ingest.plugins import Form
from phonofilm.errors import MediaError
from phonofilm.plugins._weighted import Weighted

if TYPE_CHECKING:
    from phonofilm.metrics import Published, Subject
    from phonofilm.metrics._features.synchformer import Offsets


class Synchformer(Weighted):
    """``offset`` in seconds, positive where the sound is late; ``confidence``, the probability given to it."""

    name = "synchformer"
    gives = ("offset", "confidence")
    form = Form(fps=Fraction(25), size=256, sample_rate=16_000, seconds=Fraction(5))
    needed = 4

    @classmethod
    def published(cls) -> Published:
        """Synchformer's."""
        from phonofilm.metrics._features.synchformer import WEIGHTS

        return WEIGHTS

    @property
    def version(self) -> int:
        """Of this, the metric and the segments."""
        from phonofilm.metrics.desync_synchformer import metric

        return 1 + metric.version + self._offsets.segments.version

    def warm(self) -> None:
        """See the class above."""
        _ = self._offsets.segments.network

    def found(self, subject: Subject) -> Mapping[str, float]:
        """See the class."""
        from phonofilm.metrics._features.synchformer import FPS, RATE
        from phonofilm.metrics.desync_synchformer import metric

        facts, seconds = subject.facts, metric.needs()
        if facts.frames < seconds * FPS or facts.samples < seconds * RATE:
            raise MediaError(f"it has less than {seconds} s of picture and sound")
        offsets = self._offsets
        segments = subject.read(offsets.segments)
        (line,) = offsets.lines(len(segments["video"]))
        (early,) = subject.read(offsets)["offset"]
        sure = offsets.logits(segments, line).softmax(dim=0).max()
        return {"offset": round(0.0 - float(early), 3), "confidence": float(sure)}

    @cached_property
    def _offsets(self) -> Offsets:
        from phonofilm.metrics._features.synchformer import Offsets, Synchformer
        from phonofilm.metrics.desync_synchformer import metric

        return Offsets(Synchformer(self.given, metric.cut()), metric.name, metric.lines)


plugin = Synchformer
