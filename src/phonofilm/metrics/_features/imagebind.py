"""ImageBind (arXiv 2305.05665), ``imagebind_huge``: pictures, sounds and sentences in one space.

What the network is shown is what facebookresearch/ImageBind (``imagebind/data.py``) shows it, in its own words:

* sound: the **first channel** at 16 kHz; three stretches of 2 s, evenly from the beginning to the end (a shorter
  sound whole); Kaldi's filter bank of 128 mels, filled up with zeros or cut to 204 frames, ``(x + 4.268) / 9.138``;
* picture: five stretches of 2 s, evenly from the beginning to the end, of each the first and the last frame;
  shorter side to 224 pixels (bilinear, without antialiasing), three squares (left, middle, right, or top, middle,
  bottom); a film shorter than 2 s gives the same stretch five times;
* a clip's embedding is the mean of those of its stretches and squares, not normalised again;
* single frames: shorter side to 224 by Pillow's bicubic, the middle square, shown twice in place of a pair;
* sentences: CLIP's 77 tokens, of which a longer one keeps the end token.

Sound gets to 16 kHz by soxr, where public code has torchaudio's windowed sinc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from phonofilm.errors import SettingError
from phonofilm.metrics._features import _imagebind
from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._imagebind import ImageBindNet
from phonofilm.metrics._features._kaldi import fbank
from phonofilm.metrics._features._openai import TOKENS, Tokens, first_channel, frames_of, normalised, squares
from phonofilm.metrics._features._reader import Reader
from phonofilm.metrics._given import Given, Opened, Published
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.pair import AV

RATE = 16_000
STRETCH = 2
STRETCHES = AV(5, 3)
MEAN, DEVIATION = -4.268, 9.138
UNUSED = ("depth", "thermal", "imu")
AT_ONCE = 8
"""Pictures shown to the network together."""

IMAGEBIND = Published(
    name="imagebind",
    what="ImageBind (huge) by Meta, 1.2 billion weights",
    home="https://dl.fbaipublicfiles.com/imagebind/imagebind_huge.pth",
    licence="CC BY-NC-SA 4.0: not for commercial use",
    sha256="d6f6c22bedcc90708448d5d2fbb7b2db9c73f505dc89bd0b2e09b23af1b62157",
)


class _ImageBind(Reader):
    """What all readings share: the network and how it reads sentences."""

    published = IMAGEBIND
    needs = (IMAGEBIND, TOKENS)

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self._words: Opened | None = given.open(TOKENS) if given.has((TOKENS,)) else None

    def load(self) -> torch.nn.Module:
        """The three trunks that look, listen and read."""
        path = self.opened.path
        state = tensors(checkpoint(path), path)
        used = {name: value for name, value in state.items() if (*name.split("."), "")[1] not in UNUSED}
        return frozen(ImageBindNet(_imagebind.PUBLISHED), used, path, self.device)

    @cached_property
    def tokens(self) -> Tokens:
        """CLIP's tokenizer."""
        if self._words is None:
            raise SettingError(f"ImageBind reads sentences by CLIP's tokens: --weights {TOKENS.name}={TOKENS.home}")
        return Tokens(self._words.path)

    def sentence(self, text: str) -> np.ndarray:
        """The embedding ``(d,)`` of a sentence."""
        return self.network.sentences(self.tokens([text]).to(self.device))[0].cpu().numpy()


class Listening(_ImageBind):
    """Readings of sounds."""

    resampler = f"first channel, soxr HQ to {RATE} Hz"

    def heard(self, sound: np.ndarray) -> np.ndarray:
        """The embedding ``(d,)`` of a sound ``(sample,)`` at 16 kHz.

        Raises:
            MediaError: if it is shorter than 25 ms.
        """
        begins = [int(start * RATE) for start in starts(len(sound) / RATE, STRETCHES.audio)]
        apart = begins if any(begins) else begins[:1]  # three times the same has the same mean
        shown = [spectrogram(sound[begin : begin + STRETCH * RATE]) for begin in apart]
        return self.network.sounds(torch.stack(shown).to(self.device)).mean(dim=0).cpu().numpy()


class ImageBindSound(Listening):
    """The embedding of a clip's sound, ``features`` ``(d,)``."""

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        return {"features": self.heard(first_channel(subject, RATE))}


class ImageBindPicture(_ImageBind):
    """The embedding of a clip's picture, ``features`` ``(d,)``."""

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        shown = torch.cat([three(pair) for pair in pairs(frames_of(subject), subject.facts.fps)])
        return {"features": _in_pieces(self.network.pictures, shown, self.device).mean(axis=0)}


class ImageBindFrames(_ImageBind):
    """The embedding of every frame, ``features`` ``(frame, d)``."""

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        frames, side = frames_of(subject), _imagebind.PUBLISHED.side
        parts = (frames[place : place + AT_ONCE] for place in range(0, len(frames), AT_ONCE))
        found = [self._shown(squares(part, side)) for part in parts]
        return {"features": np.concatenate(found)}

    def _shown(self, pictures: Tensor) -> np.ndarray:
        twice = pictures[:, :, None].expand(-1, -1, 2, -1, -1)
        return self.network.pictures(twice.to(self.device)).cpu().numpy()


def starts(seconds: float, count: int) -> list[Fraction]:
    """Where ``count`` stretches of 2 s begin that lie evenly from the beginning to the end of a clip.

    The length is rounded as public code rounds it, so that no stretch begins a frame or a sample beside it.
    """
    return [place * Fraction(max(seconds - STRETCH, 0)) / (count - 1) for place in range(count)]


def spectrogram(sound: np.ndarray) -> Tensor:
    """What is looked at of 2 s of sound, ``(1, mels, steps)``."""
    sizes = _imagebind.PUBLISHED
    bands = fbank(torch.from_numpy(np.ascontiguousarray(sound)), RATE, sizes.mels).T
    filled = pad(bands, (0, max(sizes.steps - bands.shape[1], 0)))[:, : sizes.steps]
    return (filled[None] - MEAN) / DEVIATION


def pairs(frames: np.ndarray, fps: Fraction) -> Iterator[np.ndarray]:
    """First and last frame of each stretch, uint8 ``(2, height, width, 3)``."""
    rate = float(fps)
    for start in starts(len(frames) / rate, STRETCHES.video):
        first = min(math.ceil(float(start) * rate), len(frames) - 1)
        past = min(math.ceil(float(start + STRETCH) * rate), len(frames))
        yield frames[[first, max(first, past - 1)]]


def three(pair: np.ndarray) -> Tensor:
    """Three squares of a pair of frames ``(2, height, width, 3)``, as ``(3, 3, 2, side, side)``; one if all are one."""
    side = _imagebind.PUBLISHED.side
    height, width = pair.shape[1:3]
    high, wide = (math.floor(length / min(height, width) * side) for length in (height, width))
    pixels = torch.from_numpy(np.ascontiguousarray(pair.transpose(0, 3, 1, 2))).float() / 255
    small = normalised(interpolate(pixels, (high, wide), mode="bilinear", align_corners=False))
    excess = max(high, wide) - side
    places = (0, math.ceil(excess / 2), excess) if excess else (0,)
    cuts = [small.narrow(2 if width < height else 3, place, side) for place in places]
    return torch.stack(cuts).transpose(1, 2)


def _in_pieces(network: torch.nn.Module, shown: Tensor, device: torch.device) -> np.ndarray:
    return np.concatenate([network(some.to(device)).cpu().numpy() for some in shown.split(AT_ONCE)])
