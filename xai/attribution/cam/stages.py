"""Which layers stand for the stages of a network, and the map at each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai import images
from xai.attribution.aim import Aim
from xai.attribution.cam.family import by_alpha, by_negated_slope, by_rising_cells
from xai.attribution.cam.grad_cam import by_mean_slope
from xai.attribution.cam.seen import Seen, at_layers, finding
from xai.attribution.cam.strip import STRIP_METHODS, Stage, Strip
from xai.attribution.explanation import check_aim, check_model
from xai.attribution.methods import METHODS
from xai.attribution.reporting import Reporter
from xai.attribution.requirements import first_missing
from xai.hooks import submodule
from xai.types import Progress, find

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step

#: More maps than this are hard to compare at one glance.
_MOST = 12

_WEIGHED: dict[str, Callable[[Seen], Tensor]] = dict(
    zip(STRIP_METHODS, (by_mean_slope, by_alpha, by_rising_cells, by_negated_slope), strict=True)
)


def strip_of(
    model: LoadedModel,
    image: np.ndarray,
    method: str,
    *,
    aim: tuple[Any, Any],
    layers: Sequence[str] | None,
    progress: Progress | None,
) -> Strip:
    """Check, pass once, weigh at every stage, pack; see :func:`xai.attribution.strip`."""
    weighed = find(_WEIGHED, method, "method")
    check_model(model)
    wanted = check_aim(*aim, len(model.classes))
    report = Reporter(progress)
    # A caller's no_grad or inference_mode must not reach the gradients.
    with torch.inference_mode(False), torch.enable_grad():
        x = model.single(image).detach()
        names = _chosen(model, method, layers)
        report(0, len(names), "stages")
        made: list[Stage] = []
        views = at_layers(model, x, wanted, names)
        for name, seen in zip(names, views, strict=True):
            made.append(_stage(model, name, seen, weighed(seen), x))
            report(len(made), len(names), "stages")
    return _packed(model, method, x, views[0], tuple(made))


def stages(model: LoadedModel) -> tuple[str, ...]:
    """Return the layers that stand for the stages of a network, in forward order.

    Returns
    -------
    tuple of str
        Twelve at most, all with rows and columns; empty if there are none.
    """
    shown = _passed(model.steps, {layer.name for layer in model.layers if layer.spatial})
    groups: list[list[Step]] = []
    for key in _keys(shown):
        found = [list(group) for _, group in groupby(shown, key)]
        # A map that is only pooled is the stage before at a lower resolution.
        found = [group for group in found if not all(map(_pools, group))] or found
        if len(groups) < len(found) <= _MOST:
            groups = found
    return tuple(_speaker(group, model.spec.cam_layer) for group in groups)


def _passed(steps: Sequence[Step], layers: set[str]) -> list[Step]:
    """Return the steps at ``layers`` that everything passes through on its way to the scores."""
    place = {step.name: index for index, step in enumerate(steps)}
    last = {step.module: index for index, step in enumerate(steps)}
    read = [0] * len(steps)
    for index, step in enumerate(steps):
        for name in step.inputs:
            read[place.get(name, index)] = index
    found, open_until = [], 0
    for index, step in enumerate(steps):
        whole = open_until <= index and last[step.module] == index
        if whole and step.module in layers and step.shape[1] * step.shape[2] > 1:
            found.append(step)
        open_until = max(open_until, read[index])
    return found


def _keys(shown: Sequence[Step]) -> Iterable[Callable[[Step], Any]]:
    """Yield what steps of one stage have in common: finer and coarser ideas of a stage."""
    units: dict[str, int] = {}
    for step in shown:
        begins = step.role == "conv" or len(step.inputs) > 1
        units[step.name] = max(units.values(), default=0) + begins
    yield lambda step: units[step.name]
    for depth in range(max((step.module.count(".") for step in shown), default=0), 0, -1):
        yield partial(_block, depth=depth)
    yield lambda step: step.shape[1:]


def _block(step: Step, depth: int) -> tuple[Any, ...]:
    """Return the module that a step lies in; of those outside all, the map's size tells."""
    parts = tuple(step.module.split(".")[:-1][:depth])
    return parts if len(parts) == depth else (*parts, step.shape[1:])


def _pools(step: Step) -> bool:
    return "Pool" in step.kind


def _speaker(group: Sequence[Step], favourite: str) -> str:
    """Return the layer that stands for a stage: the model's own, or the last that is made."""
    names = [step.module for step in group]
    made = [step.module for step in group if not _pools(step)] or names
    return favourite if favourite in names else made[-1]


def _chosen(model: LoadedModel, method: str, layers: Sequence[str] | None) -> list[str]:
    reason = first_missing(model, METHODS[method])
    if reason:
        raise ValueError(f"{METHODS[method].label} cannot explain {model.spec.label}: {reason}")
    if layers is None:
        return list(stages(model)) or [model.spec.cam_layer]
    if isinstance(layers, str) or not all(isinstance(name, str) for name in layers):
        raise TypeError(f"layers: expected a sequence of names, got {layers!r}")
    if not layers:
        raise ValueError("layers: expected at least one name, got none")
    for name in layers:
        submodule(model.net, name)
    return list(layers)


def _stage(model: LoadedModel, name: str, seen: Seen, raw: Tensor, x: Tensor) -> Stage:
    found = finding(raw, seen, x)
    relevance = np.ascontiguousarray(found.relevance, dtype=np.float32)
    if not np.isfinite(relevance).all():
        raise ValueError(f"{name}: expected finite relevance, got NaN or infinity")
    return Stage(
        layer=name,
        kind=type(submodule(model.net, name)).__name__,
        shape=tuple(seen.activation.shape[1:]),
        relevance=relevance,
        raw_min=found.diagnostics["raw_min"],
        raw_max=found.diagnostics["raw_max"],
        positive_share=found.diagnostics["positive_share"],
    )


def _packed(
    model: LoadedModel, method: str, x: Tensor, seen: Seen, made: tuple[Stage, ...]
) -> Strip:
    aim: Aim = seen.aim
    scores = seen.logits[0].tolist()
    return Strip(
        stages=made,
        method=method,
        target=aim.index,
        logit=scores[aim.index],
        model=model.spec.name,
        digest=images.digest(x[0].cpu().numpy()),
        contrast=aim.contrast,
        contrast_logit=None if aim.contrast is None else scores[aim.contrast],
    )
