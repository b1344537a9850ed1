from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

from xai.models import MODELS
from xai.models.explicit import explicit
from xai.models.loaded import LoadedModel
from xai.models.nets import EfficientNetLite0

_OPTIONS = {"googlenet": {"aux_logits": False, "init_weights": False}}


@cache
def _published(name: str) -> LoadedModel:
    """Build a published architecture; its numbers are of no interest here."""
    import torchvision

    with torch.device("meta"):
        net = getattr(torchvision.models, name)(weights=None, **_OPTIONS.get(name, {}))
    net.to_empty(device="cpu")
    return LoadedModel(MODELS[name], explicit(net.eval()))


@pytest.fixture(scope="session")
def published() -> Callable[[str], LoadedModel]:
    return _published


@pytest.fixture(scope="session")
def lite0() -> LoadedModel:
    return LoadedModel(MODELS["efficientnet-lite0"], EfficientNetLite0())


@pytest.fixture(scope="session")
def wrapped() -> Callable[..., LoadedModel]:
    """Wrap any network as a model of grey images of a given side."""

    def wrap(net: nn.Module, side: int = 8) -> LoadedModel:
        spec = dataclasses.replace(
            MODELS["lenet5-mnist"], name="toy", input_size=(side, side), resize=side
        )
        return LoadedModel(spec, net)

    return wrap
