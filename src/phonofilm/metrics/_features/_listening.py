"""How published suites turn a film's sound into the one channel that their audio networks hear.

They differ, and a distance depends on it; so each definition names its rule, and the rule stands in the extractor's id
and in every score. All of them resample with torchaudio or ffmpeg; here it is soxr HQ, as everywhere in Phonofilm,
which lets no aliases through. Values can differ from published ones by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from phonofilm.errors import MediaError
from phonofilm.media.resample import resample_audio
from phonofilm.metrics._features._extractor import Extractor
from phonofilm.metrics._given import Given
from phonofilm.metrics._score import About
from phonofilm.metrics._subject import Subject
from phonofilm.pair import AV


@dataclass(frozen=True)
class Tags:
    """What a network that was trained on AudioSet says of sounds.

    Attributes:
        features: ``(B, width)``.
        logits: of the classes, ``(B, 527)``.
    """

    features: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Listening:
    """A rule. Its steps come in this order: one channel, mean over time, rate, length.

    Attributes:
        name: for ids.
        first: the first channel is heard; otherwise the mean of the channels.
        centred: the sound's mean over its whole length is taken off.
        longest: seconds; what comes later is cut. ``None``: nothing is.
        shortest: seconds; silence is added at the end up to there.
    """

    name: str
    first: bool
    centred: bool
    longest: float | None = None
    shortest: float = 0.0

    def words(self, rate: int) -> str:
        """The rule in words, for scores."""
        steps = (
            "first channel" if self.first else "mean of the channels",
            "less its mean over time" if self.centred else "",
            f"soxr HQ to {rate} Hz",
            "" if self.longest is None else f"first {self.longest:g} s",
            f"silence up to {self.shortest:g} s" if self.shortest else "",
        )
        return ", ".join(filter(None, steps))

    def __call__(self, subject: Subject, rate: int) -> Tensor:
        """A clip's sound, float32 ``(sample,)`` at ``rate`` samples a second.

        Raises:
            MediaError: if the clip has no sound.
        """
        subject.check(AV(False, True))
        audio = subject.clip.audio
        assert audio is not None
        sound = audio[:1] if self.first else audio.mean(axis=0, keepdims=True, dtype=np.float32)
        if self.centred:
            sound = sound - sound.mean(dtype=np.float64).astype(np.float32)
        heard = resample_audio(sound, subject.clip.sample_rate, rate)[0]
        heard = heard if self.longest is None else heard[: int(self.longest * rate)]
        return torch.from_numpy(np.pad(heard, (0, max(0, int(self.shortest * rate) - len(heard)))))


AV_BENCHMARK = Listening("avbenchmark", first=False, centred=True, longest=8.0)
"""hkchengrex/av-benchmark, av_bench/data/audio_dataset.py with its default audio_length."""
AUDIOLDM_EVAL = Listening("audioldmeval", first=True, centred=True, shortest=2.0)
"""haoheliu/audioldm_eval, audioldm_eval/datasets/load_mel.py."""
KADTK = Listening("kadtk", first=False, centred=False)
"""YoonjinXD/kadtk, kadtk/emb_loader.py; its detour by 16-bit files is left out."""
MM_DIFFUSION = Listening("mmdiffusion", first=True, centred=False, longest=1.6, shortest=1.6)
"""researchmm/MM-Diffusion, mm_diffusion/evaluator.py and multimodal_datasets.py, for a film of one clip."""


class Listener(Extractor):
    """An extractor that hears clips.

    Args:
        given: with the weights.
        listening: how clips are heard; ``None``: as ``usual``.

    Attributes:
        rate: samples a second that the network hears.
        usual: how clips are heard where nothing else is said.
    """

    rate: ClassVar[int]
    usual: ClassVar[Listening] = AV_BENCHMARK

    def __init__(self, given: Given, listening: Listening | None = None) -> None:
        super().__init__(given)
        self.listening = listening or self.usual
        self.settings = self.listening.name

    @property
    def about(self) -> About:
        """The weights, and how clips are heard."""
        return About(self.opened.id, self.listening.words(self.rate))


def need(sound: Tensor, samples: int, rate: int, subject: Subject, who: str) -> None:
    """Raises a MediaError where a sound is shorter than its network can hear."""
    if len(sound) < samples:
        raise MediaError(
            f"{subject.name} has {len(sound) / rate:.3f} s of sound, and {who} needs {samples / rate:.3f} s: "
            "choose longer clips"
        )


@cache
def mel_triangles(bins: int, mels: int, lowest: float, highest: float, rate: int) -> Tensor:
    """Mel filters whose flanks are straight on the mel scale ``1127 ln(1 + f / 700)``, as Kaldi and VGGish have them.

    Args:
        bins: of the spectrum, from 0 Hz to half the rate.
        mels: bands.
        lowest, highest: Hz that they span.
        rate: samples a second.

    Returns:
        float64 ``(bins, mels)`` with peaks of 1.
    """
    places = 1127 * np.log1p(np.linspace(0, rate / 2, bins) / 700)
    corners = np.linspace(1127 * np.log1p(lowest / 700), 1127 * np.log1p(highest / 700), mels + 2)
    slopes = (places[:, None] - corners[None, :]) / (corners[1] - corners[0])
    return torch.from_numpy(np.maximum(0, np.minimum(slopes[:, :-2], -slopes[:, 2:])))
