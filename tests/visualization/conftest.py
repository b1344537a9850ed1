"""Small networks for which images can be grown in milliseconds, and LeNet-5."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import toys
from torch import nn
from toys import scatter

from xai import models
from xai.models.lending import forget
from xai.models.loaded import LoadedModel
from xai.visualization import Sight, telling


def wrap(net: nn.Module, shape: tuple[int, int, int], **columns: object) -> LoadedModel:
    """Make a model that normalizes its images, and perhaps other columns of its spec."""
    channels = shape[0]
    scaling = {"mean": (0.4, 0.5, 0.6)[:channels], "std": (0.25,) * channels}
    return toys.wrap(net, shape, **{**scaling, "cam_layer": "", **columns})


@pytest.fixture(scope="session")
def wrapped() -> Callable[..., LoadedModel]:
    return wrap


@pytest.fixture(scope="session")
def linear() -> Callable[..., LoadedModel]:
    """Make a linear model of weights (K, C, H, W) and biases (K,), with no normalization."""

    def make(weight: np.ndarray, bias: object = 0.0, mean: float = 0.5) -> LoadedModel:
        layer = nn.Linear(weight[0].size, len(weight))
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(weight).reshape(len(weight), -1))
            layer.bias.copy_(torch.as_tensor(bias).expand(len(weight)))
        channels = weight.shape[1]
        columns = {"mean": (mean,) * channels, "std": (1.0,) * channels}
        return wrap(nn.Sequential(nn.Flatten(), layer), weight.shape[1:], **columns)

    return make


@pytest.fixture(scope="session")
def tiny() -> Iterator[LoadedModel]:
    """Convolutions with batch norms and rectifiers in place: 3x9x8 images, five classes."""
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
        nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 5),
    )  # fmt: skip
    model = wrap(scatter(net, 1, 0.4), (3, 9, 8))
    assert model.norm_pairs
    yield model
    forget(model)


@pytest.fixture(scope="session")
def smooth() -> Callable[[tuple[int, int, int]], LoadedModel]:
    """Make a network without edges, for which float32 and float64 agree step by step."""

    def make(shape: tuple[int, int, int]) -> LoadedModel:
        size = int(np.prod(shape))
        net = nn.Sequential(nn.Flatten(), nn.Linear(size, 10), nn.Tanh(), nn.Linear(10, 4))
        return wrap(scatter(net, 5, 0.2), shape)

    return make


@pytest.fixture(scope="session")
def lenet() -> LoadedModel:
    return models.load("lenet5-mnist", device="cpu")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Sight]:
    """A list that keeps every look at a run (give its ``append``); no step goes by unseen."""
    monkeypatch.setattr(telling, "_PAUSE", 0.0)
    monkeypatch.setattr(telling, "_SPARING", 0.0)
    return []
