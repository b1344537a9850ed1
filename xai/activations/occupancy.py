"""Which units of a layer are dead, rare or saturated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai.activations.survey import Survey

#: A unit that is active in a smaller share of the images is rare.
RARE = 0.01
#: A unit that is at its ceiling at a larger share of its positions is saturated.
SATURATED = 0.5
#: The words as a page defines them.
DEFINITIONS = {
    "dead": "never active: not above 0 at any position of any image.",
    "rare": "active in fewer than 1 % of the images, and not dead.",
    "saturated": (
        "at the end of its range, such as 6 for ReLU6, at more than half of its positions on "
        "average over the images."
    ),
}
#: Why a layer has no dead and rare units, as a sentence.
NEVER_OFF = (
    "Not applicable: the values of this layer have no “off”. That is so before the activation "
    "(convolution, normalisation, dense layer, sum), and for sigmoid and tanh."
)
#: Why a layer has no saturated units, as a sentence.
NO_CEILING = "Not applicable: the values of this layer have no ceiling, as with ReLU."


@dataclass(frozen=True, eq=False)
class Occupancy:
    """Units that are not used, or used up; nothing in it can be written to.

    Attributes
    ----------
    layer : str
    units, images : int
        Units of the layer; images that were looked at.
    dead, rare : ndarray of int64, or None
        Indices of units, ascending; see :data:`DEFINITIONS`. None where a unit cannot be
        off, see :data:`NEVER_OFF`. A dead unit is not listed as rare.
    saturated : ndarray of int64, or None
        None where values have no ceiling, see :data:`NO_CEILING`.
    broken : ndarray of int64
        Units with a value that is NaN or infinite. They are not listed as dead or rare.
    """

    layer: str
    units: int
    images: int
    dead: np.ndarray | None
    rare: np.ndarray | None
    saturated: np.ndarray | None
    broken: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.dead, self.rare, self.saturated, self.broken):
            if array is not None:
                array.setflags(write=False)


def occupancy(survey: Survey, layer: str) -> Occupancy:
    """Find the units of a layer that are dead, rare or saturated.

    Parameters
    ----------
    survey : Survey
    layer : str
        One of its layers.

    Raises
    ------
    ValueError
        If the survey has no such layer.

    Notes
    -----
    Fewer than 1 % of up to 100 images is none: with so few, no unit is rare.
    """
    broken = survey.broken[survey.known(layer)] > 0
    active, ends = survey.active_images[layer], survey.at_ceiling[layer]
    dead = rare = saturated = None
    if active is not None:
        dead = np.flatnonzero((active == 0) & ~broken)
        rare = np.flatnonzero((active > 0) & (active < RARE * survey.images) & ~broken)
    if ends is not None:
        saturated = np.flatnonzero(ends > SATURATED * survey.images * survey.positions[layer])
    return Occupancy(
        layer=layer,
        units=len(broken),
        images=survey.images,
        dead=dead,
        rare=rare,
        saturated=saturated,
        broken=np.flatnonzero(broken),
    )
