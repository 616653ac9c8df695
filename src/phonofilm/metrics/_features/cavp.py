"""CAVP, the first stage of Diff-Foley (arXiv 2306.17203): pictures and sounds in one space, four times a second.

What the network is shown is what JavisVerse/JavisDiT (``eval/javisbench/src``: ``utils.py``, ``wav2spec.py``) shows
it, after luosiallen/Diff-Foley. Only whole seconds of the picture count, and the sound is cut or filled up with zeros
to them.

* picture: frames at 4 a second, squeezed to 224 x 224 by Pillow's bilinear, in [0, 1] with no mean taken off, 40 at
  once: those 10 s do not see beyond their ends. Public code encodes the frames as a film before; this does not.
* sound: mean of the channels at 16 kHz, without the last sample; amplitudes of 1,024 samples every 250 (periodic
  Hann, zeros beyond the ends), 128 mels of Slaney from 125 to 7,600 Hz, at least 1e-5, ``(20 log10(x) + 80) / 100``
  cut to [0, 1].

The picture's network is a ResNet-50 in which the last two stages look at three frames ("slow only"); the sound's is
PANNs' CNN14, whose second last layer is applied twice. Both are kept as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, avg_pool2d, max_pool1d, normalize, pad, relu

from phonofilm.errors import MediaError
from phonofilm.metrics._features._extractor import Extractor, checkpoint, frozen, tensors
from phonofilm.metrics._features._frames import frames_at
from phonofilm.metrics._features._sound import mono, resampler
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

RATE, FPS, AT_ONCE = 16_000, 4, 40
WINDOW, HOP = 1024, 250
BAND = (125, 7600)
FLOOR = 1e-5
POOLS = ((2, 2), (2, 2), (2, 2), (2, 2), (1, 2), (1, 1))

CAVP = Published(
    name="cavp",
    what="CAVP, stage 1 of Diff-Foley, trained on VGGSound and AudioSet",
    home="hf://SimianLuo/Diff-Foley/diff_foley_ckpt/cavp_epoch66.ckpt",
    licence="Apache-2.0",
    sha256="3472c2217a9481f530a96e32611c9e4611766f10b7f0d185a1ce35be7b7f9c80",
)


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network.

    Attributes:
        base: channels of the picture's first stage.
        stages: blocks of its four stages.
        widths: channels of the sound's six blocks.
        mels: bands of its spectrogram.
        embedding: length of both embeddings.
        side: of pictures, in pixels.
    """

    base: int = 64
    stages: tuple[int, int, int, int] = (3, 4, 6, 3)
    widths: tuple[int, int, int, int, int, int] = (64, 128, 256, 512, 1024, 2048)
    mels: int = 128
    embedding: int = 512
    side: int = 224


PUBLISHED = Sizes()


class Convolution(nn.Module):
    """A convolution of which nothing is lost at the edges, and its norm."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int, int], stride: int = 1) -> None:
        super().__init__()
        time, high, wide = (length // 2 for length in kernel)
        self.conv = nn.Conv3d(inputs, outputs, kernel, (1, stride, stride), (time, high, wide), bias=False)
        self.bn = nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, H, W)``; no activation."""
        return self.bn(self.conv(x))


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut; the first one looks at three frames if ``frames`` is 3."""

    def __init__(self, inputs: int, width: int, stride: int, frames: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = Convolution(inputs, width, (frames, 1, 1))
        self.conv2 = Convolution(width, width, (1, 3, 3), stride)
        self.conv3 = Convolution(width, 4 * width, (1, 1, 1))
        self.downsample = Convolution(inputs, 4 * width, (1, 1, 1), stride) if shortcut else None

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, H, W)``."""
        beside = x if self.downsample is None else self.downsample(x)
        return relu(self.conv3(relu(self.conv2(relu(self.conv1(x))))) + beside)


class SlowOnly(nn.Module):
    """Frames ``(B, 3, T, H, W)`` to features ``(B, T, 32 base)``."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.conv1 = Convolution(3, sizes.base, (1, 7, 7), 2)
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        inputs = sizes.base
        for place, blocks in enumerate(sizes.stages):
            width, stride, frames = sizes.base << place, 1 if place == 0 else 2, 1 if place < 2 else 3
            first = Bottleneck(inputs, width, stride, frames, shortcut=True)
            inputs = 4 * width
            rest = [Bottleneck(inputs, width, 1, frames, shortcut=False) for _ in range(blocks - 1)]
            self.add_module(f"layer{place + 1}", nn.Sequential(first, *rest))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.pool(relu(self.conv1(x)))
        for place in range(4):
            x = self.get_submodule(f"layer{place + 1}")(x)
        return x.mean(dim=(3, 4)).transpose(1, 2)


class TwoConvolutions(nn.Module):
    """A block of CNN14."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)``."""
        return relu(self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))))


