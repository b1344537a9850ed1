"""RISE: the masks through which the class is still seen, averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from xai.attribution.aim import Aim
from xai.attribution.black_box.fills import filling
from xai.attribution.gradients.gradient import batch_size
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.black_box.params import RiseParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel

#: How often the map is shown while it converges, at most.
_SHOWN = 20


def rise(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: RiseParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return the mean of random masks, each weighed by the class's probability behind it.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W): an expected probability, not negative,
        or, with a second class to contrast, an expected difference of two,
        which may be; only the differences between pixels matter. Probabilities
        below are such differences then, too. Diagnostics: ``passes``,
        images shown to the network; ``cell``, longer side of a cell in pixels;
        ``probability`` of the class for the whole image and
        ``mean_probability`` behind the masks; ``standard_error`` of the map's
        values, and ``contrast_error`` after each mask's own mean is taken off:
        both the root mean square over the pixels. ``contrast`` is the standard
        deviation of the map over its pixels; its square is that of the true
        pattern plus, on average, ``contrast_error**2`` of chance.

    Notes
    -----
    ``R = 1/(n p) * sum_k P_c(x * M_k) M_k``: Monte Carlo for ``E[P_c(x * M) |
    M_i shown]``. A mask is a grid of zeros and ones, enlarged bilinearly to
    one cell more than the image and cut out at a random place within the first
    cell. As in the authors' code a shift is one of ``0 … cell - 1`` pixels and
    the division is by the mask's expectation ``p``. The hidden is black, which
    multiplies the image in [0, 1] as the paper writes it, unless ``fill`` says
    otherwise. Equal seeds give equal masks whatever the device and the batch
    size, and more masks begin with the same ones. A grid of more cells than the
    image has pixels has cells of one pixel, and the image sees a part of it.

    References
    ----------
    V. Petsiuk, A. Das, K. Saenko: RISE: randomized input sampling for
    explanation of black-box models, 2018, arXiv 1806.07421.
    """
    height, width = x.shape[2:]
    draws = draw(params.n, params.grid, params.p, (height, width), seed)
    with torch.no_grad():
        logits = model.logits(x)
        settled = aim.settled(logits)
        blank = filling(x, params.fill, max(draws.cell))
        sums = _Sums(torch.zeros(height, width, dtype=torch.float64))
        size = batch_size(x)
        for start in range(0, params.n, size):
            done = min(start + size, params.n)
            masks = draws.masks(start, done, (height, width))
            shown = masks.to(x.device)[:, None]
            batch = blank + shown * (x - blank)
            # Convolutions of colour images on a CPU are faster with the channels last.
            batch = batch.contiguous(memory_format=torch.channels_last)
            seen = settled.share(model.logits(batch))
            sums.add(seen.cpu().double(), masks.double() / params.p)
            if report.watched and done < params.n and _mark(done, params) > _mark(start, params):
                _show(report, sums.total / done)
            report(done, params.n, "masks")
    relevance = sums.total / params.n
    diagnostics = {
        "passes": float(params.n + 1),
        "cell": float(max(draws.cell)),
        "probability": float(settled.share(logits)[0]),
        "contrast": float(relevance.std(correction=0)),
    }
    return Finding(
        relevance[None].float().numpy(),
        settled,
        logits,
        diagnostics | sums.diagnostics(params.n),
    )


def _show(report: Reporter, relevance: Tensor) -> None:
    # What is not finite is refused when all is done; nobody can draw it.
    if bool(torch.isfinite(relevance).all()):
        report.show(relevance[None].float().numpy())


def _mark(done: int, params: RiseParams) -> int:
    """Return how many of the times at which the map is shown have come."""
    return _SHOWN * done // params.n


@dataclass(frozen=True, eq=False)
class Draws:
    """The random part of ``n`` masks.

    Attributes
    ----------
    cells : Tensor, shape (n, grid, grid), bool
        True where the image is shown.
    shifts : tuple of (int, int)
        Rows and columns that each enlarged grid is moved by.
    cell : tuple of int
        Height and width of a cell in pixels.
    """

    cells: Tensor
    shifts: tuple[tuple[int, int], ...]
    cell: tuple[int, int]

    def masks(self, start: int, stop: int, shape: tuple[int, int]) -> Tensor:
        """Return the masks from ``start`` to before ``stop``, (stop - start, H, W) in [0, 1]."""
        cells = self.cells[start:stop, None].float()
        size = [(cells.shape[-1] + 1) * side for side in self.cell]
        large = nn.functional.interpolate(cells, size, mode="bilinear")[:, 0]
        height, width = shape
        return torch.stack(
            [
                mask[row : row + height, column : column + width]
                for mask, (row, column) in zip(large, self.shifts[start:stop], strict=True)
            ]
        )


def draw(n: int, grid: int, p: float, shape: tuple[int, int], seed: int) -> Draws:
    """Draw masks, one after the other, so that more of them begin with the same ones.

    Parameters
    ----------
    n : int
    grid : int
        Cells along each side.
    p : float
        Probability that a cell is shown.
    shape : tuple of int
        Height and width of the image.
    seed : int
    """
    generator = torch.Generator().manual_seed(seed)
    cell = (math.ceil(shape[0] / grid), math.ceil(shape[1] / grid))
    shown = torch.empty(n, grid * grid, dtype=torch.bool)
    moves = torch.empty(n, 2, dtype=torch.float64)
    for place in range(n):
        # Of many masks only what is needed is kept: the numbers would take 160 MB.
        numbers = torch.rand(grid * grid + 2, generator=generator, dtype=torch.float64)
        shown[place], moves[place] = numbers[:-2] < p, numbers[-2:]
    shifts = (moves * torch.tensor(cell, dtype=torch.float64)).long().tolist()
    return Draws(shown.reshape(n, grid, grid), tuple((row, column) for row, column in shifts), cell)


class _Sums:
    """What the mean and its standard error are made of, kept while the masks pass by.

    Parameters
    ----------
    zeros : Tensor, shape (H, W), float64
    """

    def __init__(self, zeros: Tensor) -> None:
        self.total = zeros.clone()
        self._squares = zeros.clone()
        self._centred, self._centred_squares = zeros.clone(), zeros.clone()
        self._scores = 0.0

    def add(self, scores: Tensor, masks: Tensor) -> None:
        """Add masks (B, H, W), already divided by ``p``, with their scores (B,)."""
        terms = scores[:, None, None] * masks
        self.total += terms.sum(0)
        self._squares += (terms**2).sum(0)
        terms = terms - terms.mean(dim=(1, 2), keepdim=True)
        self._centred += terms.sum(0)
        self._centred_squares += (terms**2).sum(0)
        self._scores += float(scores.sum())

    def diagnostics(self, n: int) -> dict[str, float]:
        """Return the mean score and the standard errors of the mean of ``n`` masks."""
        return {
            "mean_probability": self._scores / n,
            "standard_error": _error(self.total, self._squares, n),
            "contrast_error": _error(self._centred, self._centred_squares, n),
        }


def _error(total: Tensor, squares: Tensor, n: int) -> float:
    """Return the standard error of a mean, as the root mean square over the pixels."""
    variance = (squares / n - (total / n) ** 2).clamp(min=0) / (n - 1)
    return float(variance.mean().sqrt())
