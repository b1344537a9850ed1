"""Several different images for one aim: left to themselves, and pushed apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xai.visualization.aims import Aim
from xai.visualization.likeness import crowding
from xai.visualization.scoring import scoring
from xai.visualization.studies.grid import Grid, grid

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Progress
    from xai.visualization.parameters import VisualizationParams


@dataclass(frozen=True, eq=False)
class Several:
    """Images for one aim, from as many starts.

    Attributes
    ----------
    alone : Grid or None
        Each left to itself; None is still to come.
    apart : Grid or None
        The same starts, the images pushed apart; None where that was not asked for, or is
        still to come.
    layer : str
        Where they are told apart.
    push : float
        How hard they are pushed.
    likeness_alone, likeness_apart : float or None
        Mean cosine of two images there; see :func:`alike`. None before all have grown.
    """

    alone: Grid | None
    apart: Grid | None
    layer: str
    push: float
    likeness_alone: float | None = None
    likeness_apart: float | None = None

    @property
    def complete(self) -> bool:
        """Whether all images have grown, and have been compared."""
        last = self.likeness_apart if self.push else self.likeness_alone
        return last is not None

    @property
    def resting(self) -> bool:
        """Whether no image is on its way: a good moment to let others have a turn."""
        return all(half is None or half.complete for half in (self.alone, self.apart))


def layer_of(model: LoadedModel, wanted: Aim) -> str:
    """Return the layer at which images of an aim are told apart.

    Notes
    -----
    The aim's own; for classes the model's last layer of maps (``cam_layer``), since the logits
    of images of one class are alike by design.
    """
    return wanted.layer or model.spec.cam_layer


def alike(model: LoadedModel, wanted: Aim, images: np.ndarray) -> float:
    """Measure how alike images are to the network.

    Parameters
    ----------
    model : LoadedModel
    wanted : Aim
    images : ndarray, shape (N, C, H, W), in [0, 1]

    Returns
    -------
    float
        Mean cosine of two different images at :func:`layer_of`, in [-1, 1]: of maps between
        the Gram matrices of their channels (which go together, wherever in the image), of
        neurons between their values. 1 means that the layer cannot tell them apart.

    Raises
    ------
    ValueError
        If there are fewer than two images.
    """
    if len(images) < 2:
        raise ValueError(f"images: expected at least two, got {len(images)}")
    beside = None if wanted.layer else model.spec.cam_layer or None
    with torch.no_grad(), scoring(model, (wanted,), beside) as score:
        outputs = [score(model.tensor(image))[1] for image in images]
        return float(crowding(torch.cat(outputs)))


def several(
    model: LoadedModel,
    wanted: Aim,
    params: VisualizationParams,
    seeds: Sequence[int],
    push: float,
    *,
    image: np.ndarray | None = None,
    state: Several | None = None,
    progress: Progress | None = None,
    on_step: Callable[[Several], None] | None = None,
) -> Several:
    """Grow several images for one aim, first each by itself, then pushed apart.

    Parameters
    ----------
    model : LoadedModel
    wanted : Aim
    params : VisualizationParams
    seeds : sequence of N int
        At least two, all different.
    push : float
        How hard they are pushed apart, as a share of the pull of the objective; 0 leaves the
        second half out.
    image : ndarray, shape (C, H, W), in [0, 1], optional
        Where all begin if ``params.start`` is ``"image"``.
    state : Several, optional
        Goes on from there.
    progress, on_step : callable, optional
        As in :func:`xai.visualization.studies.grid.grid`.

    Raises
    ------
    TypeError, ValueError
        If something is not what it should be.

    Notes
    -----
    The images left alone are the baseline: different starts alone make images differ, too.

    References
    ----------
    C. Olah, A. Mordvintsev, L. Schubert: Feature visualization, 2017, Distill: diversity.
    """
    if len(seeds) < 2 or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds: expected at least two different ones, got {tuple(seeds)}")
    if not 0 <= push < np.inf:
        raise ValueError(f"push: expected 0 or more, got {push}")
    found = Several(None, None, layer_of(model, wanted), push)
    if state is not None:
        found = replace(found, alone=state.alone, apart=state.apart if push else None)
    halves = {"alone": 0.0} | ({"apart": push} if push else {})
    for turn, (half, diversity) in enumerate(halves.items()):
        made = grid(
            model,
            (wanted,) * len(seeds),
            params,
            seeds,
            image=image,
            diversity=diversity,
            state=getattr(found, half),
            progress=None if progress is None else _half(progress, turn, len(halves)),
            on_step=None if on_step is None else _told(on_step, found, half),
        )
        likeness = alike(model, wanted, made.images)
        parts: dict[str, Any] = {half: made, f"likeness_{half}": likeness}
        found = replace(found, **parts)
    return found


def _told(on_step: Callable[[Several], None], found: Several, half: str) -> Callable[[Grid], None]:
    def told(there: Grid) -> None:
        parts: dict[str, Any] = {half: there}
        on_step(replace(found, **parts))

    return told


def _half(progress: Progress, turn: int, halves: int) -> Progress:
    """Count the steps of one half among all."""

    def say(done: int, total: int, message: str) -> None:
        words = ("each by itself", "pushed apart")[turn]
        progress(turn * total + done, halves * total, f"{words}, {message}" if message else words)

    return say
