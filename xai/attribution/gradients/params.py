"""The parameters of the methods that go by gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xai.attribution.gradients.baselines import BASELINES
from xai.types import Params, choice, flag, number


def _times_input() -> Any:
    return flag(
        False,
        help="Multiply by the pixels: what each pixel adds to the score, instead of how "
        "strongly the score leans on it. Black pixels get nothing then.",
    )


@dataclass(frozen=True)
class GradientParams(Params):
    """Parameters of the plain gradient."""

    times_input: bool = _times_input()


@dataclass(frozen=True)
class InputXGradientParams(Params):
    """Input times gradient has nothing to set."""


@dataclass(frozen=True)
class IntegratedGradientsParams(Params):
    """Parameters of integrated gradients."""

    steps: int = number(
        50,
        1,
        1000,
        1,
        help="Points on the straight path from the baseline to the image; more points close "
        "the completeness gap and take longer.",
    )
    baseline: str = choice(
        "black",
        BASELINES,
        help="The image that stands for 'nothing there': one colour, the image out of focus, "
        "noise of all colours, or the image's own mean colour. Pixels equal to it get no "
        "relevance, so black strokes on black stay invisible.",
    )
    times_input: bool = flag(
        True,
        help="Multiply by the distance from the baseline, so that the values add up to what "
        "the score gained on the way; without it, the mean gradient on that way.",
    )


@dataclass(frozen=True)
class SmoothGradParams(Params):
    """Parameters of SmoothGrad."""

    n: int = number(25, 1, 500, 1, help="Noisy copies of the image whose maps are averaged.")
    sigma: float = number(
        0.15,
        0.0,
        1.0,
        0.01,
        unit="of the range [0, 1]",
        help="Standard deviation of the noise: too little leaves the map grainy, too much "
        "explains another image.",
    )
    of: str = choice(
        "gradient",
        ("gradient", "integrated gradients"),
        help="The map of each copy that is averaged. Integrated gradients start from black and "
        "take a pass for each point on their path.",
    )
    path_steps: int = number(
        10,
        1,
        200,
        1,
        help="Points on the path from black to each noisy copy; only used with integrated "
        "gradients.",
    )
    times_input: bool = _times_input()


@dataclass(frozen=True)
class GuidedBackpropParams(Params):
    """Parameters of guided backpropagation."""

    times_input: bool = _times_input()


@dataclass(frozen=True)
class DeconvnetParams(Params):
    """Parameters of DeconvNet."""

    times_input: bool = _times_input()
