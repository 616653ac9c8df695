"""VGGish (Hershey et al., arXiv 1609.09430) as Frechet audio distances use it.

Layout of weights and preprocessing of harritaylor/torchvggish (torchvggish/vggish.py, vggish_input.py, mel_features.py
and vggish_params.py): 16 kHz; periodic Hann windows of 400 samples every 160, not centred, in a transform of 512;
magnitudes (not power) in 64 mel bands from 125 to 7,500 Hz, natural logarithm of them plus 0.01; patches of 96 frames
(0.96 s) side by side, what is left over at the end dropped. The embedding is that of the last linear layer, without the
rectifier after it and without PCA and quantisation: so haoheliu/audioldm_eval (metrics/fad.py) and
hkchengrex/av-benchmark (vggish/vggish.py) have it.

Parity: loaded with one set of random weights, by the same names and shapes, av-benchmark's class gives the same log-mel
to 3e-7 and the same embeddings, bit by bit. They are 72,141,184 weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from phonofilm.metrics._features._extractor import checkpoint, frozen, tensors
from phonofilm.metrics._features._listening import Listener, mel_triangles, need
from phonofilm.metrics._given import Published
from phonofilm.metrics._subject import Arrays, Subject

SAMPLE_RATE = 16_000
WINDOW, HOP, TRANSFORM = 400, 160, 512
BANDS, LOWEST_HZ, HIGHEST_HZ = 64, 125.0, 7_500.0
FLOOR = 0.01
FRAMES = 96
SHORTEST = WINDOW + (FRAMES - 1) * HOP


@dataclass(frozen=True)
class Size:
    """Widths of the network.

    Attributes:
        stages: channels of the convolutions before each halving.
        hidden: width of the two hidden layers.
        embedding: width of the embedding.
    """

    stages: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512))
    hidden: int = 4096
    embedding: int = 128


PUBLISHED = Size()


class Network(nn.Module):
    """VGGish up to its last linear layer.

    Args:
        size: widths.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 1
        for stage in size.stages:
            for channels in stage:
                layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
                width = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        halved = 2 ** len(size.stages)
        widths = ((FRAMES // halved) * (BANDS // halved) * width, size.hidden, size.hidden, size.embedding)
        linear = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.embeddings = nn.Sequential(*linear[:-1])

    def forward(self, patches: Tensor) -> Tensor:
        """Log-mel ``(B, 96, 64)`` to embeddings ``(B, embedding)``."""
        found = self.features(patches[:, None])
        return self.embeddings(found.permute(0, 2, 3, 1).flatten(1))  # the order of TensorFlow, where it was trained


def patches(sound: Tensor) -> Tensor:
    """Sound ``(sample,)`` at 16 kHz to log-mel float32 ``(patch, 96, 64)``, computed in float64."""
    frames = sound.double().unfold(0, WINDOW, HOP) * torch.hann_window(WINDOW, dtype=torch.float64, device=sound.device)
    spectrum = torch.fft.rfft(frames, TRANSFORM).abs()
    filters = mel_triangles(TRANSFORM // 2 + 1, BANDS, LOWEST_HZ, HIGHEST_HZ, SAMPLE_RATE).to(sound.device)
    log_mel = (spectrum @ filters + FLOOR).log().float()
    return log_mel[: len(log_mel) // FRAMES * FRAMES].reshape(-1, FRAMES, BANDS)


class Vggish(Listener):
    """Embeddings ``features`` ``(patch, 128)`` of a clip's sound. See :class:`Listener`."""

    rate = SAMPLE_RATE
    published = Published(
        name="vggish",
        what="VGGish, ported to torch, trained on YouTube-8M",
        home="github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
        licence="Apache-2.0",
        sha256="10086976",
    )

    def load(self) -> nn.Module:
        """The network.

        Raises:
            WeightsError: if the file holds other weights.
        """
        path = self.opened.path
        return frozen(Network(PUBLISHED), tensors(checkpoint(path), path), path, self.device)

    def read(self, subject: Subject) -> Arrays:
        """Embeddings of the clip's patches.

        Raises:
            MediaError: if the clip has less than 0.975 s of sound, or none.
        """
        sound = self.listening(subject, SAMPLE_RATE)
        need(sound, SHORTEST, SAMPLE_RATE, subject, "VGGish")
        return {"features": self.network(patches(sound.to(self.device))).cpu().numpy()}
