"""Models whose explanations can be worked out, and the real ones that run fast."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import toys
import traces
from attribution_networks import Residual, randomise
from torch import nn

from xai import datasets, models
from xai.models.loaded import LoadedModel
from xai.models.nets import NarrowVGG16

Wrap = Callable[..., LoadedModel]


@pytest.fixture(scope="session")
def wrap() -> Wrap:
    """Make a model of a network, an input shape and perhaps other columns of its spec."""
    return toys.wrap


@pytest.fixture(scope="session")
def lenet() -> LoadedModel:
    return models.load("lenet5-mnist", device="cpu")


@pytest.fixture(scope="session")
def digits(lenet: LoadedModel) -> np.ndarray:
    """Eight digits (N, 1, 28, 28) in [0, 1]."""
    return np.stack([lenet.prepare(image) for image in datasets.load("mnist", n=8).images])


@pytest.fixture(scope="session")
def vgg(wrap: Wrap) -> LoadedModel:
    columns = {"mean": (0.1307,), "std": (0.3081,), "cam_layer": "features.relu4_3"}
    return wrap(randomise(NarrowVGG16(), 1), (1, 32, 32), **columns)


@pytest.fixture(scope="session")
def residual(wrap: Wrap) -> LoadedModel:
    columns = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4), "cam_layer": "relu2"}
    return wrap(randomise(Residual(), 2), (3, 8, 8), **columns)


@pytest.fixture(scope="session")
def lite0() -> LoadedModel:
    return models.load("efficientnet-lite0", device="cpu")


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    """Make a smooth colourful image of a shape (C, H, W) and a seed."""

    def make(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
        coarse = np.random.default_rng(seed).random((1, shape[0], 4, 4), dtype=np.float32)
        size = (shape[1], shape[2])
        fine = nn.functional.interpolate(torch.from_numpy(coarse), size, mode="bilinear")
        return fine[0].numpy()

    return make


@pytest.fixture(scope="session")
def state_of() -> Callable[[nn.Module], str]:
    """Digest of what must never change in a shared network."""
    return traces.digest
