"""Of what the tests of features, and of the maps made of them, take their rows."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from xai import datasets
from xai.embedding import Features, features
from xai.features.gathering import Gathered, features_of_all
from xai.features.keys import FeaturesKey
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5
from xai.models.spec import weights_of
from xai.store import Store

LAYERS = (None, "conv1", "relu2", "fc2", "fc3")


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


def keys_of(model: LoadedModel, images: datasets.ImageSet, layers=LAYERS) -> list[FeaturesKey]:
    """Return the keys of the features of some layers."""
    weights = weights_of(model.spec)
    return [FeaturesKey(images.signature, model.spec.name, weights, layer) for layer in layers]


@pytest.fixture(scope="session")
def few(digits: datasets.ImageSet) -> datasets.ImageSet:
    return digits.subset(np.arange(120))


@pytest.fixture(scope="session")
def gathered(lenet: LoadedModel, few: datasets.ImageSet) -> Gathered:
    return features_of_all(keys_of(lenet, few), lenet, few)


@pytest.fixture
def passes(lenet: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that the network is shown."""
    seen: list[int] = []
    normalize = lenet.normalize

    def watched(self: LoadedModel, x: Any) -> Any:
        seen.append(len(x))
        return normalize(x)

    monkeypatch.setattr(type(lenet), "normalize", watched)
    return seen


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results")


@pytest.fixture(scope="session")
def some(digits) -> datasets.ImageSet:
    return digits.subset(np.arange(80))


@pytest.fixture
def key(lenet, some) -> FeaturesKey:
    return FeaturesKey(some.signature, lenet.spec.name, weights_of(lenet.spec), "fc2")


def equal(one: Any, other: Any) -> None:
    """Compare two results field by field."""
    for item in dataclasses.fields(one):
        left, right = getattr(one, item.name), getattr(other, item.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, item.name
            np.testing.assert_array_equal(left, right, err_msg=item.name)
        elif dataclasses.is_dataclass(left):
            equal(left, right)
        else:
            assert left == right, item.name


def counted(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> list[object]:
    """Return the calls of a function, as they come."""
    calls: list[object] = []
    real = getattr(where, name)

    def call(*args, **kwargs):
        calls.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, call)
    return calls
