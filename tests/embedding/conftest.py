from __future__ import annotations

import numpy as np
import pytest
import torch

from xai import datasets
from xai.embedding import Features, features
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5


@pytest.fixture(scope="session")
def lenet() -> LoadedModel:
    """A LeNet with weights of no meaning, but the same each time."""
    net = LeNet5()
    generator = torch.Generator().manual_seed(0)
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return LoadedModel(MODELS["lenet5-mnist"], net)


@pytest.fixture(scope="session")
def digits() -> datasets.ImageSet:
    return datasets.load("mnist", n=600, seed=0)


@pytest.fixture(scope="session")
def pixels(lenet: LoadedModel, digits: datasets.ImageSet) -> Features:
    return features(lenet, digits, None)


@pytest.fixture(scope="session")
def cloud() -> np.ndarray:
    """60 points in 5 dimensions, in three groups."""
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(3, 5)) * 4, 20, axis=0)
    return (centres + rng.normal(size=(60, 5))).astype(np.float32)
