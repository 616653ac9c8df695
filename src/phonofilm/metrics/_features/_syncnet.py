"""The network SyncNet (Chung and Zisserman, "Out of time", 2016), with the weights' names of ``syncnet_v2.model``."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Sizes:
    """Of a SyncNet: channels of its layers.

    Attributes:
        sound, lips: of the six convolutions of each part.
        out: of the vectors that are compared.
    """

    sound: tuple[int, int, int, int, int, int] = (64, 192, 384, 256, 256, 512)
    lips: tuple[int, int, int, int, int, int] = (96, 256, 256, 256, 256, 512)
    out: int = 1024


class SyncNetNet(nn.Module):
    """Both parts."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        a, b, c, d, e, f = sizes.sound
        self.netcnnaud = nn.Sequential(
            *_flat(1, a, 3, padding=1),
            nn.MaxPool2d(1, 1),
            *_flat(a, b, 3, padding=1),
            nn.MaxPool2d(3, (1, 2)),
            *_flat(b, c, 3, padding=1),
            *_flat(c, d, 3, padding=1),
            *_flat(d, e, 3, padding=1),
            nn.MaxPool2d(3, 2),
            *_flat(e, f, (5, 4)),
        )
        self.netfcaud = _last(f, sizes.out)
        self.netfclip = _last(sizes.lips[-1], sizes.out)
        a, b, c, d, e, f = sizes.lips
        self.netcnnlip = nn.Sequential(
            *_deep(3, a, (5, 7, 7), stride=(1, 2, 2)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(a, b, (1, 5, 5), stride=(1, 2, 2), padding=(0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            *_deep(b, c, (1, 3, 3), padding=(0, 1, 1)),
            *_deep(c, d, (1, 3, 3), padding=(0, 1, 1)),
            *_deep(d, e, (1, 3, 3), padding=(0, 1, 1)),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2)),
            *_deep(e, f, (1, 6, 6)),
        )

    def sound(self, cepstra: Tensor) -> Tensor:
        """Cepstra ``(n, 1, 13, 20)`` to vectors ``(n, out)``."""
        return self.netfcaud(self.netcnnaud(cepstra).flatten(1))

    def lips(self, frames: Tensor) -> Tensor:
        """Faces, BGR from 0 to 255, ``(n, 3, 5, 224, 224)``, to vectors ``(n, out)``."""
        return self.netfclip(self.netcnnlip(frames).flatten(1))


def _flat(inputs: int, outputs: int, size: int | tuple[int, int], padding: int = 0) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, padding=padding), nn.BatchNorm2d(outputs), nn.ReLU()]


def _deep(
    inputs: int,
    outputs: int,
    size: tuple[int, int, int],
    stride: tuple[int, int, int] = (1, 1, 1),
    padding: tuple[int, int, int] = (0, 0, 0),
) -> list[nn.Module]:
    return [nn.Conv3d(inputs, outputs, size, stride, padding), nn.BatchNorm3d(outputs), nn.ReLU()]


def _last(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, inputs), nn.BatchNorm1d(inputs), nn.ReLU(), nn.Linear(inputs, outputs))
