"""Small networks whose attacks can be worked out, and the digits that real ones read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import scatter, wrap

from xai import datasets, models
from xai.models.loaded import LoadedModel


class Counting(nn.Module):
    """Passes its input on and counts the images of each forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: Tensor) -> Tensor:
        self.seen += len(x)
        return x


class InFloat64(nn.Module):
    """A network whose cross-entropy keeps its gradient where float32 has lost it.

    LeNet-5 is so sure of most digits that 1 - p is below float32's resolution: the
    plain gradient then lacks the true class's part, and its signs are others.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.double())


@pytest.fixture(scope="session")
def linear() -> Callable[..., LoadedModel]:
    """Make a linear model of weights (K, C, H, W) and biases (K,)."""

    def make(weight: np.ndarray, bias: np.ndarray | None = None) -> LoadedModel:
        layer = nn.Linear(weight[0].size, len(weight))
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(weight).reshape(len(weight), -1))
            layer.bias.copy_(torch.as_tensor(np.zeros(len(weight)) if bias is None else bias))
        return wrap(nn.Sequential(Counting(), nn.Flatten(), layer), weight.shape[1:])

    return make


@pytest.fixture(scope="session")
def smooth() -> LoadedModel:
    """A small network with a curved decision boundary: 3x4x4 images, four classes."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 20), nn.Tanh(), nn.Linear(20, 4))
    return wrap(scatter(net, 5, 0.6), (3, 4, 4))


@pytest.fixture(scope="session")
def lenet() -> LoadedModel:
    return models.load("lenet5-mnist", device="cpu")


@pytest.fixture(scope="session")
def digits(lenet: LoadedModel) -> tuple[np.ndarray, np.ndarray]:
    """Fifty digits (N, 1, 28, 28) that LeNet-5 reads rightly, and their classes."""
    found = datasets.load("mnist", n=60)
    batch = np.stack([lenet.prepare(image) for image in found.images])
    said = np.array([one.label for one in lenet.predict_batch(batch)])
    right = np.flatnonzero(said == found.labels)[:50]
    return batch[right], found.labels[right].astype(int)


@pytest.fixture(scope="session")
def witness(lenet: LoadedModel) -> tuple[Any, Any]:
    """Foolbox, and LeNet-5 as it sees it."""
    import foolbox

    spec = lenet.spec
    scaling = {"mean": list(spec.mean), "std": list(spec.std), "axis": -3}
    exact = InFloat64(lenet.net).eval()
    net = foolbox.PyTorchModel(exact, bounds=(0, 1), device="cpu", preprocessing=scaling)
    return foolbox, net
