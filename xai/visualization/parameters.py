"""The settings of a class visualisation, each with its range and a sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from xai.parameters import Params, choice, number

#: The settings that hold the image back from what only a network could like.
REGULARIZERS = (
    "weight_decay",
    "blur_sigma",
    "total_variation",
    "jitter",
    "rotation",
    "scale",
    "gradient_clip",
    "octaves",
)


@dataclass(frozen=True)
class VisualizationParams(Params):
    """How the preferred image is grown; :func:`xai.visualization.preset` has tested ones.

    Raises
    ------
    TypeError, ValueError
        If a value is not of its kind or out of its range.
    """

    steps: int = number(200, 1, 2000, 10, help="Steps uphill from the first to the last.")
    parameterization: str = choice(
        "fourier",
        ("pixels", "fourier"),
        help="What the steps move: every pixel by itself, or the waves (frequencies) that the "
        "image is made of, the larger the faster, as strong as they are in photographs.",
    )
    color: str = choice(
        "auto",
        ("auto", "decorrelated", "independent"),
        help="Whether red, green and blue move together as in photographs (decorrelated) or each "
        "by itself; auto does what the network's images allow.",
    )
    start: str = choice(
        "noise",
        ("noise", "grey", "image"),
        help="Where it begins: faint noise, plain grey, or the image of the workbench.",
    )
    pace: float = number(
        1.0,
        0.25,
        100.0,
        0.25,
        help="Learning rate, in multiples of the proposed 1 / mean |gradient|, with which a step "
        "moves a pixel by one grey level of 255 on average.",
    )
    schedule: str = choice(
        "renewed",
        ("renewed", "fixed"),
        help="Whether the learning rate is proposed anew at each step, so that all steps are "
        "equally long, or once, by a probe at the start.",
    )
    momentum: float = number(
        0.0, 0.0, 0.95, 0.05, help="Share of the last step that the next one keeps."
    )
    weight_decay: float = number(
        0.0,
        0.0,
        0.5,
        0.001,
        help="Share of the image that fades towards the mean colour at each step: what the "
        "network does not ask for again is forgotten.",
    )
    blur_sigma: float = number(
        0.0,
        0.0,
        4.0,
        0.05,
        unit="px",
        help="Width of a Gaussian blur: fine grain, which networks like too much, is smeared out.",
    )
    blur_every: int = number(4, 1, 50, 1, unit="steps", help="How often it is blurred.")
    total_variation: float = number(
        0.0,
        0.0,
        10.0,
        0.05,
        help="Price of differences between neighbouring pixels: large areas become flat, edges "
        "stay.",
    )
    jitter: int = number(
        0,
        0,
        32,
        1,
        unit="px",
        help="The image is shifted at random before each step, so that nothing may hang on the "
        "exact place of a pixel.",
    )
    rotation: float = number(
        0.0,
        0.0,
        45.0,
        1.0,
        unit="°",
        help="The image is turned at random, to either side, before each step.",
    )
    scale: float = number(
        0.0,
        0.0,
        0.5,
        0.01,
        help="The image is made larger or smaller at random, by up to this share, before each "
        "step.",
    )
    gradient_clip: float = number(
        0.0,
        0.0,
        20.0,
        0.5,
        help="Where the gradient is larger than so many times its mean, it is cut: no single "
        "pixel runs away. 0 leaves it as it is.",
    )
    octaves: int = number(
        1,
        1,
        6,
        1,
        help="Coarse to fine: in how many stages the image may have finer detail, each twice as "
        "fine as the one before.",
    )
    learning_rate: float | None = number(
        None,
        0.0,
        1e12,
        1.0,
        help="Learning rate in the units of the objective; left out, the probe proposes it.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate: expected more than 0, got {self.learning_rate}")


#: What each regulariser is when it does nothing.
_OFF: dict[str, Any] = {
    "weight_decay": 0.0,
    "blur_sigma": 0.0,
    "total_variation": 0.0,
    "jitter": 0,
    "rotation": 0.0,
    "scale": 0.0,
    "gradient_clip": 0.0,
    "octaves": 1,
}
#: What it is alone, where the settings at hand do not use it.
_TELLING: dict[str, Any] = {
    "weight_decay": 0.02,
    "blur_sigma": 0.8,
    "total_variation": 0.3,
    "jitter": 3,
    "rotation": 10.0,
    "scale": 0.1,
    "gradient_clip": 3.0,
    "octaves": 3,
}


def used(params: VisualizationParams) -> tuple[str, ...]:
    """Return the regularisers that do something."""
    return tuple(name for name in REGULARIZERS if getattr(params, name) != _OFF[name])


def off(params: VisualizationParams, *names: str) -> VisualizationParams:
    """Return settings without some regularisers; without any name, without all.

    Raises
    ------
    ValueError
        If a name is not one of :data:`REGULARIZERS`.
    """
    return replace(params, **{_known(name): _OFF[name] for name in names or REGULARIZERS})


def only(params: VisualizationParams, name: str) -> VisualizationParams:
    """Return settings with one regulariser alone, at a telling strength if it was off.

    Raises
    ------
    ValueError
        If the name is not one of :data:`REGULARIZERS`.
    """
    value = getattr(params, _known(name))
    return replace(off(params), **{name: _TELLING[name] if value == _OFF[name] else value})


def _known(name: str) -> str:
    if name not in _OFF:
        raise ValueError(f"regulariser: expected one of {', '.join(REGULARIZERS)}; got {name!r}")
    return name
