"""Could what is heard in a clip come from what is seen? The cosine of ImageBind's embeddings (arXiv 2305.05665).

As ``phonofilm score`` measures ``imagebind-audio-video`` of one clip: three stretches of sound and five of picture. It
does not tell when things are heard: sound that is shifted within the clip scores nearly the same.

Pictures are made small before the network's own resizing, which has no antialiasing; so a clip's number differs a
little from that of the same clip in its full size.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from phonofilm.data.ingest.plugins import Form
from phonofilm.plugins._weighted import Weighted

if TYPE_CHECKING:
    from phonofilm.metrics import Published, Subject
    from phonofilm.metrics.imagebind_audio_video import ImageBindAudioVideo


class ImageBind(Weighted):
    """``similarity`` of picture and sound, -1 to 1."""

    name = "imagebind"
    gives = ("similarity",)
    form = Form(size=224, sample_rate=16_000)
    needed = 12

    @classmethod
    def published(cls) -> Published:
        """ImageBind's."""
        from phonofilm.metrics._features.imagebind import ImageBindSound

        return ImageBindSound.published

    @property
    def version(self) -> int:
        """Of this, the metric and both readings."""
        metric = self._metric
        return 1 + metric.version + metric.picture.version + metric.sound.version

    def warm(self) -> None:
        """See the class above."""
        _ = self._metric.sound.network

    def found(self, subject: Subject) -> Mapping[str, float]:
        """See the class."""
        both = self._metric.measure(subject)
        return {"similarity": self._metric.agree(both.one, both.other)}

    @cached_property
    def _metric(self) -> ImageBindAudioVideo:
        from phonofilm.metrics.imagebind_audio_video import ImageBindAudioVideo

        return ImageBindAudioVideo.of(self.given)


plugin = ImageBind
