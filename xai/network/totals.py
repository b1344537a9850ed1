"""What a network amounts to: parameters, operations, depth, and who has how much of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai.models.doors import checked_model

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step


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
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If the forward pass fails.

    Notes
    -----
    Of a network that cannot be traced (``model.problem``), the depth is that of
    the way that one image takes.
    """
    checked_model(model)
    parameters = sum(parameter.numel() for parameter in model.net.parameters())
    macs = sum(step.macs for step in model.steps)
    layers = model.layers
    roles = {step.module: step.role for step in model.steps}
    counts = Counter(roles[layer.name] for layer in layers)
    return NetworkSummary(
        model=model.spec.name,
        parameters=parameters,
        macs=macs,
        layers=len(layers),
        conv_layers=counts["conv"],
        dense_layers=counts["dense"],
        depth=max(depths(model.steps).values(), default=0),
        shares=tuple(
            LayerShare(layer.name, layer.parameters / max(parameters, 1), layer.macs / max(macs, 1))
            for layer in layers
        ),
    )


def depths(steps: tuple[Step, ...]) -> dict[str, int]:
    """Return how many weighted layers the longest path up to each step has, by name.

    Those are the layers that the literature counts: "VGG-16" has 16 of them.
    """
    found: dict[str, int] = {}
    for step in steps:
        before = max((found[name] for name in step.inputs), default=0)
        found[step.name] = before + bool(step.role)
    return found
