"""Synchformer (arXiv 2401.16423): vectors of overlapping segments of picture and sound, and the offset between them.

Public code: github.com/v-iashin/Synchformer (MIT), and as av-benchmark and JavisBench use it
(github.com/hkchengrex/av-benchmark ``extract.py``, ``extract_video.py``). 25 frames a second; segments of 16 frames
that begin 8 frames apart, with the 0.64 s of sound beside each. Frames: bicubic resize, centre crop of 224, [-1, 1].
Sound: mean of the channels at 16 kHz; power mel spectrogram of each segment by itself (transform 1024, window 400,
hop 160, 128 HTK bands), log(. + 1e-6), one spectrum of 0 behind its 65, then (. + 4.2677393) / (2 * 4.5689974).

Where this differs from the public code: sound is resampled by soxr, not torchaudio's default. v-iashin's own code
codes clips anew (H.264, AAC) where they are not 256 pixels, 25 fps and 16 kHz already, resizes them by ffmpeg, and
computes in half precision on a GPU; none of that is done here. The network itself agrees with av-benchmark's to 3e-6
on the same random weights of the published size. Training checkpoints of v-iashin's, which hold Python objects
beside the weights, are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._features._frames import ticks
from phonofilm.metrics._features._resizing import centre_crop, resize_short
from phonofilm.metrics._features._sound import mono, power_mel, resampler
from phonofilm.metrics._features._synchformer import FRAMES, SPECTRA, Sizes, SynchformerNet
from phonofilm.metrics._given import Given, Published
from phonofilm.metrics._subject import Arrays, Subject

WEIGHTS = Published(
    name="synchformer",
    what="Synchformer 24-01-04T16-39-21, trained on AudioSet",
    home="github.com/hkchengrex/MMAudio/releases/download/v0.1/synchformer_state_dict.pth",
    licence="MIT (v-iashin/Synchformer)",
)
PUBLISHED = Sizes()
FPS, RATE, SPAN, STEP = 25, 16_000, FRAMES, 8
SAMPLES = RATE // FPS
"""Of sound beside one frame."""
REACH = 2.0
"""The classes are offsets from -2 s to 2 s in even steps; positive where the sound comes early."""
_AT_ONCE = 2


@dataclass(frozen=True)
class Cut:
    """How a clip becomes segments.

    Attributes:
        margin: pixels that the shorter side is larger than the crop.
        first: frame at which the first segment begins.
        least: frames; what a clip lacks of them is black and silent.
        most: segments.
    """

    margin: int = 0
    first: int = 0
    least: int = 0
    most: int = 24

    @property
    def frames(self) -> int:
        """The first so many frames are all that is looked at."""
        return self.first + SPAN + STEP * (self.most - 1)


EIGHT_SECONDS = Cut(least=4 * FPS, most=24)
"""All whole segments of the first 8 s; of less than 4 s as if the rest were black and silent."""
MIDDLE = Cut(margin=32, first=2, most=14)
"""Up to 14 segments from the third frame on, which the public code puts in the middle of 5 s, or 11 of 4 s."""


class Synchformer(Extractor):
    """``video`` ``(segments, 8, 768)`` and ``audio`` ``(segments, 6, 768)`` of as many segments as fit into both."""

    published = WEIGHTS
    resampler = resampler(RATE)

    def __init__(self, given: Given, cut: Cut) -> None:
        super().__init__(given)
        self.cut = cut
        self.settings = f"{cut.margin}px-from{cut.first}-pad{cut.least}-most{cut.most}"

    def load(self) -> Any:
        """The network; of a training checkpoint the part called ``model``."""
        found = checkpoint(self.opened.path)
        state = tensors(found, self.opened.path, *(("model",) if "model" in found else ()))
        return frozen(SynchformerNet(PUBLISHED), state, self.opened.path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        subject.whole()
        pictures, sound = self._pictures(subject), self._sound(subject)
        fit = min(len(pictures) - SPAN, len(sound) // SAMPLES - SPAN) // STEP + 1
        at = range(0, STEP * max(fit, 0), STEP)
        return {"video": self._seen(pictures, at), "audio": self._heard(sound, at)}

    def _pictures(self, subject: Subject) -> Tensor:
        """The frames that are looked at, uint8 ``(frame, 3, side, side)``."""
        cut, side = self.cut, PUBLISHED.side
        chosen = ticks(subject.clip, FPS)[cut.first : cut.frames]
        frames = subject.whole().video
        parts = [
            centre_crop(resize_short(frames[chosen[i : i + SPAN]], side + cut.margin), side)
            for i in range(0, len(chosen), SPAN)
        ]
        missing = max(cut.least - cut.first - len(chosen), 0)
        return torch.cat([*parts, torch.zeros(missing, 3, side, side, dtype=torch.uint8)])

    def _sound(self, subject: Subject) -> Tensor:
        """The sound that is listened to, float32 ``(sample,)``."""
        cut = self.cut
        sound = torch.from_numpy(mono(subject.clip, RATE)[cut.first * SAMPLES : cut.frames * SAMPLES])
        return torch.nn.functional.pad(sound, (0, max((cut.least - cut.first) * SAMPLES - len(sound), 0)))

    def _seen(self, pictures: Tensor, at: range) -> np.ndarray:
        segments = [pictures[i : i + SPAN].transpose(0, 1) for i in at]
        parts = (torch.stack(segments[i : i + _AT_ONCE]) for i in range(0, len(segments), _AT_ONCE))
        made = [self.network.vfeat_extractor(part.to(self.device).float() / 127.5 - 1).cpu() for part in parts]
        return _joined(made)

    def _heard(self, sound: Tensor, at: range) -> np.ndarray:
        segments = [sound[i * SAMPLES : (i + SPAN) * SAMPLES] for i in at]
        if not segments:
            return _joined([])
        return self.network.afeat_extractor(spectra(torch.stack(segments)).to(self.device)).cpu().numpy()


def spectra(segments: Tensor) -> Tensor:
    """Sound of segments ``(n, 10240)`` at 16 kHz as the network hears it, ``(n, 128, 66)``."""
    mel = power_mel(segments, rate=RATE, n_fft=1024, window=400, hop=160, mels=128)
    logs = torch.nn.functional.pad(torch.log(mel + 1e-6), (0, SPECTRA - mel.shape[-1]))
    return (logs + 4.2677393) / (2 * 4.5689974)


def _joined(made: list[Tensor]) -> np.ndarray:
    return torch.cat(made).numpy() if made else np.empty((0, 0, PUBLISHED.width), np.float32)


Lines = Callable[[int], list[list[int]]]
"""Of so many segments, those of each line that the network is asked about."""


class Offsets:
    """The reading of ``offset`` ``(line,)``: of each line of segments the likeliest, in seconds.

    It is positive where the sound comes early.

    Args:
        segments: whose they are.
        name: of ``lines``, for the reading's id.
        lines: which there are.
    """

    def __init__(self, segments: Synchformer, name: str, lines: Lines) -> None:
        self.segments, self.lines = segments, lines
        self.id = f"{segments.id}-lines-{name}"

    @torch.no_grad()
    def __call__(self, subject: Subject) -> Arrays:
        """See the class."""
        return {"offset": self.among(subject.read(self.segments))}

    @torch.no_grad()
    def among(self, found: Arrays) -> np.ndarray:
        """The same of ``video`` and ``audio``, ``(line,)``; where one has more segments, the rest is passed over."""
        grid = np.linspace(-REACH, REACH, PUBLISHED.classes)
        segments = min(len(found["video"]), len(found["audio"]))
        return np.array([grid[self._class(found, line)] for line in self.lines(segments)])

    @torch.no_grad()
    def logits(self, found: Arrays, line: list[int]) -> Tensor:
        """Of every offset, ``(classes,)``.

        Args:
            found: what the segments read of the clip.
            line: which of them are asked about.
        """
        device = self.segments.device
        video, audio = (torch.from_numpy(found[side][line])[None].to(device).float() for side in ("video", "audio"))
        return self.segments.network.offset(video, audio)[0]

    def _class(self, found: Arrays, line: list[int]) -> int:
        return int(self.logits(found, line).argmax())
