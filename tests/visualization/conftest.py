"""Small networks for which images can be grown in milliseconds, and LeNet-5."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn

from xai import models
from xai.models.lending import forget
from xai.models.loaded import LoadedModel
from xai.visualization import Sight, telling


def wrap(net: nn.Module, shape: tuple[int, int, int], **columns: object) -> LoadedModel:
    """Make a model of a network, an input shape and perhaps other columns of its spec."""
    with torch.no_grad():
        count = net.eval()(torch.zeros(1, *shape)).shape[1]
    values: dict[str, object] = {
        "name": "toy",
        "input_size": shape[1:],
        "channels": shape[0],
        "mean": (0.4, 0.5, 0.6)[: shape[0]],
        "std": (0.25,) * shape[0],
        "own_classes": tuple(f"class {index}" for index in range(count)),
        "cam_layer": "",
    }
    return LoadedModel(
        dataclasses.replace(models.MODELS["lenet5-mnist"], **(values | columns)), net
    )


def seeded(net: nn.Module, seed: int, spread: float = 0.4) -> nn.Module:
    """Fill everything that a network holds with numbers that do not depend on the process."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.copy_(spread * torch.randn(value.shape, generator=generator))
                if name.endswith("running_var"):
                    value.abs_().add_(0.5)
    return net


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
    model = wrap(seeded(net, 1), (3, 9, 8))
    assert model.norm_pairs
    yield model
    forget(model)


@pytest.fixture(scope="session")
def smooth() -> Callable[[tuple[int, int, int]], LoadedModel]:
    """Make a network without edges, for which float32 and float64 agree step by step."""

    def make(shape: tuple[int, int, int]) -> LoadedModel:
        size = int(np.prod(shape))
        net = nn.Sequential(nn.Flatten(), nn.Linear(size, 10), nn.Tanh(), nn.Linear(10, 4))
        return wrap(seeded(net, 5, 0.2), shape)

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


@pytest.fixture
def checksum() -> Callable[[nn.Module], str]:
    """Digest of everything a network holds: weights, gradients, hooks, mode."""

    def of(net: nn.Module) -> str:
        state = hashlib.sha256()
        for name, value in net.state_dict().items():
            state.update(name.encode() + value.cpu().numpy().tobytes())
        for parameter in net.parameters():
            state.update(f"{parameter.grad is None}{parameter.requires_grad}".encode())
        for module in net.modules():
            hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
            state.update(f"{module.training}{[len(one) for one in hooks]}".encode())
        return state.hexdigest()

    return of
