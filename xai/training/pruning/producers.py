"""Which convolution or dense layer makes the units of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from xai.hooks import submodule
from xai.models.computation import Step, consumers

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Activations that leave 0 as it is, by class of module or name of function.
_ACTIVATIONS = frozenset(
    (
        *("ReLU", "relu", "relu_", "ReLU6", "relu6", "LeakyReLU", "leaky_relu", "PReLU", "RReLU"),
        *("ELU", "elu", "SELU", "selu", "CELU", "celu", "GELU", "gelu", "SiLU", "silu"),
        *("Mish", "mish", "Hardswish", "hardswish", "Tanh", "tanh", "tanh_"),
        *("Softsign", "softsign"),
    )
)
#: What keeps each unit for itself, and 0 as it is.
_KEEPING = frozenset(
    (
        *("MaxPool2d", "max_pool2d", "AvgPool2d", "avg_pool2d", "AdaptiveAvgPool2d"),
        *("adaptive_avg_pool2d", "AdaptiveMaxPool2d", "adaptive_max_pool2d", "ZeroPad2d"),
        *("Dropout", "Dropout2d", "dropout", "Identity"),
    )
)
_NORM = "BatchNorm2d"


@dataclass(frozen=True)
class Producer:
    """What makes the units of a layer.

    Attributes
    ----------
    module : str
        Dotted path of the convolution or dense layer.
    norms : tuple of str
        Paths of the batch norms between it and the layer.
    units : int
        How many it makes.
    """

    module: str
    norms: tuple[str, ...]
    units: int


def producer(model: LoadedModel, layer: str) -> Producer:
    """Find what makes the units of a layer.

    Parameters
    ----------
    model : LoadedModel
    layer : str
        Dotted module path.

    Raises
    ------
    ValueError
        If there is no such layer, or masking its units would mean something else than that
        each of them is 0; the sentence says why.
    """
    modules = {step.module: step for step in model.steps if step.module}
    if layer not in modules:
        submodule(model.net, layer)  # says what there is
        raise _refused(layer, "it takes no part in the network’s answer")
    by_name = {step.name: step for step in model.steps}
    readers = consumers(model.steps)
    step, norms = modules[layer], []
    while not step.role:
        if step.kind == _NORM:
            norms.append(step.module)
        elif step.kind not in _ACTIVATIONS | _KEEPING:
            raise _refused(layer, _reason(step))
        if model.problem or len(step.inputs) != 1:
            raise _refused(layer, f"nobody can tell what {step.module or step.kind} reads")
        step = by_name[step.inputs[0]]
        if readers(step.name) != 1:
            raise _refused(layer, f"other layers read {step.module or step.kind}, too")
    _check(model, layer, step)
    units = step.shape[0]
    return Producer(step.module, tuple(norms), units)


def _check(model: LoadedModel, layer: str, step: Step) -> None:
    """Refuse a linear layer whose outputs are no units, or are used more than once."""
    calls = sum(other.module == step.module for other in model.steps)
    if calls > 1:
        raise _refused(layer, f"{step.module} works at {calls} places of the network")
    if step.name == model.steps[-1].name or not _feeds_on(model, step):
        raise _refused(layer, "it gives the scores of the classes, and without one there is none")
    module: Any = model.net.get_submodule(step.module)
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise _refused(layer, f"{step.module} is a {step.kind}")
    if len(step.shape) != (3 if isinstance(module, nn.Conv2d) else 1):
        raise _refused(layer, f"the values of {step.module} are no channels and no neurons")


def _feeds_on(model: LoadedModel, step: Step) -> bool:
    """Tell whether another linear layer comes after a step."""
    reached = {step.name}
    for other in model.steps:
        if reached & set(other.inputs):
            if other.role:
                return True
            reached.add(other.name)
    return False


def _reason(step: Step) -> str:
    name = step.module or step.kind
    if step.kind == "input":
        return "it is made of the image alone"
    if len(step.inputs) > 1:
        return f"several layers come together in {name}"
    return f"{name} ({step.kind}) turns 0 into other values, or mixes units"


def _refused(layer: str, reason: str) -> ValueError:
    return ValueError(f"layer: the units of {layer} cannot be masked: {reason}")


def activations(model: LoadedModel) -> dict[str, int]:
    """Return the layers that are activations and can be masked, and their numbers of units."""
    found = {}
    for layer in model.layers:
        if layer.kind in _ACTIVATIONS:
            try:
                found[layer.name] = producer(model, layer.name).units
            except ValueError:
                continue
    return found
