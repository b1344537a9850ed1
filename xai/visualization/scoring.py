"""How images are scored for what they are to be grown for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.hooks import EnoughError, entering, recording
from xai.models.folding import fold_batch_norms
from xai.models.lending import lean, lent

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.visualization.aims import Aim

#: Images in one pass of :func:`measure`.
_PASS = 16
#: ``score(x)`` of images (N, C, H, W) gives scores (N,), and what they were read off.
Score = Callable[[Tensor], tuple[Tensor, Tensor]]


@contextmanager
def scoring(model: LoadedModel, aims: Sequence[Aim], beside: str | None = None) -> Iterator[Score]:
    """Lend what scores a batch of images, the i-th by the i-th aim; a single aim scores all.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    aims : sequence of Aim
        Of one objective and one layer.
    beside : str, optional
        For what is about classes: a layer whose output is wanted beside the scores.

    Yields
    ------
    callable
        ``score(x)``: scores (N,), and the output that they are read off, or that of the layer
        beside. Differentiable. The network runs no further than it must.

    Raises
    ------
    ValueError
        If the aims are of several objectives or layers.
    """
    first = aims[0]
    if any((one.objective, one.layer) != (first.objective, first.layer) for one in aims):
        raise ValueError("aims: expected one objective at one layer, got several")
    read = _reader(aims, model.device)
    if first.layer is None and beside is None:
        with lean(model) as logits:

            def straight(x: Tensor) -> tuple[Tensor, Tensor]:
                output = logits(x)
                return read(output), output

            yield straight
        return
    layer = first.layer or beside or ""
    kept = _kept(model, layer)
    with (
        lent(model, ("aim", kept), _prepare(kept)) as net,
        _hearing(model, net, first, layer) as ear,
    ):

        def heard(x: Tensor) -> tuple[Tensor, Tensor]:
            held, logits = ear(model.normalize(x))
            return read(logits if first.layer is None else held), held

        yield heard


@contextmanager
def _hearing(
    model: LoadedModel, net: nn.Module, aim: Aim, layer: str
) -> Iterator[Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """Lend what runs a network and returns what is heard at a layer, and the logits.

    For an aim at the layer the run ends there, and there are no logits to be had: both are
    what is heard.
    """
    held: list[Tensor] = []
    once = not model.problem and sum(step.module == layer for step in model.steps) == 1

    def keep(name: str, value: Any) -> None:
        # A copy, since a layer that works in place would change it.
        enough = once and aim.layer is not None
        held[:] = [value if enough else value.clone()]
        if enough:
            raise EnoughError

    def run(x: Tensor) -> tuple[Tensor, Tensor]:
        held.clear()
        logits = None
        with suppress(EnoughError):
            logits = net(x)
        if not held:
            raise ValueError(f"layer: the network never calls {layer!r} as a layer")
        heard = held.pop()
        return heard, heard if logits is None else logits

    with entering(net, [layer], keep) if aim.before else recording(net, [layer], keep):
        yield run


def _kept(model: LoadedModel, layer: str) -> str:
    """Return the layer if folding a batch norm into it would change its output, else ""."""
    return layer if any(linear == layer for linear, _ in model.norm_pairs) else ""


def _prepare(kept: str) -> Callable[[LoadedModel], nn.Module]:
    def prepare(model: LoadedModel) -> nn.Module:
        pairs = tuple(pair for pair in model.norm_pairs if pair[0] != kept)
        return fold_batch_norms(model.private(), pairs)

    return prepare


def _reader(aims: Sequence[Aim], device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return what reads the scores (N,) of a batch off the network's output."""
    objective = aims[0].objective
    if objective == "layer":
        return lambda output: output.square().flatten(1).mean(1)
    columns = tuple(zip(*(one.places for one in aims), strict=True))
    if objective == "unit":
        unit = _picker(columns, device)
        return lambda output: output[unit]
    pickers = [_picker((column,), device) for column in columns]

    def read(output: Tensor) -> Tensor:
        chosen = output[pickers[0]]
        if len(pickers) > 1:
            other = output[pickers[1]]
            chosen = chosen - other if objective == "contrast" else chosen + other
        return chosen.flatten(1).mean(1) if chosen.dim() > 1 else chosen

    return read


def _picker(columns: Sequence[Sequence[int]], device: torch.device) -> tuple[Any, ...]:
    """Return an index of a batch by columns, one place for each image, or one for all."""
    if all(len(set(column)) == 1 for column in columns):
        # A view: its gradient costs a tenth of that of an index by lists.
        return (slice(None), *(column[0] for column in columns))
    rows = torch.arange(len(columns[0]), device=device)
    return (rows, *(torch.tensor(column, device=device) for column in columns))


def measure(model: LoadedModel, wanted: Aim, images: np.ndarray) -> np.ndarray:
    """Score images as a grown one is scored.

    Parameters
    ----------
    model : LoadedModel
    wanted : Aim
    images : ndarray, shape (C, H, W) or (N, C, H, W), in [0, 1]

    Returns
    -------
    ndarray, shape (N,), float64
        In the units of the objective: a logit, a difference of logits, a mean activation.

    Raises
    ------
    TypeError, ValueError
        If an image does not fit the model.
    """
    batch = model.tensor(images)
    found = []
    with torch.no_grad(), scoring(model, (wanted,)) as score:
        for start in range(0, len(batch), _PASS):
            found.append(score(batch[start : start + _PASS])[0].double().cpu().numpy())
    return np.concatenate(found) if found else np.zeros(0)
