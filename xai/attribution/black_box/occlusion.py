"""Occlusion: how much of the score is lost when a part of the image is hidden."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from xai.attribution.aim import Aim
from xai.attribution.black_box.fills import filling
from xai.attribution.black_box.grid import Grid
from xai.attribution.gradients.gradient import batch_size
from xai.attribution.result import Finding

if TYPE_CHECKING:
    from xai.attribution.black_box.params import OcclusionParams
    from xai.attribution.reporting import Reporter
    from xai.models import LoadedModel

#: Windows along the image's longer side, laid side by side, where none is asked for.
_WINDOWS = 7
#: Seconds after which a half-finished level is shown too.
_PATIENCE = 2.0


def occlusion(
    model: LoadedModel,
    x: Tensor,
    aim: Aim,
    params: OcclusionParams,
    seed: int,
    report: Reporter,
) -> Finding:
    """Return what the score loses when a window hides a pixel, averaged over the windows.

    Returns
    -------
    Finding
        Relevance of shape (1, H, W), signed: negative where the score grows
        once the place is hidden. Diagnostics: ``passes``, images shown to the
        network; ``window`` and ``stride`` in pixels; ``largest_drop`` of the
        score (negative if every window raises it), and ``drop_row``,
        ``drop_column`` of the upper left corner of its window.

    Raises
    ------
    ValueError
        If the window is larger than the image, or the stride than the window.

    Notes
    -----
    ``R_i = 1/|W_i| * sum_{w in W_i} (f_c(x) - f_c(x with w filled))`` with
    ``W_i`` the windows that cover pixel ``i``. The last window of a row or
    column is cut off at the border, so that every pixel is covered. Deviations
    from the paper: ``f_c`` is the score before the softmax, as of the other
    methods, not the probability; and the map has the image's size, not one
    value a window. On the shorter side of an oblong image the window may span
    all of it.

    The windows of a coarse grid come first, then those of grids of half the step.
    After each, and every few seconds, the map so far is shown: a window that has not
    been tried stands in with the drop of the nearest that has.

    References
    ----------
    M. D. Zeiler, R. Fergus: Visualizing and understanding convolutional
    networks, 2013, arXiv 1311.2901.
    """
    height, width = x.shape[2:]
    window, stride = sizes(height, width, params)
    grid = Grid((height, width), window, stride)
    with torch.no_grad():
        logits = model.logits(x)
        settled = aim.settled(logits)
        blank = filling(x, params.fill, window)
        whole = float(settled.score(logits)[0])
        drops = _drops(model, (x, blank), grid, settled, whole, report)
    row, column = (int(place) for place in np.unravel_index(drops.argmax(), drops.shape))
    return Finding(
        grid.spread(drops)[None],
        settled,
        logits,
        {
            "passes": float(drops.size + 1),
            "window": float(window),
            "stride": float(stride),
            "largest_drop": float(drops.max()),
            "drop_row": float(grid.rows[row]),
            "drop_column": float(grid.columns[column]),
        },
    )


def sizes(height: int, width: int, params: OcclusionParams) -> tuple[int, int]:
    """Return the window's side and its stride in pixels, where 0 was asked for too.

    Raises
    ------
    ValueError
        If the window is larger than the image, or the stride than the window.
    """
    longer = max(height, width)
    window = params.window or max(1, round(longer / _WINDOWS))
    if window > longer:
        raise ValueError(f"window: expected 0 (automatic) to {longer} pixels, got {window}")
    stride = params.stride or max(1, window // 2)
    if stride > window:
        raise ValueError(
            f"stride: expected 0 (automatic) to the window's {window} pixels, got {stride}; "
            "larger steps leave pixels that are never hidden"
        )
    return window, stride


def _drops(
    model: LoadedModel,
    pair: tuple[Tensor, Tensor],
    grid: Grid,
    aim: Aim,
    whole: float,
    report: Reporter,
) -> np.ndarray:
    """Return what the score loses with each window filled, float64, in the shape of the grid.

    ``pair`` is the image and what is shown in its place. The windows are visited in the
    order of the grid's levels whoever watches, so that the answer is the same number by
    number.
    """
    x, blank = pair
    drops, known = np.zeros(grid.shape), np.zeros(grid.shape, dtype=bool)
    levels = grid.order()
    places, ends = np.concatenate(levels), np.cumsum([len(level) for level in levels])
    size, shown = batch_size(x), time.monotonic()
    for first in range(0, len(places), size):
        chosen = places[first : first + size]
        scores = aim.score(model.logits(_hidden(x, blank, grid, chosen)))
        drops[tuple(chosen.T)] = whole - scores.cpu().double().numpy()
        known[tuple(chosen.T)] = True
        done = first + len(chosen)
        finished = bool(((first < ends) & (ends <= done)).any())
        late = done > ends[0] and time.monotonic() - shown > _PATIENCE
        if report.watched and done < len(places) and (finished or late):
            _show(report, grid.spread(grid.guessed(drops, known)))
            shown = time.monotonic()
        report(done, len(places), "windows")
    return drops


def _hidden(x: Tensor, blank: Tensor, grid: Grid, places: np.ndarray) -> Tensor:
    """Return the image once for each window, with the window filled."""
    # Convolutions of colour images on a CPU are faster with the channels last.
    batch = x.repeat(len(places), 1, 1, 1).contiguous(memory_format=torch.channels_last)
    for image, (row, column) in zip(batch, places, strict=True):
        rows, columns = grid.span(row, column)
        image[:, rows, columns] = blank[0, :, rows, columns]
    return batch


def _show(report: Reporter, relevance: np.ndarray) -> None:
    # What is not finite is refused when all is done; nobody can draw it.
    if np.isfinite(relevance).all():
        report.show(relevance[None])
