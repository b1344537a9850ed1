"""What each regulariser does: the same run with all, with none, with one, without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from xai.visualization.parameters import REGULARIZERS, VisualizationParams, off, only, used

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Prediction, Progress
    from xai.visualization.aims import Aim
    from xai.visualization.result import Sight, State, Visualization

Way = Literal["alone", "without"]
Kind = Literal["all", "none", "alone", "without"]
#: Cycles a pixel from which on a wave is fine: half of the finest that pixels can hold.
FINE = 0.25
_CANVASES = ("fourier", "pixels")


@dataclass(frozen=True)
class Variant:
    """One run of the comparison.

    Attributes
    ----------
    kind : {"all", "none", "alone", "without"}
    name : str
        The regulariser that is alone or left out; of ``"none"`` the parameterization; empty
        for ``"all"``.
    params : VisualizationParams
    """

    kind: Kind
    name: str
    params: VisualizationParams


@dataclass(frozen=True)
class Roughness:
    """How much of an image is fine grain.

    Attributes
    ----------
    variation : float
        Mean absolute difference of neighbouring pixels, in [0, 1].
    fine : float
        Share of the image's energy, its mean left aside, in waves of :data:`FINE` cycles a
        pixel and more, in [0, 1]; 0 for a constant image.
    """

    variation: float
    fine: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a run: its end alone, without its course.

    Attributes
    ----------
    variant : Variant
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    score : float
        Objective of this very image.
    prediction : Prediction
    roughness : Roughness
    steps : int
        Steps taken.
    notes : tuple of str
    diverged : bool
    """

    variant: Variant
    image: np.ndarray
    score: float
    prediction: Prediction
    roughness: Roughness
    steps: int
    notes: tuple[str, ...]
    diverged: bool


def variants(params: VisualizationParams, way: Way) -> tuple[Variant, ...]:
    """Return the runs of a comparison.

    Parameters
    ----------
    params : VisualizationParams
        The settings at hand.
    way : {"alone", "without"}
        ``"alone"``: each regulariser by itself, at a telling strength if the settings do not
        use it. ``"without"``: each that they use left out.

    Returns
    -------
    tuple of Variant
        All regularisers (if there are any); none, for both parameterizations, that of the
        settings first; then one by one. No two have the same settings.

    Raises
    ------
    ValueError
        If the way is unknown.
    """
    if way not in ("alone", "without"):
        raise ValueError(f"way: expected alone or without, got {way!r}")
    active = used(params)
    found = [Variant("all", "", params)] if active else []
    bare = off(params)
    canvases = sorted(_CANVASES, key=lambda name: name != params.parameterization)
    found += [Variant("none", name, _drawn_on(bare, name)) for name in canvases]
    if way == "alone":
        found += [Variant("alone", name, only(params, name)) for name in REGULARIZERS]
    elif len(active) > 1:
        found += [Variant("without", name, off(params, name)) for name in active]
    kept: dict[VisualizationParams, Variant] = {}
    for one in found:
        kept.setdefault(one.params, one)
    return tuple(kept.values())


def _drawn_on(params: VisualizationParams, name: str) -> VisualizationParams:
    """Return settings with another parameterization, and colours that it can move."""
    if params.parameterization == name:
        return params
    return replace(params, parameterization=name, color="auto")


def trial(
    model: LoadedModel,
    wanted: Aim,
    variant: Variant,
    seed: int = 0,
    *,
    image: np.ndarray | None = None,
    state: State | None = None,
    progress: Progress | None = None,
    on_step: Callable[[Sight], None] | None = None,
) -> Outcome:
    """Grow the image of one variant.

    Parameters
    ----------
    model, image, progress, on_step
        As in :func:`xai.visualization.run`.
    wanted : Aim
    variant : Variant
    seed : int
        The same for all variants, so that they begin at one image.
    state : State, optional
        Of this very run, stopped on its way: the end is that of an unbroken one.

    Raises
    ------
    TypeError, ValueError
        If something is not what it should be.
    """
    from xai.visualization.ascent import grow

    (found,) = grow(
        model,
        (wanted,),
        variant.params,
        (seed,),
        image=image,
        states=None if state is None else (state,),
        progress=progress,
        on_step=None if on_step is None else lambda sights: on_step(sights[0]),
    )
    return outcome(variant, found)


def outcome(variant: Variant, found: Visualization) -> Outcome:
    """Return what a comparison needs of a finished run."""
    return Outcome(
        variant=variant,
        image=found.image,
        score=found.score,
        prediction=found.prediction,
        roughness=roughness(found.image),
        steps=found.state.step,
        notes=found.notes,
        diverged=found.diverged,
    )


def covers(found: Visualization, variant: Variant) -> bool:
    """Say whether a run had a variant's settings from its first step to its last.

    A run whose settings were changed on its way is not one of the comparison; nor is one of
    several octaves that was prolonged, since their stages depend on the number of steps.
    """
    changes = found.state.changes
    if len(changes) != 1 or found.params != variant.params:
        return False
    begun = changes[0][1]
    return begun == variant.params or (
        begun.octaves == 1 and replace(begun, steps=variant.params.steps) == variant.params
    )


def roughness(image: np.ndarray) -> Roughness:
    """Measure how much of an image is fine grain.

    Parameters
    ----------
    image : ndarray, shape (C, H, W), in [0, 1]

    Raises
    ------
    ValueError
        If it has another number of axes.

    Notes
    -----
    Waves are those of the image beside its mirror image (as of a cosine transform): where it
    is joined to itself there is no edge that it does not have. White noise has 1 - pi/16 =
    80 % of its energy above half of the finest frequency, a photograph a few per cent.
    """
    values = np.asarray(image, np.float64)
    if values.ndim != 3:
        raise ValueError(f"image: expected shape (C, H, W), got {values.shape}")
    steps = [np.abs(np.diff(values, axis=axis)).ravel() for axis in (1, 2)]
    every = np.concatenate(steps)
    variation = float(every.mean()) if every.size else 0.0
    return Roughness(variation, _fine(values))


def _fine(values: np.ndarray) -> float:
    """Return the share of the energy of (C, H, W) in fine waves."""
    height, width = values.shape[1:]
    centred = values - values.mean((1, 2), keepdims=True)
    mirrored = np.concatenate([centred, centred[:, ::-1]], axis=1)
    mirrored = np.concatenate([mirrored, mirrored[:, :, ::-1]], axis=2)
    energy = np.abs(np.fft.rfft2(mirrored)) ** 2
    # All columns but the first and the last stand for their mirror images as well.
    energy[:, :, 1:-1] *= 2
    rows, columns = np.fft.fftfreq(2 * height)[:, None], np.fft.rfftfreq(2 * width)[None]
    total = float(energy.sum())
    fine = float(energy[:, np.hypot(rows, columns) >= FINE].sum())
    # What is left of a constant image is rounding.
    return fine / total if total > 1e-12 * values.size**2 else 0.0
