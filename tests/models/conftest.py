"""Networks of torchvision with random weights, made small where they are huge."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from toys import likely

from xai.models import MODELS, LoadedModel, load


def _zoo_net(name: str, *, thin: bool = True, **options: Any) -> nn.Module:
    """Build torchvision's own network with weights that a trained one might have.

    With ``thin`` the dense layers of AlexNet and VGG, hundreds of megabytes, get
    64 units each; that leaves everything that is rewritten as it is.
    """
    import torchvision.models

    spec = MODELS[name]
    with torch.device("meta"):
        maker = getattr(torchvision.models, spec.builder.partition(":")[2])
        net = maker(**{**dict(spec.options), **options}).eval()
        if thin and isinstance(getattr(net, "classifier", None), nn.Sequential):
            dense = [i for i, m in enumerate(net.classifier) if isinstance(m, nn.Linear)]
            for index in dense if len(dense) == 3 else ():
                old = net.classifier[index]
                width = 64 if index != dense[0] else old.in_features
                out = 64 if index != dense[-1] else old.out_features
                net.classifier[index] = nn.Linear(width, out)
    return likely(net.to_empty(device="cpu"), len(name))


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Compute on one thread: several fight over a busy machine, and these nets are small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def model() -> Callable[[str], LoadedModel]:
    """Return a function that loads a bundled model once."""
    return functools.cache(functools.partial(load, device="cpu"))


@pytest.fixture(scope="session")
def zoo_net() -> Callable[..., nn.Module]:
    """Return a function that builds torchvision's own network with random weights."""
    return _zoo_net
