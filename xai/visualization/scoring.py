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
    places = torch.tensor([one.places for one in aims], device=model.device)
    if first.layer is None and beside is None:
        with lean(model) as logits:
            yield lambda x: _read(first.objective, logits(x), places)
        return
    layer = first.layer or beside or ""
    kept = _kept(model, layer)
    with (
        lent(model, ("aim", kept), _prepare(kept)) as net,
        _hearing(model, net, first, layer) as ear,
    ):
        if first.layer is not None:
            yield lambda x: _read(first.objective, ear(model.normalize(x))[0], places)
            return

        def both(x: Tensor) -> tuple[Tensor, Tensor]:
            held, logits = ear(model.normalize(x))
            return _read(first.objective, logits, places)[0], held

        yield both


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


def _read(objective: str, output: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of a batch, (N,), and the output that they were read off."""
    if objective == "layer":
        return output.square().flatten(1).mean(1), output
    rows = torch.arange(len(output), device=output.device)
    where = places.expand(len(output), -1)
    if objective == "contrast":
        return output[rows, where[:, 0]] - output[rows, where[:, 1]], output
    if objective == "unit":
        index = (rows, *where.unbind(1))
        return output[index], output
    chosen = torch.stack([output[rows, column] for column in where.unbind(1)]).sum(0)
    return chosen.flatten(1).mean(1) if chosen.dim() > 1 else chosen, output


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
