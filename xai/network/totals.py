"""What a network amounts to: parameters, operations, depth, and who has how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step

#: Layers that have weights and that the literature counts: "VGG-16" has 16 of them.
_WEIGHTED = ("Conv2d", "Linear")


@dataclass(frozen=True)
class LayerShare:
    """One layer's part of the whole.

    Attributes
    ----------
    layer : str
        Dotted path, as in ``model.layers``.
    parameters, macs : float
        Share of the network's total, in [0, 1].
    """

    layer: str
    parameters: float
    macs: float


@dataclass(frozen=True)
class NetworkSummary:
    """A network's totals.

    Attributes
    ----------
    model : str
        Name of the model.
    parameters : int
        Trainable numbers; a weight that is used twice counts once.
    macs : int
        Multiply-accumulate operations of convolutions and dense layers for one image.
    layers : int
        Number of layers that a user would pick.
    conv_layers, dense_layers : int
        Number of convolutions and of dense layers.
    depth : int
        Convolutions and dense layers on the longest path from image to scores:
        the number in the names VGG-16 and ResNet-50.
    shares : tuple of LayerShare
        One for each of ``model.layers``, in the same order.
    """

    model: str
    parameters: int
    macs: int
    layers: int
    conv_layers: int
    dense_layers: int
    depth: int
    shares: tuple[LayerShare, ...]


def summary(model: LoadedModel) -> NetworkSummary:
    """Return a network's totals and every layer's share of them.

    Parameters
    ----------
    model : LoadedModel

    Raises
    ------
    ValueError
        If the forward pass cannot be traced, with the tracer's reason.
    """
    parameters = sum(parameter.numel() for parameter in model.net.parameters())
    macs = sum(step.macs for step in model.steps)
    layers = model.layers
    return NetworkSummary(
        model=model.spec.name,
        parameters=parameters,
        macs=macs,
        layers=len(layers),
        conv_layers=sum(layer.kind == "Conv2d" for layer in layers),
        dense_layers=sum(layer.kind == "Linear" for layer in layers),
        depth=_depth(model.steps),
        shares=tuple(
            LayerShare(layer.name, layer.parameters / max(parameters, 1), layer.macs / max(macs, 1))
            for layer in layers
        ),
    )


def _depth(steps: tuple[Step, ...]) -> int:
    """Return how many weighted layers the longest path has."""
    depths: dict[str, int] = {}
    for step in steps:
        before = max((depths[name] for name in step.inputs), default=0)
        depths[step.name] = before + (step.kind in _WEIGHTED)
    return max(depths.values(), default=0)
