"""Small clips to pack, every one of them different, stored without loss so that what comes back can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.data.packed.rows import PackedClip, PackedPictures, PackedSound
from phonofilm.data.packed.shards import Sample, shard_order
from phonofilm.media import Clip
from phonofilm.media.span import Span
from phonofilm.media.write import film_bytes
from phonofilm.shapes import ClipShape

FPS, RATE, SIZE = Fraction(5), 8000, (14, 22)
WINDOW = ClipShape(Fraction(1), FPS, *SIZE, RATE)
COUNT = 11


def clip(number: int, seconds: int = 1, *, silent: bool = False) -> Clip:
    """Noise in picture and sound, of that number."""
    draw = np.random.default_rng(number)
    frames = draw.integers(0, 256, (int(FPS * seconds), *SIZE, 3), np.uint8)
    sound = draw.uniform(-1, 1, (1, RATE * seconds)).astype(np.float32)
    return Clip(frames, None if silent else sound, FPS, RATE)


def described(number: int, film: Clip) -> PackedClip:
    """The row of such a clip."""
    samples = 0 if film.audio is None else film.audio.shape[1]
    return PackedClip(
        clip_id=f"clip-{number:03d}",
        source_id=f"source{number // 3}",
        span=Span(0, len(film.frames), len(film.frames), 0, samples),
        split="train" if number % 4 else "validation",
        caption=f"noise number {number}, “ä”",
        video=PackedPictures(
            frames=len(film.frames), fps=FPS, seconds=len(film.frames) / FPS, height=SIZE[0], width=SIZE[1]
        ),
        audio=PackedSound(samples=samples, sample_rate=RATE, channels=1) if samples else None,
    )


def sample(number: int, seconds: int = 1, *, silent: bool = False) -> Sample:
    """Such a clip, to be packed."""
    made = clip(number, seconds, silent=silent)
    return Sample(described(number, made), film_bytes(made, Path("clip.mp4"), lossless=True))


def in_order(samples: Sequence[Sample]) -> Iterator[Sample]:
    """The samples as they are packed."""
    yield from sorted(samples, key=lambda one: shard_order(one.clip.clip_id))
