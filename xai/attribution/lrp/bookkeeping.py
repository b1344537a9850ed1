"""The work behind a ledger: one propagation, weighed module by module on its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xai import images
from xai.attribution.aim import Aim
from xai.attribution.explanation import check_aim, check_model
from xai.attribution.lrp.absorption import (
    DIVISIONS,
    TINY,
    Absorbed,
    Weighing,
    absorbed,
    shared,
)
from xai.attribution.lrp.assignment import words
from xai.attribution.lrp.ledger import PIXELS, Entry, Ledger, Stream
from xai.attribution.lrp.params import LrpParams
from xai.attribution.lrp.propagation import ruled
from xai.attribution.reporting import Reporter
from xai.attribution.requirements import first_missing
from xai.hooks import weighing
from xai.models.computation import Step
from xai.types import Params, Progress, make_params

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Steps that only reshape: nothing of theirs is worth a row unless something is missing.
_SILENT = (nn.Dropout, nn.Identity, nn.Flatten, nn.ZeroPad2d)


def balanced(
    model: LoadedModel,
    image: Any,
    *,
    aim: tuple[Any, Any],
    params: Params | Mapping[str, Any] | None,
    progress: Progress | None,
) -> Ledger:
    """Check, propagate, keep the books; see :func:`xai.attribution.ledger`."""
    check_model(model)
    chosen = make_params(LrpParams, params)
    wanted = check_aim(*aim, len(model.classes))
    # A caller's no_grad or inference_mode must not reach the gradients.
    with torch.inference_mode(False), torch.enable_grad():
        x = model.single(image).detach()
        _check_rules(model)
        with torch.no_grad():
            settled = wanted.settled(model.logits(x))
        report = Reporter(progress)
        with ruled(model, chosen) as net:
            book = _Book(model, net, chosen, report)
            relevance, score = _propagate(model, net, book, x, settled)
    positive, negative = _parts(relevance)
    return Ledger(
        target=settled.index,
        contrast=settled.contrast,
        score=score,
        rows=book.rows(),
        positive=positive,
        negative=negative,
        params=chosen,
        model=model.spec.name,
        digest=images.digest(x[0].cpu().numpy()),
    )


def _check_rules(model: LoadedModel) -> None:
    from xai.attribution import METHODS

    reason = first_missing(model, METHODS["lrp"])
    if reason:
        raise ValueError(f"LRP cannot explain {model.spec.label}: {reason}")


def _propagate(
    model: LoadedModel, net: nn.Module, book: _Book, x: Tensor, aim: Aim
) -> tuple[Tensor, float]:
    """Return the relevance of the normalised image, and the score that was handed back."""
    leaf = model.normalize(x).detach().requires_grad_()
    with weighing(net, book.modules, book.take):
        scores = net(leaf)
        start = aim.start(scores.detach())
        (relevance,) = torch.autograd.grad(scores, leaf, grad_outputs=start)
    if not (torch.isfinite(start).all() and torch.isfinite(relevance).all()):
        raise ValueError("LRP: expected finite relevance, got NaN or infinity")
    return relevance, float(start.sum(dtype=torch.float64))


def _parts(relevance: Tensor) -> tuple[float, float]:
    """Return the sums of the positive and of the negative values."""
    above = relevance.clamp(min=0).sum(dtype=torch.float64)
    return float(above), float(relevance.sum(dtype=torch.float64) - above)


class _Book:
    """The rows of one propagation, written while relevance flows back.

    Each row is worked out as soon as its module has handed on everything, and no map
    outlives it, so that the books need little more memory than the propagation.
    """

    def __init__(
        self, model: LoadedModel, net: nn.Module, params: LrpParams, report: Reporter
    ) -> None:
        self._model, self._net = model, net
        self._params, self._report = params, report
        self._steps = [step for step in model.steps if step.module]
        self._calls: dict[str, list[Step]] = {}
        for step in self._steps:
            self._calls.setdefault(step.module, []).append(step)
        self._names = _names(self._calls)
        self._words = words(model, params)
        self._found: dict[str, Entry] = {}

    @property
    def modules(self) -> tuple[str, ...]:
        """Paths of all modules that are called."""
        return tuple(self._calls)

    def take(
        self,
        path: str,
        call: int,
        inputs: tuple[Tensor, ...],
        behind: Tensor,
        before: tuple[Tensor, ...],
    ) -> None:
        """Write the row of one call of a module."""
        step = self._calls[path][call]
        module = self._net.get_submodule(path)
        with torch.no_grad():
            rule = self._words.get(path, "route")
            streams = [
                Stream(source, *_parts(gradient))
                for source, gradient in zip(step.inputs, before, strict=True)
            ]
            positive, negative = _parts(behind)
            taken = self._absorbed(rule, module, inputs, behind)
            entry = Entry(
                name=step.name,
                kind=step.kind,
                rule=rule,
                positive=positive,
                negative=negative,
                streams=tuple(streams),
                bias=taken.bias,
                stabilizer=taken.stabilizer,
                lost=taken.lost,
            )
        self._found[step.name] = _with_padding(entry) if rule == "route" else entry
        self._report(len(self._found), len(self._steps), f"The books of {path}")

    # ------------------------------------------------------------------- rules
    def _absorbed(
        self,
        rule: str,
        module: nn.Module,
        inputs: tuple[Tensor, ...],
        relevance: Tensor,
    ) -> Absorbed:
        if rule in ("norm", "exact norm"):
            return absorbed(shared(module, inputs, relevance, TINY if rule == "norm" else 0.0))
        if rule not in DIVISIONS:
            return Absorbed()
        at = Weighing(
            module=module,
            x=inputs[0],
            relevance=relevance,
            epsilon=self._params.epsilon,
            gamma=self._params.gamma,
            zero_bias=self._params.zero_bias,
            box=self._bounds(inputs[0]) if rule == "box" else None,
        )
        return absorbed(DIVISIONS[rule](at))

    def _bounds(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the normalised values of a black and of a white image, shaped as ``x``."""
        shape = (1, *self._model.input_shape)
        low, high = (self._model.normalize(make(shape)) for make in (torch.zeros, torch.ones))
        return low.reshape(x.shape), high.reshape(x.shape)

    # -------------------------------------------------------------------- rows
    def rows(self) -> tuple[Entry, ...]:
        """Return the rows from the output to the input, named by module paths."""
        depths = _depths(self._model.steps)
        kept = {
            step.name for step in self._steps if step.name in self._found and not self._idle(step)
        }
        by_name = {step.name: step for step in self._model.steps}
        rows = []
        for step in reversed(self._steps):
            if step.name not in kept:
                continue
            row = self._found[step.name]
            streams = sorted(row.streams, key=lambda stream: -depths[stream.source])
            named = [self._renamed(stream, by_name, kept) for stream in streams]
            rows.append(replace(row, name=self._names[step.name], streams=tuple(named)))
        return tuple(rows)

    def _idle(self, step: Step) -> bool:
        """Whether a step only reshapes, or was folded into another, and hands on all it got."""
        module = self._net.get_submodule(step.module)
        row = self._found[step.name]
        return isinstance(module, _SILENT) and not row.other and len(row.streams) == 1

    def _renamed(self, stream: Stream, by_name: Mapping[str, Step], kept: set[str]) -> Stream:
        """Return a stream that ends at a row, past the steps that have none."""
        source = by_name[stream.source]
        while source.name not in kept and source.inputs:
            source = by_name[source.inputs[0]]
        name = self._names[source.name] if source.name in kept else PIXELS
        return Stream(name, stream.positive, stream.negative)


def _with_padding(entry: Entry) -> Entry:
    """Return the row of a module without a rule: what it does not hand on fell on padding."""
    missing = entry.received - entry.handed
    amount = abs(entry.positive) + abs(entry.negative)
    # Sums of the same numbers in another order differ by rounding.
    if abs(missing) <= 1e-9 * amount:
        return entry
    return replace(entry, other=missing)


def _names(calls: Mapping[str, Sequence[Step]]) -> dict[str, str]:
    """Return the name of each step's row: its path, numbered if the path is called again."""
    return {
        step.name: path if len(steps) == 1 else f"{path} ({place})"
        for path, steps in calls.items()
        for place, step in enumerate(steps, start=1)
    }


def _depths(steps: Sequence[Step]) -> dict[str, int]:
    """Return how many layers with weights lie on the longest way from the image to a step."""
    depths: dict[str, int] = {}
    for step in steps:
        above = max((depths[name] for name in step.inputs), default=0)
        depths[step.name] = above + bool(step.role)
    return depths
