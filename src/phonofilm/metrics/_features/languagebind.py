"""LanguageBind (arXiv 2310.01852), the fully tuned networks for films and for sounds, each with the same text tower.

What the networks are shown is what PKU-YuanGroup/LanguageBind (``languagebind/video`` and ``audio``) shows them, less
what it leaves to chance:

* picture: 8 frames from first to last, places rounded down; shorter side to 224 pixels (bilinear, without
  antialiasing), the middle square, CLIP's mean and deviation. Public code mirrors half of all films, drawn at random,
  when it measures as well; here none is mirrored.
* sound: the first channel at 16 kHz, Kaldi's filter bank; a spectrogram longer than the network looks at (about 10 s)
  gives three pieces, a shorter one is repeated, three times the same; ``(x - mean) / (2 deviation)``. Public code takes
  each piece from a random place in its third of the places there are; here it is the first one.
* sentences: CLIP's 77 tokens.

Sizes, mels, lengths, means and deviations stand in the folder's ``config.json``, and are taken from there. Sound gets
to 16 kHz by soxr, where public code has torchaudio's windowed sinc.
"""

from __future__ import annotations

import json
import math
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from phonofilm.errors import SettingError, WeightsError
from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._kaldi import fbank
from phonofilm.metrics._features._languagebind import LanguageBindNet, Picture, Sizes
from phonofilm.metrics._features._openai import TOKENS, Tokens, first_channel, frames_of, normalised
from phonofilm.metrics._features._reader import Reader
from phonofilm.metrics._given import Given, Opened, Published
from phonofilm.metrics._subject import Arrays, Subject
from phonofilm.weights import UNFIT

RATE = 16_000
FILES = ("model.safetensors", "pytorch_model.bin")

VIDEO = Published(
    name="languagebind-video",
    what="LanguageBind for films, fully tuned, ViT-L/14",
    home="hf://LanguageBind/LanguageBind_Video_FT",
    licence="MIT",
)
AUDIO = Published(
    name="languagebind-audio",
    what="LanguageBind for sounds, fully tuned, ViT-L/14",
    home="hf://LanguageBind/LanguageBind_Audio_FT",
    licence="MIT",
)


class _LanguageBind(Reader):
    """What both have in common: the folder, and how sentences are read."""

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        self._words: Opened | None = given.open(TOKENS) if given.has((TOKENS,)) else None

    def load(self) -> torch.nn.Module:
        """The network that the folder describes."""
        folder = self.opened.path
        sizes = described(folder)
        self.check(sizes.picture)
        files = [folder / name for name in FILES if (folder / name).is_file()]
        if not files:
            raise WeightsError(f"{folder} has neither {' nor '.join(FILES)}: get it anew from {self.published.home}")
        state = tensors(checkpoint(files[0]), files[0])
        known = {name: value for name, value in state.items() if not name.endswith("position_ids")}
        return frozen(LanguageBindNet(sizes), known, files[0], self.device)

    def check(self, sizes: Picture) -> None:
        """Refuse another network of the family.

        Raises:
            WeightsError: naming the right one.
        """
        film = self.published is VIDEO
        if sizes.lora_r or sizes.add_time_attn != film or bool(sizes.num_mel_bins) == film or sizes.clip_type != "vl":
            raise WeightsError(
                f"{self.opened.path} is another network of LanguageBind: get {self.published.name} from "
                f"{self.published.home}"
            )

    @cached_property
    def tokens(self) -> Tokens:
        """CLIP's tokenizer."""
        if self._words is None:
            raise SettingError(f"LanguageBind reads sentences by CLIP's tokens: --weights {TOKENS.name}={TOKENS.home}")
        return Tokens(self._words.path)

    def sentence(self, text: str) -> np.ndarray:
        """The embedding ``(d,)`` of a sentence."""
        tokens = self.tokens([text], padding=self.tokens.end)
        return self.network.read(tokens.to(self.device))[0].cpu().numpy()


class LanguageBindPicture(_LanguageBind):
    """The embedding of a clip's picture, ``features`` ``(d,)``."""

    published = VIDEO
    needs = (VIDEO, TOKENS)

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        frames, sizes = frames_of(subject), self.network.sizes.picture
        chosen = frames[np.linspace(0, len(frames) - 1, sizes.num_frames, dtype=int)]
        return {"features": self.network.shown(middle(chosen, sizes.size[0]).to(self.device)).cpu().numpy()}


class LanguageBindSound(_LanguageBind):
    """The embedding of a clip's sound, ``features`` ``(d,)``."""

    published = AUDIO
    needs = (AUDIO, TOKENS)
    resampler = f"first channel, soxr HQ to {RATE} Hz"

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        sizes = self.network.sizes.picture
        bands = fbank(torch.from_numpy(first_channel(subject, RATE)), RATE, sizes.size[0])
        shown = (pieces(bands, sizes.size[1]) - sizes.audio_mean) / (2 * sizes.audio_std)
        return {"features": self.network.shown(shown[None].to(self.device)).cpu().numpy()}


def described(folder: Path) -> Sizes:
    """What a folder's ``config.json`` says.

    Raises:
        WeightsError: if it says nothing.
    """
    try:
        return Sizes.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (OSError, *UNFIT) as error:
        raise WeightsError(f"{folder} has no config.json that can be read: get it anew from {VIDEO.home}") from error


def middle(frames: np.ndarray, side: int) -> Tensor:
    """The middle squares of frames ``(frame, height, width, 3)``, as ``(frame, 3, side, side)``."""
    height, width = frames.shape[1:3]
    high, wide = (math.floor(length / min(height, width) * side) for length in (height, width))
    pixels = torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float() / 255
    small = normalised(interpolate(pixels, (high, wide), mode="bilinear", align_corners=False))
    top, left = round((high - side) / 2), round((wide - side) / 2)
    return small[..., top : top + side, left : left + side]


def pieces(bands: Tensor, length: int) -> Tensor:
    """Three pieces ``(3, mels, length)`` of a spectrogram ``(time, mels)``; see the module."""
    extra = len(bands) - length
    if extra <= 0:
        filled = bands.repeat(length // len(bands) + 1, 1)[:length]
        return filled.T.expand(3, -1, -1)
    thirds = np.array_split(np.arange(extra + 1), 3)
    begins = [int(third[0]) if len(third) else 0 for third in thirds]
    return torch.stack([bands[begin : begin + length].T for begin in begins])
