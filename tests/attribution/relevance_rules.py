"""Relevance by zennit's own rules, and networks of random weights to try them on."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn
from toys import likely
from zennit.core import Composite
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Pass, ZBox, ZPlus

from xai.attribution.lrp.assignment import words
from xai.attribution.lrp.canonical import StackedSum, canonical
from xai.models import MODELS
from xai.models.explicit import explicit
from xai.models.loaded import LoadedModel


def exact(denominator):
    """Divide by the sum itself, by one where it is zero."""
    return torch.where(denominator == 0, torch.ones_like(denominator), denominator)


def by_zennit(model, image, params, start):
    """Relevance of the normalised image with zennit's rule for each word; (C, H, W).

    ``start`` (K,) is what is handed back from each output.
    """
    zeroed = ["bias"] if params.zero_bias else None
    channels = model.input_shape[0]
    low, high = (model.normalize(torch.full((1, channels, 1, 1), value)) for value in (0.0, 1.0))
    makers = {
        "zero": lambda: Epsilon(exact, zero_params=zeroed),
        "epsilon": lambda: Epsilon(params.epsilon, zero_params=zeroed),
        "gamma": lambda: Gamma(params.gamma, zero_params=zeroed),
        "z_plus": lambda: ZPlus(zero_params=zeroed),
        "alpha2_beta1": lambda: AlphaBeta(2.0, 1.0, zero_params=zeroed),
        "flat": lambda: Flat(zero_params=zeroed),
        "box": lambda: ZBox(low, high, zero_params=zeroed),
        "norm": Norm,
        "exact norm": lambda: Norm(exact),
        "pass": Pass,
    }
    net = canonical(model)
    rules = {}
    for name, word in words(model, params).items():
        inner = isinstance(net.get_submodule(name), StackedSum)
        rules[f"{name}.total" if inner else name] = makers[word]()
    leaf = model.normalize(image[None]).requires_grad_()
    with Composite(lambda context, name, module: rules.get(name)).context(net):
        scores = net(leaf)
        (found,) = torch.autograd.grad(scores, leaf, start[None])
    return found[0].numpy()


class Bottleneck(nn.Module):
    """What mobile networks are made of: norms, a depthwise convolution, no last activation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(6)
        self.act = nn.ReLU6()
        self.deep = nn.Conv2d(6, 12, 3, padding=1, groups=6)
        self.deep_norm = nn.BatchNorm2d(12)
        self.deep_act = nn.ReLU6()
        self.narrow = nn.Conv2d(12, 4, 1)
        self.wide = nn.Conv2d(4, 8, 3, padding=2, dilation=2)
        self.wide_act = nn.ReLU(inplace=True)
        self.own_norm = nn.BatchNorm2d(8)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        x = self.act(self.stem_norm(self.stem(x)))
        x = self.narrow(self.deep_act(self.deep_norm(self.deep(x))))
        return self.fc(self.flatten(self.pool(self.own_norm(self.wide_act(self.wide(x))))))


def published(name, side=64):
    """Return torchvision's network, for small images; VGG's dense layers are thin."""
    import torchvision.models

    spec = MODELS.get(name, MODELS["vgg16"])
    with torch.device("meta"):
        net = getattr(torchvision.models, name)(**dict(spec.options)).eval()
        if name.startswith("vgg"):
            net.avgpool = nn.AdaptiveAvgPool2d(1)
            net.classifier = nn.Sequential(
                nn.Linear(512, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, len(spec.classes))
            )
    net = likely(net.to_empty(device="cpu"), len(name))
    return LoadedModel(dataclasses.replace(spec, input_size=(side, side)), explicit(net))