class Cnn14(nn.Module):
    """Spectrograms ``(B, time, mels)`` to embeddings ``(B, time / 16, embedding)``."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(sizes.mels)
        widths = (1, *sizes.widths)
        for place in range(len(POOLS)):
            self.add_module(f"conv_block{place + 1}", TwoConvolutions(widths[place], widths[place + 1]))
        self.fc1 = nn.Linear(widths[-1], widths[-1])
        self.final_project = nn.Linear(widths[-1], sizes.embedding)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.bn(x.transpose(1, 2)[..., None]).permute(0, 3, 2, 1)
        for place, pool in enumerate(POOLS):
            x = avg_pool2d(self.get_submodule(f"conv_block{place + 1}")(x), pool)
        x = x.mean(dim=3)
        x = (max_pool1d(x, 3, 1, 1) + avg_pool1d(x, 3, 1, 1)).transpose(1, 2)
        return self.final_project(relu(self.fc1(relu(self.fc1(x)))))


class CavpNet(nn.Module):
    """See the module.

    Args:
        sizes: of it.
    """

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.video_encoder = SlowOnly(sizes)
        self.video_project_head = nn.Linear(32 * sizes.base, sizes.embedding)
        self.spec_encoder = Cnn14(sizes)
        self.logit_scale = nn.Parameter(torch.zeros(()))  # of training; it stands in the file

    def pictures(self, frames: Tensor) -> Tensor:
        """Unit embeddings ``(B, T, embedding)`` of frames ``(B, 3, T, side, side)``."""
        return normalize(self.video_project_head(self.video_encoder(frames)), dim=-1)

    def sounds(self, spectrograms: Tensor) -> Tensor:
        """Unit embeddings ``(B, time / 16, embedding)`` of spectrograms ``(B, time, mels)``."""
        return normalize(self.spec_encoder(spectrograms), dim=-1)


class Cavp(Extractor):
    """Embeddings of unit length every quarter of a second, ``picture`` and ``sound``, each ``(step, d)``."""

    published = CAVP
    resampler = resampler(RATE)

    def load(self) -> nn.Module:
        """The network, whose names may stand behind "module." in the file."""
        path = self.opened.path
        found = checkpoint(path)
        state = tensors(found, path, *(("state_dict",) if "state_dict" in found else ()))
        bare = {name.removeprefix("module."): value for name, value in state.items()}
        return frozen(CavpNet(PUBLISHED), bare, path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """See the class."""
        subject.whole()
        clip = subject.clip
        seconds = int(subject.facts.frames / subject.facts.fps)
        if seconds == 0:
            raise MediaError("its picture lasts less than the second that CAVP looks at: take it out of the folder")
        pixels = squeezed(frames_at(clip, FPS)[: FPS * seconds], PUBLISHED.side)
        parts = [self.network.pictures(some.transpose(0, 1)[None].to(self.device)) for some in pixels.split(AT_ONCE)]
        shown = spectrogram(mono(clip, RATE), RATE * seconds)
        heard = self.network.sounds(shown[None].to(self.device))
        return {"picture": torch.cat(parts, dim=1)[0].cpu().numpy(), "sound": heard[0].cpu().numpy()}


def squeezed(frames: np.ndarray, side: int) -> Tensor:
    """Frames as squares, uint8 ``(frame, height, width, 3)`` to ``(frame, 3, side, side)`` in [0, 1]."""
    small = [Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR) for one in frames]
    return torch.from_numpy(np.stack([np.asarray(one) for one in small])).permute(0, 3, 1, 2).float() / 255


def spectrogram(sound: np.ndarray, samples: int) -> Tensor:
    """What is looked at of so many samples at 16 kHz, less the last one, ``(time, mels)``."""
    wave = torch.from_numpy(np.ascontiguousarray(sound[: samples - 1]))
    wave = pad(wave, (0, samples - 1 - len(wave)))
    transform = torch.stft(
        wave, WINDOW, HOP, window=torch.hann_window(WINDOW), pad_mode="constant", return_complex=True
    )
    mel = filters(PUBLISHED.mels) @ transform.abs()
    return ((20 * mel.clamp(min=FLOOR).log10() + 80) / 100).clamp(0, 1).T


@cache
def filters(mels: int) -> Tensor:
    """Slaney's mel filters ``(mels, 513)``."""
    from librosa.filters import mel

    return torch.from_numpy(mel(sr=RATE, n_fft=WINDOW, n_mels=mels, fmin=BAND[0], fmax=BAND[1]))
