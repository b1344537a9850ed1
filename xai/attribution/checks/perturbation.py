"""What a network answers while the pixels of an image are hidden in one order or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.black_box.fills import filling
from xai.attribution.gradients.gradient import batch_size
from xai.models.loaded import LoadedModel
from xai.types import Progress

# A blur removes what is smaller than this part of the longer side, as occlusion's window.
_PARTS = 7


@dataclass(frozen=True, eq=False)
class Answers:
    """All scores of all images shown.

    Attributes
    ----------
    logits : Tensor, shape (O, 2, S + 1, K), float32
        For each order the deletion and the insertion, step by step.
    passes : int
        Images shown to the network.
    """

    logits: Tensor
    passes: int

    def explained(self, target: int, contrast: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the explained score and the explained probability, (O, 2, S + 1) float64."""
        aim = Aim(target, contrast)
        rows = self.logits.flatten(0, 2).double()
        shape = self.logits.shape[:3]
        return (
            aim.score(rows).reshape(shape).numpy(),
            aim.share(rows).reshape(shape).numpy(),
        )


def answers(
    model: LoadedModel,
    x: Tensor,
    ranks: np.ndarray,
    counts: np.ndarray,
    fill: str,
    progress: Progress | None,
) -> Answers:
    """Show an image with more and more pixels hidden, and with more and more shown.

    Parameters
    ----------
    model : LoadedModel
    x : Tensor, shape (1, C, H, W)
    ranks : ndarray, shape (O, H, W), whole numbers
        Place of each pixel in each order, from 0.
    counts : ndarray, shape (S + 1,)
        Pixels hidden, or shown, at each step: from 0 to all.
    fill : str
        What stands where pixels are hidden.
    progress : callable, optional

    Raises
    ------
    ValueError
        If a score is not finite.
    """
    orders, last = len(ranks), len(counts) - 1
    places = torch.from_numpy(ranks)[:, None].to(x.device)
    passes = 2 + orders * 2 * (last - 1)
    with torch.inference_mode(False), torch.no_grad():
        blank = filling(x, fill, max(x.shape[2:]) / _PARTS)
        size, done = batch_size(x), 0
        ends = torch.cat([_finite(model.logits(each)) for each in (x, blank)]).cpu()
        logits = ends.new_empty(orders, 2, last + 1, ends.shape[1])
        logits[:, 0, 0] = logits[:, 1, last] = ends[0]
        logits[:, 0, last] = logits[:, 1, 0] = ends[1]
        for order, side, step in _chunks(orders, last, size):
            first = places[order] < torch.from_numpy(counts)[step].to(x.device).reshape(-1, 1, 1, 1)
            hidden = first ^ side.to(x.device).bool().reshape(-1, 1, 1, 1)
            scores = _finite(model.logits(torch.where(hidden, blank, x)))
            logits[order, side, step] = scores.cpu()
            done += len(order)
            if progress is not None:
                progress(2 + done, passes, "images with pixels hidden")
    return Answers(logits, passes)


def _chunks(orders: int, last: int, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield orders, sides (0 deletion, 1 insertion) and steps of all images between the ends."""
    axes = (torch.arange(orders), torch.arange(2), torch.arange(1, last))
    for part in torch.cartesian_prod(*axes).split(size):
        order, side, step = part.unbind(1)
        yield order, side, step


def _finite(logits: Tensor) -> Tensor:
    if not bool(torch.isfinite(logits).all()):
        raise ValueError(
            "model: expected finite scores of the image with pixels hidden, got NaN or infinity; "
            "another fill may work"
        )
    return logits
