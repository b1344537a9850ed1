"""Which values a layer can take: whether its units can be off, and whether they have a ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step

#: A sigmoid comes near its ceiling and does not touch it: this near counts.
MARGIN = 0.01


@dataclass(frozen=True)
class Reach:
    """What the values of a layer can be.

    Attributes
    ----------
    floor : bool
        Never below 0, and 0 is a unit that is off.
    gate : bool
        A unit is on where it is above 0: so with a floor, and behind activations that let
        little of the negative side pass, such as leaky ReLU, GELU and SiLU.
    ceilings : tuple of float
        Ends of the range at which a unit can tell no more: 6 for ReLU6, 1 for the
        sigmoid, -1 and 1 for tanh. None for ReLU.
    margin : float
        How near to its ceiling a value counts as at it.
    """

    floor: bool = False
    gate: bool = False
    ceilings: tuple[float, ...] = ()
    margin: float = 0.0


_ANY = Reach()
_FLOOR = Reach(floor=True, gate=True)
_GATE = Reach(gate=True)
_SIX = Reach(floor=True, gate=True, ceilings=(6.0,))
_ONE = Reach(floor=True, gate=True, ceilings=(1.0,))
_SIGMOID = Reach(ceilings=(1.0,), margin=MARGIN)
_TANH = Reach(ceilings=(-1.0, 1.0), margin=MARGIN)

#: By class of module, or name of function. A sigmoid and tanh are never off.
_KINDS: dict[str, Reach] = {
    **dict.fromkeys(("ReLU", "relu", "relu_"), _FLOOR),
    **dict.fromkeys(("ReLU6", "relu6"), _SIX),
    **dict.fromkeys(("Hardsigmoid", "hardsigmoid"), _ONE),
    **dict.fromkeys(("Sigmoid", "sigmoid", "sigmoid_"), _SIGMOID),
    **dict.fromkeys(("Tanh", "tanh", "tanh_", "Softsign", "softsign"), _TANH),
    **dict.fromkeys(("LeakyReLU", "leaky_relu", "PReLU", "RReLU", "ELU", "elu", "SELU"), _GATE),
    **dict.fromkeys(("selu", "CELU", "celu", "GELU", "gelu", "SiLU", "silu", "Mish"), _GATE),
    **dict.fromkeys(("mish", "Hardswish", "hardswish"), _GATE),
}
#: What picks or moves values and makes no new ones.
_SAME = frozenset(
    (
        *("MaxPool2d", "AdaptiveMaxPool2d", "max_pool2d", "adaptive_max_pool2d"),
        *("Dropout", "Dropout2d", "dropout", "Identity"),
        *("Flatten", "flatten", "view", "reshape", "Concat", "cat", "concat"),
    )
)
#: What is never below 0 if what goes in is not.
_AVERAGES = frozenset(
    ("AvgPool2d", "AdaptiveAvgPool2d", "avg_pool2d", "adaptive_avg_pool2d", "mean", "ZeroPad2d")
)
_SUMS = frozenset(("Sum", "add", "iadd", "add_"))


def reaches(model: LoadedModel, names: Iterable[str]) -> dict[str, Reach]:
    """Return what the values of layers can be.

    Parameters
    ----------
    model : LoadedModel
    names : iterable of str
        Dotted module paths that the model has.

    Notes
    -----
    Pooling, joining and adding take the nature of what goes in. Of a module that is
    called twice, the last call counts.
    """
    modules = dict(model.net.named_modules())
    found: dict[str, Reach] = {}
    by_module: dict[str, Reach] = {}
    for step in model.steps:
        found[step.name] = _of(step, modules, found, known=not model.problem)
        if step.module:
            by_module[step.module] = found[step.name]
    return {name: by_module.get(name) or _own(modules[name]) for name in names}


def _of(
    step: Step, modules: Mapping[str, Any], found: Mapping[str, Reach], *, known: bool
) -> Reach:
    """Return the reach of a step from those of its inputs.

    Without a traced graph, ``known`` is False: a function that nobody saw may stand
    between two modules, so only a module's own nature counts.
    """
    own = _own(modules[step.module]) if step.module else _KINDS.get(step.kind, _ANY)
    before = [found.get(name, _ANY) for name in step.inputs] if known else []
    if own != _ANY or not before:
        return own
    floor = all(reach.floor for reach in before)
    if step.kind in _SAME:
        alike = all(reach == before[0] for reach in before)
        return before[0] if alike else Reach(floor, all(reach.gate for reach in before))
    # A sum of one tensor has a number added that the graph does not show.
    if step.kind in _AVERAGES or (step.kind in _SUMS and len(before) > 1):
        return _FLOOR if floor else _ANY
    return _ANY


def _own(module: Any) -> Reach:
    kind = type(module).__name__
    if kind != "Hardtanh":
        return _KINDS.get(kind, _ANY)
    low, high = float(module.min_val), float(module.max_val)
    return Reach(True, True, (high,)) if low == 0 else Reach(ceilings=(low, high))
