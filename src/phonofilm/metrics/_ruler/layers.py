"""What the ruler's small networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def scaled(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU on pictures; ``stride`` shrinks them."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    """Dilated 3-tap convolution in time with a skip, on ``(B, channels, T)``."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return torch.relu(x + self.norm(self.conv(x)))


class Trunk(nn.Module):
    """Features in time ``(B, inputs, T)`` to ``(B, T, 2)``: logit of an event and its place relative to the cell."""

    def __init__(self, inputs: int, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, width, 1)
        self.layers = nn.Sequential(*(Residual(width, dilation) for dilation in dilations))
        self.leave = nn.Conv1d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits and shifts."""
        return self.leave(self.layers(torch.relu(self.enter(x)))).transpose(1, 2)
