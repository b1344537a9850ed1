"""What a method needs of a model, checked before the method is offered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from torch import nn

from xai.attribution.gradients.rectifiers import RECTIFIERS
from xai.attribution.lrp.canonical import HOOKED, PASSING, RESHAPING

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step
    from xai.types import Method

#: What the checks said of each model.
_answers: WeakKeyDictionary[LoadedModel, dict[str, str]] = WeakKeyDictionary()
_lock = threading.Lock()

_BARE_ACTIVATIONS = (
    *("relu", "relu_", "relu6", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "silu"),
    *("sigmoid", "tanh", "softplus", "hardtanh", "hardswish", "hardsigmoid", "mish"),
)


def first_missing(model: LoadedModel, method: Method) -> str:
    """Return why ``method`` cannot explain ``model``, or ``""`` if it can.

    Parameters
    ----------
    model : LoadedModel
    method : Method
        Its ``needs`` are looked up one after the other.
    """
    try:
        return next((reason for need in method.needs if (reason := _answer(model, need))), "")
    except ValueError as error:
        # Its forward pass fails: nothing is known of its steps.
        return str(error)


def _answer(model: LoadedModel, need: str) -> str:
    """Return what a check says of a model, which never changes: asked once, since it is slow."""
    with _lock:
        known = _answers.setdefault(model, {})
    if need not in known:
        known[need] = _CHECKS[need](model)
    return known[need]


def _lacks_map(model: LoadedModel) -> str:
    if any(layer.spatial and layer.shape[1] * layer.shape[2] > 1 for layer in model.layers):
        return ""
    last = model.layers[-1]
    return f"none of its layers, up to {last.name} ({last.kind}), has rows and columns"


def _lacks_rectifiers(model: LoadedModel) -> str:
    if model.problem:
        # A bare activation between its modules would be overlooked.
        return model.problem
    found = False
    for step in model.steps:
        if not step.module:
            if step.kind in _BARE_ACTIVATIONS:
                return (
                    f"{step.name} is a bare function ({step.kind}), whose gradient stays as it is"
                )
            continue
        module = model.net.get_submodule(step.module)
        if isinstance(module, RECTIFIERS):
            found = True
        elif type(module).__module__ == nn.ReLU.__module__:
            return f"{step.module} ({step.kind}) is no ReLU, and the rule is for ReLU alone"
    return "" if found else "it has no ReLU, so the map would be the plain gradient"


def _lacks_rules(model: LoadedModel) -> str:
    if model.problem:
        return model.problem
    seen: set[str] = set()
    for step in model.steps:
        reason = _without_rule(model, step, seen)
        if reason:
            return reason
    return ""


def _without_rule(model: LoadedModel, step: Step, seen: set[str]) -> str:
    if step.kind == "input":
        return ""
    if not step.module:
        known = step.kind in RESHAPING
        return "" if known else f"{step.name} is a bare function ({step.kind}), which has no rule"
    module = model.net.get_submodule(step.module)
    if isinstance(module, PASSING):
        return ""
    if not isinstance(module, HOOKED):
        return f"there is no relevance rule for {step.module} ({step.kind})"
    if isinstance(module, nn.BatchNorm2d) and module.running_mean is None:
        return f"{step.module} (BatchNorm2d) has no running statistics"
    if step.module in seen:
        return f"{step.module} ({step.kind}) is used twice, and a rule would see one use"
    seen.add(step.module)
    return ""


_CHECKS: dict[str, Callable[[LoadedModel], str]] = {
    "conv": _lacks_map,
    "relu": _lacks_rectifiers,
    "lrp": _lacks_rules,
}
