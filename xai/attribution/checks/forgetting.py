"""The loop of the randomisation check; see :mod:`xai.attribution.checks.randomisation`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from xai.attribution.checks.edges import edge_map
from xai.attribution.checks.likeness import spearman, ssim
from xai.attribution.checks.naming import labels
from xai.attribution.checks.randomisation import ORDERS, Likeness, Randomisation
from xai.attribution.checks.repeating import again, checked
from xai.attribution.checks.resetting import MOST_STEPS, STEPS, reset, stages
from xai.attribution.checks.verdicts import upper_half, verdict
from xai.attribution.explanation import whole
from xai.attribution.result import Attribution
from xai.models.loaded import LoadedModel
from xai.types import Prediction, Progress

#: Maps of every step are kept: 16 methods on a photograph take 40 MB.
MOST_MAPS = 16


def compare(
    model: LoadedModel,
    image: np.ndarray,
    found: Sequence[Attribution],
    *,
    order: str,
    steps: int | None,
    seed: int,
    progress: Progress | None,
    on_step: Callable[[Randomisation], None] | None,
) -> Randomisation:
    """Do the work of :func:`xai.attribution.checks.randomisation`."""
    # A caller's inference mode would make weights that no gradient can pass.
    with torch.inference_mode(False):
        return _compare(model, image, found, (order, steps, seed), progress, on_step)


def _compare(
    model: LoadedModel,
    image: np.ndarray,
    found: Sequence[Attribution],
    options: tuple[Any, Any, Any],
    progress: Progress | None,
    on_step: Callable[[Randomisation], None] | None,
) -> Randomisation:
    pixels = checked(model, image, found)[0].cpu().numpy()
    order, parts, number = _checked_options(found, *options)
    layers = stages(model, parts)
    if not layers:
        raise ValueError(f"model: {model.spec.label} has no layer with weights to reset")
    record = _Record(found, order, ((), *layers), number, pixels, model.classes)
    record.begin(model.predict(pixels))
    net = model.private()
    for step, names in enumerate(layers, 1):
        # In the other order each step begins from what was learned.
        net = model.private() if order == "independent" else net
        reset(net, names, number)
        # A model of its own for each step: nothing that was prepared of the last one's
        # weights, such as folded batch norms, may serve again.
        changed = model.over(net)
        for place, one in enumerate(found):
            turn = ((step - 1) * len(found) + place, len(layers) * len(found))
            record.add(place, step, *_made_again(changed, pixels, one, progress, turn))
        record.end(step, changed.predict(pixels))
        if on_step is not None:
            on_step(record.result())
    return record.result()


def _checked_options(
    found: Sequence[Attribution], order: Any, steps: Any, seed: Any
) -> tuple[str, int, int]:
    """Return the order, the number of steps and the seed, if they make sense."""
    if len(found) > MOST_MAPS:
        raise ValueError(f"found: expected at most {MOST_MAPS} explanations, got {len(found)}")
    if order not in ORDERS:
        raise ValueError(f"order: expected one of {', '.join(ORDERS)}; got {order!r}")
    number = whole(seed, "seed")
    if not 0 <= number < 2**63:
        raise ValueError(f"seed: expected a number from 0 below 2**63, got {number}")
    parts = STEPS if steps is None else whole(steps, "steps")
    if not 1 <= parts <= MOST_STEPS:
        raise ValueError(f"steps: expected 1 to {MOST_STEPS}, got {parts}")
    return order, parts, number


def _made_again(
    model: LoadedModel,
    image: np.ndarray,
    found: Attribution,
    progress: Progress | None,
    turn: tuple[int, int],
) -> tuple[np.ndarray | None, str]:
    """Return the map of a changed network, or None and why there is none."""
    stopped: list[BaseException] = []

    def watched(done: int, total: int, message: str) -> None:
        try:
            if progress is not None:
                progress(done, total, message)
        except BaseException as error:
            stopped.append(error)
            raise

    try:
        return again(model, image, found, watched, turn).relevance, ""
    except ValueError as error:
        # The caller's own error stops the check; the method's is a finding.
        if stopped:
            raise
        return None, f"could not be made ({error})"


@dataclass(eq=False)
class _Record:
    """What is known so far.

    Attributes
    ----------
    found : sequence of Attribution
    order : str
    layers : tuple of tuple of str
        With the empty first one.
    seed : int
    image : ndarray, shape (C, H, W)
    classes : tuple of str
        Names of the model's classes.
    """

    found: Sequence[Attribution]
    order: str
    layers: tuple[tuple[str, ...], ...]
    seed: int
    image: np.ndarray
    classes: tuple[str, ...]
    done: int = 0
    predictions: list[Prediction] = field(default_factory=list)
    troubles: dict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        shape = (len(self.found), len(self.layers))
        self.maps = np.zeros((*shape, *self.image.shape[1:]), np.float32)
        # In the order of Likeness: signed ranks, absolute ranks, structure.
        self.alike = np.full((3, *shape), np.nan)
        self.names = labels(self.found, self.classes)

    def begin(self, prediction: Prediction) -> None:
        """Take the trained network's maps."""
        for place, one in enumerate(self.found):
            self.add(place, 0, one.relevance, "")
        edges = edge_map(self.image)
        alike = np.array([_edge_likeness(row[0], edges) for row in self.maps])
        self.edges = Likeness(*(np.ascontiguousarray(column) for column in alike.T))
        self.predictions.append(prediction)

    def add(self, place: int, step: int, relevance: np.ndarray | None, trouble: str) -> None:
        """Take the map of one method at one step, or why there is none."""
        if relevance is not None:
            shown = relevance.sum(axis=0, dtype=np.float64).astype(np.float32)
            self.maps[place, step] = shown
            trouble = _flat(shown)
        clean = self.maps[place, 0]
        if trouble:
            self.troubles[place, trouble].append(step)
        elif not _flat(clean):
            self.alike[:, place, step] = _likeness(clean, self.maps[place, step])

    def end(self, step: int, prediction: Prediction) -> None:
        """Close a step."""
        self.done = step
        self.predictions.append(prediction)

    def result(self) -> Randomisation:
        """Return what is known so far, in arrays of its own."""
        alike = self.alike.copy()
        complete = self.done == len(self.layers) - 1
        nothing = np.full(len(self.found), np.nan)
        kept = upper_half(alike[1]) if complete else nothing
        signs = upper_half(np.abs(alike[0])) if complete else nothing.copy()
        signed = tuple(one.signed for one in self.found)
        spoken = zip(self.names, kept, signs, self.edges.spearman_abs, signed, strict=True)
        return Randomisation(
            labels=self.names,
            signed=signed,
            order=self.order,
            layers=self.layers,
            done=self.done,
            maps=self.maps.copy(),
            spearman=alike[0],
            spearman_abs=alike[1],
            ssim=alike[2],
            edges=self.edges,
            predictions=tuple(self.predictions),
            kept=kept,
            signs=signs,
            verdicts=tuple(
                verdict(name, float(k), float(s), float(e), self.order, sign) if complete else ""
                for name, k, s, e, sign in spoken
            ),
            remarks=tuple(self._remarks()),
            seed=self.seed,
            model=self.found[0].model,
            digest=self.found[0].digest,
        )

    def _remarks(self) -> Iterable[str]:
        for (place, trouble), steps in self.troubles.items():
            name = self.names[place]
            if steps[0] == 0:
                yield f"{name}: the trained network's map {trouble}; nothing can be compared to it."
            later = [step for step in steps if step]
            if later:
                yield f"{name}: the map {trouble} at {_listed(later)}."


def _flat(values: np.ndarray) -> str:
    if values.min() != values.max():
        return ""
    return "is constant" if values.any() else "is empty"


def _likeness(clean: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    plain = spearman(clean, other)
    if clean.min() >= 0 and other.min() >= 0:
        return plain, plain, ssim(clean, other)
    return plain, spearman(np.abs(clean), np.abs(other)), ssim(clean, other)


def _edge_likeness(clean: np.ndarray, edges: np.ndarray) -> tuple[float, float, float]:
    if _flat(clean) or _flat(edges):
        return (np.nan,) * 3
    size = np.abs(clean)
    return spearman(clean, edges), spearman(size, edges), ssim(size, edges)


def _listed(steps: list[int]) -> str:
    if len(steps) == 1:
        return f"step {steps[0]}"
    if steps == list(range(steps[0], steps[-1] + 1)) and len(steps) > 2:
        return f"steps {steps[0]} to {steps[-1]}"
    return f"steps {', '.join(map(str, steps[:-1]))} and {steps[-1]}"
