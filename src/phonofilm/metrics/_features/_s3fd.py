"""The face detector S3FD (arXiv 1708.05237): names and shapes of its weights are those of ``sfd_face.pth``.

VGG-16 and six heads, on maps of 4 to 128 pixels a step, with one square of four steps at each place.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LEAST = 28
"""Pixels of the shorter side, below which a map has no place left."""
_SPREAD = (0.1, 0.2)
"""By which the heads' outputs are multiplied: of places, of sizes."""


@dataclass(frozen=True)
class Sizes:
    """Of an S3FD.

    Attributes:
        width: channels of the first layer; all others have multiples of it.
    """

    width: int = 64


class _Scaled(nn.Module):
    """Each place's vector at length 1, times a learned number per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[:, None, None] * x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)


class S3fdNet(nn.Module):
    """Pictures ``(n, 3, height, width)``, RGB less (123, 117, 104), to faces."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        w = sizes.width
        self.vgg = nn.ModuleList(_trunk(w))
        self.L2Norm3_3, self.L2Norm4_3, self.L2Norm5_3 = _Scaled(4 * w), _Scaled(8 * w), _Scaled(8 * w)
        self.extras = nn.ModuleList(
            [
                nn.Conv2d(16 * w, 4 * w, 1),
                nn.Conv2d(4 * w, 8 * w, 3, 2, 1),
                nn.Conv2d(8 * w, 2 * w, 1),
                nn.Conv2d(2 * w, 4 * w, 3, 2, 1),
            ]
        )
        channels = (4 * w, 8 * w, 8 * w, 16 * w, 8 * w, 4 * w)
        self.loc = nn.ModuleList(nn.Conv2d(one, 4, 3, 1, 1) for one in channels)
        self.conf = nn.ModuleList(nn.Conv2d(one, 2 if i else 4, 3, 1, 1) for i, one in enumerate(channels))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """All squares there are: how surely each is a face ``(n, squares)``, and corners ``(n, squares, 4)``.

        Corners are left, top, right, bottom, in shares of the picture's width and height.
        """
        height, width = pictures.shape[-2:]
        sure, corners = [], []
        for level, x in enumerate(self._maps(pictures)):
            # the first map has three backgrounds, of which the likeliest counts
            *others, face = self.conf[level](x).unbind(1)
            logits = torch.stack([torch.stack(others).amax(dim=0), face], dim=-1)
            sure.append(logits.softmax(dim=-1)[..., 1].flatten(1))
            corners.append(_corners(self.loc[level](x), 4 * 2**level, height, width))
        return torch.cat(sure, dim=1), torch.cat(corners, dim=1)

    def _maps(self, x: Tensor) -> list[Tensor]:
        norms = {15: self.L2Norm3_3, 22: self.L2Norm4_3, 29: self.L2Norm5_3}
        found = []
        for i, layer in enumerate(self.vgg):
            x = layer(x)
            if i in norms:
                found.append(norms[i](x))
        found.append(x)
        for i, layer in enumerate(self.extras):
            x = layer(x).relu()
            if i % 2:
                found.append(x)
        return found


def _trunk(w: int) -> list[nn.Module]:
    """VGG-16 without its last pooling and with its two large layers as convolutions."""
    layers: list[nn.Module] = []
    before = 3
    for block, (count, channels) in enumerate(((2, w), (2, 2 * w), (3, 4 * w), (3, 8 * w), (3, 8 * w))):
        for _ in range(count):
            layers += [nn.Conv2d(before, channels, 3, 1, 1), nn.ReLU()]
            before = channels
        layers.append(nn.MaxPool2d(2, 2, ceil_mode=block == 2))
    large = [nn.Conv2d(before, 16 * w, 3, 1, padding=6, dilation=6), nn.ReLU(), nn.Conv2d(16 * w, 16 * w, 1), nn.ReLU()]
    return layers + large


def _corners(moved: Tensor, step: int, height: int, width: int) -> Tensor:
    """What a head ``(n, 4, rows, columns)`` makes of its squares, which are four steps wide and high."""
    rows, columns = (torch.arange(size, device=moved.device) + 0.5 for size in moved.shape[-2:])
    places = torch.stack(torch.broadcast_tensors(columns[None] * step / width, rows[:, None] * step / height), dim=-1)
    sizes = places.new_tensor([4 * step / width, 4 * step / height])
    moved = moved.permute(0, 2, 3, 1)
    middle = places + moved[..., :2] * _SPREAD[0] * sizes
    half = sizes * torch.exp(moved[..., 2:] * _SPREAD[1]) / 2
    return torch.cat([middle - half, middle + half], dim=-1).flatten(1, 2)
