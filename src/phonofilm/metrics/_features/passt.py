"""PaSST-S (Koutini et al., arXiv 2110.05069), the checkpoint of mAP 0.476, as Frechet distances, KL and IS use it.

Layout of weights of kkoutini/PaSST and kkoutini/passt_hear21 (models/passt.py: passt_s_swa_p16_128_ap476; patches of 16
every 10, a class and a distillation token, no patch left out). Preprocessing of passt_hear21 (models/preprocess.py,
base.py: get_basic_model, in evaluation): 32 kHz; pre-emphasis ``x[n + 1] - 0.97 x[n]``; symmetric Hann windows of 800
samples every 320 in a centred transform of 1,024, reflected at the ends; power in 128 mel bands from 0 to 15,000 Hz, as
Kaldi has them; natural logarithm of it plus 1e-5; plus 4.5, over 5. A sound is padded with silence or cut to 10 s, as
hkchengrex/av-benchmark (av_bench/extract.py) does, so clips much shorter than 10 s are mostly judged as silence.

The features are the mean of the two tokens after the last norm, 768 values; the logits are those of ``head``, which
reads that mean (``head_dist`` is loaded and unused, as there).

Parity: loaded with one set of random weights, by the same names and shapes, passt_hear21's classes (with torchaudio
2.11's mel filters, which are rounded to float32 on their way) give the same spectrogram to 3e-5, in which the largest
value is 2.2, and the same features and logits to 1e-6 of their largest value.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._listening import Listener, Tags, mel_triangles
from phonofilm.metrics._given import Published
from phonofilm.metrics._score import About
from phonofilm.metrics._subject import Arrays, Subject

SAMPLE_RATE = 32_000
SAMPLES = 10 * SAMPLE_RATE
WINDOW, HOP, TRANSFORM = 800, 320, 1024
BANDS, HIGHEST_HZ = 128, 15_000.0
EMPHASIS = 0.97
FLOOR = 1e-5
PATCH, STRIDE = 16, 10
GRID = (12, 99)
"""Patches over the bands, and over the 1,000 frames of 10 s."""


@dataclass(frozen=True)
class Size:
    """Widths of the network.

    Attributes:
        width: of a token.
        depth: blocks.
        heads: of attention.
        classes: of AudioSet.
    """

    width: int = 768
    depth: int = 12
    heads: int = 12
    classes: int = 527


PUBLISHED = Size()


class _Attention(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.qkv = nn.Linear(size.width, 3 * size.width)
        self.proj = nn.Linear(size.width, size.width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class _Block(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(size.width, eps=1e-6)
        self.attn = _Attention(size)
        self.norm2 = nn.LayerNorm(size.width, eps=1e-6)
        self.mlp = _Mlp(size.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _Patches(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, width, PATCH, STRIDE)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Network(nn.Module):
    """PaSST as it listens once trained.

    Args:
        size: widths.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.new_pos_embed = nn.Parameter(torch.zeros(1, 2, size.width))
        self.freq_new_pos_embed = nn.Parameter(torch.zeros(1, size.width, GRID[0], 1))
        self.time_new_pos_embed = nn.Parameter(torch.zeros(1, size.width, 1, GRID[1]))
        self.patch_embed = _Patches(size.width)
        self.blocks = nn.Sequential(*(_Block(size) for _ in range(size.depth)))
        self.norm = nn.LayerNorm(size.width, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(size.width), nn.Linear(size.width, size.classes))
        self.head_dist = nn.Linear(size.width, size.classes)

    def forward(self, mel: Tensor) -> Tags:
        """Spectrograms ``(B, 128, 1000)`` of :func:`log_mel`."""
        grid = self.patch_embed(mel[:, None]) + self.time_new_pos_embed + self.freq_new_pos_embed
        special = torch.cat([self.cls_token, self.dist_token], dim=1) + self.new_pos_embed
        tokens = torch.cat([special.expand(len(mel), -1, -1), grid.flatten(2).transpose(1, 2)], dim=1)
        features = self.norm(self.blocks(tokens))[:, :2].mean(dim=1)
        return Tags(features, self.head(features))


def log_mel(sound: Tensor) -> Tensor:
    """Sound ``(sample,)`` at 32 kHz to the spectrogram ``(128, (sample - 1) // 320 + 1)`` that the network takes."""
    emphasised = sound[1:] - EMPHASIS * sound[:-1]
    window = torch.hann_window(WINDOW, periodic=False, device=sound.device)
    spectrum = torch.stft(emphasised, TRANSFORM, HOP, WINDOW, window, center=True, return_complex=True)
    filters = mel_triangles(TRANSFORM // 2 + 1, BANDS, 0.0, HIGHEST_HZ, SAMPLE_RATE).float().to(sound.device)
    power = torch.view_as_real(spectrum).square().sum(dim=-1)
    return ((filters.T @ power + FLOOR).log() + 4.5) / 5


class Passt(Listener):
    """``features`` ``(1, 768)`` and ``logits`` ``(527,)`` of a clip's sound. See :class:`Listener`."""

    rate = SAMPLE_RATE
    published = Published(
        name="passt-s-ap476",
        what="PaSST-S, trained on AudioSet to a mAP of 0.476",
        home="github.com/kkoutini/PaSST/releases/download/v0.0.1-audioset/passt-s-f128-p16-s10-ap.476-swa.pt",
        licence="Apache-2.0",
        sha256="302903fa8c4aee817b11dc982da0b29aaf8d11a3e722420476d0a12c9db70c2c",
    )

    @property
    def about(self) -> About:
        """The weights, and how the clip is heard."""
        return About(self.opened.id, f"{super().about.resampler}, silence up to 10 s or cut there")

    def load(self) -> nn.Module:
        """The network.

        Raises:
            WeightsError: if the file holds other weights.
        """
        path = self.opened.path
        return frozen(Network(PUBLISHED), tensors(checkpoint(path), path), path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """Features and logits of the clip.

        Raises:
            MediaError: if the clip has no sound.
        """
        sound = self.listening(subject, SAMPLE_RATE)[:SAMPLES].to(self.device)
        tags = self.network(log_mel(F.pad(sound, (0, SAMPLES - len(sound))))[None])
        return {"features": tags.features.cpu().numpy(), "logits": tags.logits[0].cpu().numpy()}
