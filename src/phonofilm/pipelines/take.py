"""What a pipeline gives for a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from phonofilm.media.atomic import check_target, write_together
from phonofilm.media.clip import Clip
from phonofilm.media.digest import sha256
from phonofilm.media.write import film_bytes
from phonofilm.pipelines.sidecar import Sidecar, sidecar_path

Advance = Callable[[int], None]
"""Told how many sampling steps (of one clip each) were done since the last call."""


@dataclass(frozen=True)
class Timing:
    """Where the time of one batch went, in seconds, shared evenly by its clips.

    Attributes:
        encoding: text encoders, and the codec for a given modality.
        sampling: the sampler alone.
        decoding: latents to frames and sound.
    """

    encoding: float
    sampling: float
    decoding: float

    @property
    def total(self) -> float:
        """All three."""
        return self.encoding + self.sampling + self.decoding


@dataclass(frozen=True, eq=False)
class GeneratedClip(Clip):
    """A clip that knows how it was made.

    Attributes:
        sidecar: how to make it again. It says nothing of what was done to the clip afterwards: make a plain
            :class:`Clip` of changed frames or sound.
    """

    sidecar: Sidecar

    def save(self, path: str | Path, *, lossless: bool = False, force: bool = False) -> Path:
        """Write the film and, beside it, its sidecar: ``x.json`` beside ``x.mp4``, both or neither.

        Raises:
            MediaError: see :func:`phonofilm.media.write.write`.
        """
        path = Path(path)
        beside = sidecar_path(path)
        for one in (path, beside):
            check_target(one, force=force)
        film, sidecar = self.as_film(path, lossless=lossless)
        write_together({path: film, beside: sidecar.to_bytes()}, force=force)
        return path

    def as_film(self, path: Path, *, lossless: bool, **others: str) -> tuple[bytes, Sidecar]:
        """The bytes of a film of that name, and the sidecar that goes with it.

        Args:
            path: of the film.
            lossless: keep every bit.
            others: names of the files beside it, by kind.
        """
        film = film_bytes(self, path, lossless=lossless)
        names = {"film": path.name, **others}
        return film, replace(self.sidecar, files=names, lossless=lossless, film_sha256=sha256(film))


@dataclass(frozen=True)
class Take:
    """One generated clip.

    Attributes:
        clip: the film in memory.
        timing: how long it took.
    """

    clip: GeneratedClip
    timing: Timing

    @property
    def sidecar(self) -> Sidecar:
        """How to make the clip again."""
        return self.clip.sidecar
