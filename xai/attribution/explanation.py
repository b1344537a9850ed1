"""What all methods share: the checks at the door, the clock, the packing."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from xai import images
from xai.attribution.aim import Aim
from xai.attribution.reporting import Reporter
from xai.attribution.requirements import first_missing
from xai.attribution.result import Attribution
from xai.models.loaded import LoadedModel
from xai.types import Method, Params, make_params

#: The modules of each model that was explained.
_walked: WeakKeyDictionary[LoadedModel, list[nn.Module]] = WeakKeyDictionary()


def explain(
    model: LoadedModel,
    image: np.ndarray,
    name: str,
    method: Method,
    *,
    aim: tuple[Any, Any],
    params: Params | Mapping[str, Any] | None,
    seed: int,
    report: Reporter,
) -> Attribution:
    """Check, run one method, check again, pack; see :func:`xai.attribution.run`."""
    check_model(model)
    chosen = make_params(method.params, params)
    wanted = check_aim(*aim, len(model.classes))
    number = check_seed(seed)
    # A caller's no_grad or inference_mode must not reach the gradients.
    with _graded():
        x = model.single(image).detach()
        reason = first_missing(model, method)
        if reason:
            raise ValueError(f"{method.label} cannot explain {model.spec.label}: {reason}")
        report(0, 1, method.label)
        start = time.perf_counter()
        finding = method.function(model, x, wanted, chosen, number, report)
        seconds = time.perf_counter() - start
        report(1, 1, method.label)
    summary = _summary(finding.relevance)
    _check_finite(summary, method)
    scores, contrast = finding.logits[0].tolist(), finding.aim.contrast
    return Attribution(
        relevance=np.ascontiguousarray(finding.relevance, dtype=np.float32),
        method=name,
        params=chosen,
        target=finding.aim.index,
        logit=scores[finding.aim.index],
        diagnostics=summary | {"seconds": seconds} | finding.diagnostics,
        seed=number,
        model=model.spec.name,
        digest=images.digest(x.cpu().numpy()[0]),
        contrast=contrast,
        contrast_logit=None if contrast is None else scores[contrast],
    )


def _graded() -> AbstractContextManager[Any]:
    """Switch gradients on; where they are on already, entering two modes only takes time."""
    if torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
        return nullcontext()
    stack = ExitStack()
    stack.enter_context(torch.inference_mode(False))
    stack.enter_context(torch.enable_grad())
    return stack


def _summary(relevance: np.ndarray) -> dict[str, float]:
    return {
        "sum": float(relevance.sum(dtype=np.float64)),
        "min": float(relevance.min()),
        "max": float(relevance.max()),
    }


def check_model(model: Any) -> None:
    """Refuse what is no model, or one in training mode.

    Raises
    ------
    TypeError, ValueError
    """
    if not isinstance(model, LoadedModel):
        raise TypeError(f"model: expected a LoadedModel, got {type(model).__name__}")
    if any(module.training for module in _modules(model)):
        raise ValueError(
            f"model: expected {model.spec.label} in evaluation mode, got training mode; "
            "dropout and batch norms would make every explanation another one"
        )


def _modules(model: LoadedModel) -> list[nn.Module]:
    """Return the modules of a model, which stay the same; walking to them takes longer."""
    known = _walked.get(model)
    if known is None:
        known = _walked[model] = list(model.net.modules())
    return known


def check_aim(target: Any, contrast: Any, classes: int) -> Aim:
    """Return what is to be explained, with classes that exist.

    Raises
    ------
    TypeError, ValueError
    """
    return Aim(check_class(target, classes, "target"), check_class(contrast, classes, "contrast"))


def check_class(target: Any, classes: int, what: str = "target") -> int | None:
    """Return the index of a class, or None where none is given; ``what`` names it.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or there is no such class.
    """
    if target is None:
        return None
    index = whole(target, what)
    if not 0 <= index < classes:
        raise ValueError(f"{what}: expected 0 to {classes - 1}, got {index}")
    return index


def check_seed(seed: Any) -> int:
    """Return a seed that every generator takes.

    Raises
    ------
    TypeError, ValueError
    """
    number = whole(seed, "seed")
    if not 0 <= number < 2**63:
        raise ValueError(f"seed: expected a number from 0 below 2**63, got {number}")
    return number


def whole(value: Any, what: str) -> int:
    """Return a whole number; ``what`` names it in the message.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(value, bool | np.bool_ | torch.Tensor | np.ndarray):
        raise TypeError(f"{what}: expected a whole number, got {type(value).__name__}")
    try:
        return operator.index(value)
    except TypeError as error:
        raise TypeError(f"{what}: expected a whole number, got {value!r}") from error


def _check_finite(summary: dict[str, float], method: Method) -> None:
    # The smallest and the largest of some values are NaN if one of them is.
    if not (math.isfinite(summary["min"]) and math.isfinite(summary["max"])):
        raise ValueError(
            f"{method.label}: expected finite relevance, got NaN or infinity; "
            "other parameters or another method may work on this image"
        )
