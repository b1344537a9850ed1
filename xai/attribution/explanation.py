"""What all methods share: the checks at the door, the clock, the packing."""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from xai import images
from xai.attribution.requirements import first_missing
from xai.attribution.result import Attribution, Finding
from xai.models.loaded import LoadedModel
from xai.types import Method, Params, Progress, make_params


def explain(
    model: LoadedModel,
    image: np.ndarray,
    name: str,
    method: Method,
    *,
    target: int | None,
    params: Params | Mapping[str, Any] | None,
    seed: int,
    progress: Progress | None,
) -> Attribution:
    """Check, run one method, check again, pack; see :func:`xai.attribution.run`."""
    check_model(model)
    chosen = make_params(method.params, params)
    wanted = check_target(target, len(model.classes))
    number = _check_seed(seed)
    report = progress or _silent
    # A caller's no_grad or inference_mode must not reach the gradients.
    with torch.inference_mode(False), torch.enable_grad():
        x = model.tensor(image).detach()
        if len(x) != 1:
            raise ValueError(f"image: expected one image, got a batch of {len(x)}")
        reason = first_missing(model, method)
        if reason:
            raise ValueError(f"{method.label} cannot explain {model.spec.label}: {reason}")
        report(0, 1, method.label)
        start = time.perf_counter()
        finding = method.function(model, x, wanted, chosen, number, report)
        seconds = time.perf_counter() - start
        report(1, 1, method.label)
    _check_finite(finding, method)
    return Attribution(
        relevance=np.ascontiguousarray(finding.relevance, dtype=np.float32),
        method=name,
        params=chosen,
        target=finding.target,
        logit=finding.logit,
        diagnostics=_summary(finding.relevance) | {"seconds": seconds} | finding.diagnostics,
        seed=number,
        model=model.spec.name,
        digest=images.digest(x[0].cpu().numpy()),
    )


def _silent(done: int, total: int, message: str) -> None:
    """Stand in for a progress callback that nobody gave."""


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
    if any(module.training for module in model.net.modules()):
        raise ValueError(
            f"model: expected {model.spec.label} in evaluation mode, got training mode; "
            "dropout and batch norms would make every explanation another one"
        )


def check_target(target: Any, classes: int) -> int | None:
    """Return the index of a class, or None for the predicted one.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or there is no such class.
    """
    if target is None:
        return None
    index = whole(target, "target")
    if not 0 <= index < classes:
        raise ValueError(f"target: expected 0 to {classes - 1}, got {index}")
    return index


def _check_seed(seed: Any) -> int:
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


def _check_finite(finding: Finding, method: Method) -> None:
    if not np.isfinite(finding.relevance).all():
        raise ValueError(
            f"{method.label}: expected finite relevance, got NaN or infinity; "
            "other parameters or another method may work on this image"
        )
