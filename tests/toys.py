"""Networks of a test's own: as a model, and with numbers that a trained one might have."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from xai.models import MODELS
from xai.models.loaded import LoadedModel


def wrap(net: nn.Module, shape: tuple[int, int, int], **columns: object) -> LoadedModel:
    """Make a model of a network, an input shape (C, H, W) and perhaps other columns of its spec.

    It takes images in [0, 1] as they are, unless the columns say otherwise.
    """
    with torch.no_grad():
        count = net.eval()(torch.zeros(1, *shape)).shape[1]
    values: dict[str, object] = {
        "name": "toy",
        "label": "Toy",
        "input_size": shape[1:],
        "channels": shape[0],
        "mean": (0.0,) * shape[0],
        "std": (1.0,) * shape[0],
        "own_classes": tuple(f"class {index}" for index in range(count)),
    }
    spec = dataclasses.replace(MODELS["lenet5-mnist"], **(values | columns))
    return LoadedModel(spec, net)


def scatter(net: nn.Module, seed: int, spread: float) -> nn.Module:
    """Fill everything that a network holds with numbers that do not depend on the process."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.copy_(spread * torch.randn(value.shape, generator=generator))
                if name.endswith("running_var"):
                    value.abs_().add_(0.5)
    return net


def likely(net: nn.Module, seed: int) -> nn.Module:
    """Give a network numbers that a trained one might have."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1, generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.4, 0.9, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
                module.num_batches_tracked.zero_()
    return net.eval()
