"""Networks that can be checked by hand, and a literal survey."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from torch import nn

from xai.datasets import ImageSet
from xai.models import MODELS
from xai.models.loaded import LoadedModel


@pytest.fixture
def wrapped() -> Callable[..., LoadedModel]:
    """Return a function that makes a model for grey images from a network."""

    def wrap(net: nn.Module, side: int = 4) -> LoadedModel:
        spec = dataclasses.replace(
            MODELS["lenet5-mnist"],
            name="toy",
            input_size=(side, side),
            resize=side,
            mean=(0.0,),
            std=(1.0,),
        )
        return LoadedModel(spec, net)

    return wrap


@pytest.fixture
def image_set() -> Callable[..., ImageSet]:
    """Return a function that makes a set of random images of differing sizes."""

    def make(count: int, classes: int = 3, seed: int = 0) -> ImageSet:
        rng = np.random.default_rng(seed)
        sizes = rng.integers(20, 40, size=(count, 2))
        return ImageSet(
            images=[rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in sizes],
            labels=rng.integers(0, classes, count),
            # One class more than there are labels: it has no image.
            classes=tuple(f"class {place}" for place in range(classes + 1)),
            ids=tuple(f"image-{place}" for place in range(count)),
            name="noise",
        )

    return make
