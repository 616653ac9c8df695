"""The modality that is handed in: a film's picture or sound, in the shape that a model works in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from phonofilm.codecs.base import Codec, frames_to_tensor
from phonofilm.errors import MediaError
from phonofilm.media.clip import Clip
from phonofilm.media.digest import file_sha256
from phonofilm.media.read import read
from phonofilm.pair import AV
from phonofilm.pipelines.request import Given, Source
from phonofilm.shapes import ClipShape

PICTURE, SOUND = AV(video=True, audio=False), AV(video=False, audio=True)


def take_given(film: Clip | str | Path, held: AV[bool], shape: ClipShape) -> Given:
    """One side of a film.

    Args:
        film: a file, which is cut and resampled to ``shape``; or a clip that has this shape already.
        held: which side to take.
        shape: of the clip to come.

    Raises:
        MediaError: if the film cannot be read, lacks that side, or is shorter than the clip.
    """
    if isinstance(film, Clip):
        _require(film, held, shape, "the clip")
        return Given(film, held)
    path = Path(film)
    clip = read(
        path,
        seconds=shape.seconds,
        fps=shape.fps,
        sample_rate=shape.sample_rate,
        channels=shape.channels,
        size=(shape.height, shape.width),
        video=held.video,
        audio=held.audio,
    )
    _require(clip, held, shape, str(path))
    return Given(clip, held, Source(str(path), file_sha256(path)))


def find_again(source: Source, held: AV[bool], shape: ClipShape, beside: Path) -> Given:
    """The side that a sidecar's clip was made for.

    Args:
        source: as the sidecar has it.
        held: which side it was.
        shape: of the clip to come.
        beside: the sidecar's folder, where the film is looked for if it is not where it was.

    Raises:
        MediaError: if the film is missing or not the same any more.
    """
    for path in (Path(source.path), beside / Path(source.path).name):
        if path.is_file() and file_sha256(path) == source.sha256:
            return take_given(path, held, shape)
    raise MediaError(f"the film that this clip was made for is missing or has changed: put {source.path} back")


def encode_given(codec: Codec, batch: Sequence[Given], device: torch.device) -> AV[Tensor | None]:
    """Latents of what a batch is given, ``(batch, ...)``; ``None`` for a side that is to be generated."""
    frames = [frames_to_tensor(one.clip.frames) for one in batch if one.held.video and one.clip.frames is not None]
    sounds = [torch.from_numpy(one.clip.audio[0]) for one in batch if one.held.audio and one.clip.audio is not None]
    return AV(
        codec.video.encode(torch.stack(frames).to(device)) if frames else None,
        codec.audio.encode(torch.stack(sounds).to(device)) if sounds else None,
    )


def _require(clip: Clip, held: AV[bool], shape: ClipShape, name: str) -> None:
    """Refuse a clip whose held side is missing, too short or, for a picture, of another size."""
    lengths = AV(None if clip.frames is None else len(clip.frames), None if clip.audio is None else clip.audio.shape[1])
    for is_held, length, stream in zip(held, lengths, _streams(shape), strict=True):
        if is_held:
            stream.require(length, name)
    if held.video and clip.frames is not None and clip.frames.shape[1:3] != (shape.height, shape.width):
        raise MediaError(
            f"{name} is not {shape.width}x{shape.height}: read it with size=({shape.height}, {shape.width})"
        )


@dataclass(frozen=True)
class _Stream:
    """What a clip of ``seconds`` needs of one side of a film: ``length`` of its ``units``."""

    noun: str
    units: str
    length: int
    seconds: float

    def require(self, found: int | None, name: str) -> None:
        if found is None:
            raise MediaError(f"{name} has no {self.noun}: choose a film with {self.noun}")
        if found != self.length:
            raise MediaError(
                f"{name} has {found} of the {self.length} {self.units} that {self.seconds:g} seconds need: "
                "choose a longer film or fewer --seconds"
            )


def _streams(shape: ClipShape) -> AV[_Stream]:
    seconds = float(shape.seconds)
    return AV(
        _Stream("picture", "frames", shape.frames, seconds),
        _Stream("sound", "samples", shape.samples, seconds),
    )
