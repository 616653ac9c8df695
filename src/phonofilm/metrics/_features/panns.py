"""CNN14 at 16 kHz of PANNs (Kong et al., arXiv 1912.10211), as Frechet and kernel distances, KL and IS use it.

Layout of weights and preprocessing of qiuqiangkong/audioset_tagging_cnn (pytorch/models.py: Cnn14_16k), which
haoheliu/audioldm_eval and hkchengrex/av-benchmark run as well: 16 kHz; Hann windows of 512 samples every 160, centred
with reflection at the ends; power in 64 mel bands from 50 to 8,000 Hz; 10 log10 of it, at least -100. The features are
the 2,048 values after the first linear layer and its rectifier; the logits are those of AudioSet's 527 classes, before
the sigmoid. A clip of any length gives one vector, since maximum and mean over time are added.

The checkpoint holds the windowed Fourier transform (``spectrogram_extractor.stft.*``) and the mel filters
(``logmel_extractor.melW``) of torchlibrosa as weights. They are loaded by these names and computed with, as by the
public code; they are not made anew.

Parity: loaded with one set of random weights, by the same names and shapes, av-benchmark's class gives the same
features and logits, bit by bit. 80,753,615 of them are trained, as the paper says (table XII).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._listening import Listener, Tags, need
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

SAMPLE_RATE = 16_000
WINDOW, HOP = 512, 160
BANDS = 64
FLOOR = 1e-10


@dataclass(frozen=True)
class Size:
    """Widths of the network.

    Attributes:
        blocks: channels of the six blocks; all but the last halve time and frequency.
        classes: of AudioSet.
    """

    blocks: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    classes: int = 527


PUBLISHED = Size()


class _Transform(nn.Module):
    """Real and imaginary part of the windowed Fourier transform."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_real = nn.Conv1d(1, WINDOW // 2 + 1, WINDOW, HOP, bias=False)
        self.conv_imag = nn.Conv1d(1, WINDOW // 2 + 1, WINDOW, HOP, bias=False)


class _Spectrogram(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stft = _Transform()

    def forward(self, sound: Tensor) -> Tensor:
        """Waveforms ``(B, sample)`` to power ``(B, time, bin)``."""
        padded = F.pad(sound[:, None], (WINDOW // 2, WINDOW // 2), mode="reflect")
        power = self.stft.conv_real(padded).square() + self.stft.conv_imag(padded).square()
        return power.transpose(1, 2)


class _LogMel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.melW = nn.Parameter(torch.zeros(WINDOW // 2 + 1, BANDS))

    def forward(self, power: Tensor) -> Tensor:
        """Power ``(B, time, bin)`` to decibels ``(B, time, band)``."""
        return 10 * (power @ self.melW).clamp(min=FLOOR).log10()


class _Block(nn.Module):
    """Two convolutions."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class Network(nn.Module):
    """CNN14.

    Args:
        size: widths.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.spectrogram_extractor = _Spectrogram()
        self.logmel_extractor = _LogMel()
        self.bn0 = nn.BatchNorm2d(BANDS)
        widths = (1, *size.blocks)
        for place, channels in enumerate(size.blocks):
            self.add_module(f"conv_block{place + 1}", _Block(widths[place], channels))
        self.depth = len(size.blocks)
        self.fc1 = nn.Linear(widths[-1], widths[-1])
        self.fc_audioset = nn.Linear(widths[-1], size.classes)

    @property
    def shortest(self) -> int:
        """Fewest samples of which one step of time is left."""
        return (2 ** (self.depth - 1) - 1) * HOP

    def forward(self, sound: Tensor) -> Tags:
        """Waveforms ``(B, sample)`` at 16 kHz."""
        log_mel = self.logmel_extractor(self.spectrogram_extractor(sound))
        x = self.bn0(log_mel.transpose(1, 2)[..., None]).permute(0, 3, 2, 1)
        for place in range(self.depth):
            x = self.get_submodule(f"conv_block{place + 1}")(x)
            if place < self.depth - 1:
                x = F.avg_pool2d(x, 2)
        steps = x.mean(dim=3)
        features = F.relu(self.fc1(steps.amax(dim=2) + steps.mean(dim=2)))
        return Tags(features, self.fc_audioset(features))


class Panns(Listener):
    """``features`` ``(1, 2048)`` and ``logits`` ``(527,)`` of a clip's sound. See :class:`Listener`."""

    rate = SAMPLE_RATE
    published = Published(
        name="panns-cnn14-16k",
        what="CNN14 at 16 kHz of PANNs, trained on AudioSet",
        home="zenodo.org/records/3987831/files/Cnn14_16k_mAP=0.438.pth",
        licence="CC BY 4.0",
        # Its authors state an MD5, 362fc5ff18f1d6ad2f6d464b45893f2c; this is of the file that has it.
        sha256="e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
    )

    def load(self) -> nn.Module:
        """The network.

        Raises:
            WeightsError: if the file holds other weights.
        """
        path = self.opened.path
        with torch.serialization.safe_globals(_plain_arrays()):
            found = checkpoint(path)
        return frozen(Network(PUBLISHED), tensors(found, path, "model"), path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """Features and logits of the clip.

        Raises:
            MediaError: if the clip has less than 0.31 s of sound, or none.
        """
        sound = self.listening(subject, SAMPLE_RATE)
        need(sound, self.network.shortest, SAMPLE_RATE, subject, "PANNs")
        tags = self.network(sound.to(self.device)[None])
        return {"features": tags.features.cpu().numpy(), "logits": tags.logits[0].cpu().numpy()}


def _plain_arrays() -> list[Any]:
    """What an array of whole numbers is unpickled by: beside the weights, the checkpoint holds its sampler's state."""
    make = np.zeros(1, np.int64).__reduce__()[0]
    return [(make, "numpy.core.multiarray._reconstruct"), make, np.ndarray, np.dtype, np.dtypes.Int64DType]
