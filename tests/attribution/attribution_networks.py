"""Small networks of random weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xai.models.nets import Sum


class Residual(nn.Module):
    """Two convolutions, the second around a shortcut, an average, a dense layer."""

    def __init__(self, *, bias: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=bias)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=bias)
        self.add = Sum()
        self.relu2 = nn.ReLU()
        self.pool = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(8 * 16, 5, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.conv1(x))
        x = self.relu2(self.add(self.conv2(x), x))
        return self.fc(self.flatten(self.pool(x)))


def randomise(net: nn.Module, seed: int) -> nn.Module:
    """Give a network weights of a useful size without touching the process's generator."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.named_parameters():
            fan = value[0].numel() if value.dim() > 1 else 30
            spread = (2.0 / fan) ** 0.5 if name.endswith("weight") else 0.1
            value.copy_(spread * torch.randn(value.shape, generator=generator))
    return net.eval()
