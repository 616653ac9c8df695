"""What OpenAI's CLIP and its heirs (ImageBind, LanguageBind) look at, listen to and read."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from phonofilm.errors import WeightsError
from phonofilm.media.resample import resample_audio
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
BEGIN, END, LENGTH = "<|startoftext|>", "<|endoftext|>", 77

TOKENS = Published(
    name="clip-tokenizer",
    what="the byte-pair vocabulary of OpenAI's CLIP, 49,408 tokens, as a file tokenizer.json",
    home="hf://openai/clip-vit-base-patch32/tokenizer.json",
    licence="MIT",
)


def frames_of(subject: Subject) -> np.ndarray:
    """A clip's frames, uint8 ``(frame, height, width, 3)``.

    Raises:
        MediaError: if there is no picture.
    """
    subject.check(AV(True, False))
    frames = subject.clip.frames
    assert frames is not None  # just checked
    return frames


def first_channel(subject: Subject, rate: int) -> np.ndarray:
    """The first channel of a clip's sound at ``rate``, float32 ``(sample,)``: what Kaldi's filter bank takes of many.

    Raises:
        MediaError: if there is no sound.
    """
    subject.check(AV(False, True))
    sound = subject.clip.audio
    assert sound is not None  # just checked
    return resample_audio(sound[:1], subject.clip.sample_rate, rate)[0]


def short_side(frames: np.ndarray, size: int) -> np.ndarray:
    """The shorter side becomes ``size`` by Pillow's bicubic (antialiased, in 8 bits); the longer one is rounded down.

    That is torchvision's ``Resize(size, BICUBIC)`` of a Pillow image, to the last level.

    Args:
        frames: uint8 ``(frame, height, width, 3)``.
        size: pixels.
    """
    height, width = frames.shape[1:3]
    short = min(height, width)
    if short == size:
        return frames
    wanted = (int(size * width / short), int(size * height / short))
    return np.stack([np.asarray(Image.fromarray(one).resize(wanted, Image.Resampling.BICUBIC)) for one in frames])


def middle(frames: np.ndarray, size: int) -> np.ndarray:
    """The middle square of ``(frame, height, width, 3)``; halves round to even offsets."""
    height, width = frames.shape[1:3]
    top, left = round((height - size) / 2), round((width - size) / 2)
    return frames[:, top : top + size, left : left + size]


def normalised(pixels: Tensor) -> Tensor:
    """``(x - mean) / deviation`` of CLIP's training pictures, for ``(..., 3, height, width)`` in [0, 1]."""
    return (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def squares(frames: np.ndarray, size: int) -> Tensor:
    """Pictures as CLIP looks at them: uint8 ``(frame, height, width, 3)`` to float ``(frame, 3, size, size)``."""
    cut = middle(short_side(frames, size), size)
    return normalised(torch.from_numpy(np.ascontiguousarray(cut.transpose(0, 3, 1, 2))).float() / 255)


class Tokens:
    """Sentences as CLIP reads them: begin, byte pairs of the lower-case text, end, then padding, 77 in all.

    A longer text loses its end, not the end token. HTML entities are resolved, as public code does; damaged Unicode
    is not mended (public code asks the package ftfy to).

    Args:
        path: a ``tokenizer.json``, or a folder that has one.

    Raises:
        WeightsError: if there is none, or one of another network.
    """

    def __init__(self, path: Path) -> None:
        file = path / "tokenizer.json" if path.is_dir() else path
        try:
            self.pairs = Tokenizer.from_file(str(file))
        except Exception as error:  # what tokenizers raises
            raise WeightsError(f"{file} cannot be read as a tokenizer ({error}): get it from {TOKENS.home}") from error
        begin, end = self.pairs.token_to_id(BEGIN), self.pairs.token_to_id(END)
        if begin is None or end is None:
            raise WeightsError(f"{file} does not know {BEGIN} and {END}: get CLIP's tokenizer from {TOKENS.home}")
        self.begin, self.end = begin, end

    def __call__(self, texts: Sequence[str], padding: int = 0) -> Tensor:
        """Token numbers, int64 ``(text, 77)``, filled up with ``padding``."""
        rows = torch.full((len(texts), LENGTH), padding)
        for row, text in zip(rows, texts, strict=True):
            plain = html.unescape(html.unescape(text)).strip()
            pairs = self.pairs.encode(plain, add_special_tokens=False).ids[: LENGTH - 2]
            row[: len(pairs) + 2] = torch.tensor([self.begin, *pairs, self.end])
        return rows
