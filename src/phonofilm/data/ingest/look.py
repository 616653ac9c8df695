"""A clip's pictures and sound in small: for captions and contact sheets, never for training."""

from __future__ import annotations

import base64
import io
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np

from phonofilm.data.ingest.rows import SourceRow
from phonofilm.errors import MediaError
from phonofilm.media.read import read
from phonofilm.media.span import Span
from phonofilm.shapes import nearest

SPEECH_RATE = 16_000
"""Samples a second that models which listen are sent."""


def picture_time(row: SourceRow, span: Span) -> tuple[Fraction, Fraction]:
    """When a clip's picture begins, in seconds after the film's origin, and how long it is.

    Raises:
        MediaError: if the film has no picture.
    """
    if row.video is None or not span.frames:
        what = "clips of it cannot" if row.video is None else "this clip cannot"
        raise MediaError(f"{row.path} has no picture here: {what} be looked at")
    tick = row.video.time_base
    return span.first_pts * tick - row.origin, (span.end_pts - span.first_pts) * tick


def pictures(place: Path, row: SourceRow, span: Span, count: int, height: int) -> np.ndarray:
    """Pictures at equal distances over the clip, uint8 ``(count, height, width, 3)`` in the film's shape.

    Raises:
        MediaError: if the film is damaged or has no picture.
    """
    begin, length = picture_time(row, span)
    assert row.video is not None
    width = max(nearest(Fraction(row.video.width * height, row.video.height)), 1)
    clip = read(
        place, start=max(begin, Fraction(0)), seconds=length, fps=count / length, size=(height, width), audio=False
    )
    assert clip.frames is not None
    return clip.frames


def sound(place: Path, row: SourceRow, span: Span, rate: int | None = None) -> np.ndarray:
    """The clip's sound on one channel, float32 ``(sample,)``; empty without sound.

    Raises:
        MediaError: if the film is damaged.
    """
    if row.audio is None or not span.samples:
        return np.zeros(0, np.float32)
    own = row.audio.sample_rate
    begin, length = Fraction(span.first_sample, own), Fraction(span.samples, own)
    clip = read(place, start=begin, seconds=length, sample_rate=rate, channels=1, video=False)
    assert clip.audio is not None
    return clip.audio[0]


def envelope(samples: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest sample of each of ``columns`` equal stretches (fewer where there are fewer samples)."""
    if not len(samples):
        return samples, samples
    starts = np.unique(np.linspace(0, len(samples), columns, endpoint=False).astype(int))
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


def jpeg(picture: np.ndarray, quality: int = 80) -> bytes:
    """A uint8 RGB picture ``(height, width, 3)`` as the bytes of a JPEG file."""
    import cv2

    whole, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not whole:
        raise MediaError(f"a picture of {picture.shape} does not become a JPEG: choose another height")
    return data.tobytes()


def wav(samples: np.ndarray, rate: int) -> bytes:
    """Sound on one channel, float ``(sample,)`` in [-1, 1], as the bytes of a 16-bit WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def data_url(kind: str, data: bytes) -> str:
    """Bytes as a URL that holds them, for example of kind ``image/jpeg``."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
