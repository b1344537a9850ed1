"""The parameters of the attribution methods: defaults, ranges and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from xai.attribution.composites import COMPOSITES
from xai.types import Params, choice, flag, number, text


@dataclass(frozen=True)
class GradientParams(Params):
    """A plain gradient has nothing to set."""


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
        ("black", "white"),
        help="The image that stands for 'nothing there'. Pixels equal to it get no relevance, "
        "so black strokes on black stay invisible.",
    )


@dataclass(frozen=True)
class SmoothGradParams(Params):
    """Parameters of SmoothGrad."""

    n: int = number(25, 1, 500, 1, help="Noisy copies of the image whose gradients are averaged.")
    sigma: float = number(
        0.15,
        0.0,
        1.0,
        0.01,
        unit="of the range [0, 1]",
        help="Standard deviation of the noise: too little leaves the map grainy, too much "
        "explains another image.",
    )


@dataclass(frozen=True)
class GuidedBackpropParams(Params):
    """Guided backpropagation has nothing to set."""


@dataclass(frozen=True)
class GradCamParams(Params):
    """Parameters of Grad-CAM."""

    layer: str = text(
        "",
        help="The layer whose maps are weighed; empty takes the model's own, its last one that "
        "is fine enough to point at something.",
    )


@dataclass(frozen=True)
class LrpParams(Params):
    """Parameters of layer-wise relevance propagation."""

    composite: str = choice(
        "epsilon_plus_flat",
        tuple(COMPOSITES),
        help="Which propagation rule is used at which depth of the network.",
    )
    epsilon: float = number(
        1e-6,
        1e-9,
        100.0,
        1e-6,
        help="Stabilizer of the epsilon rule: larger values absorb weak and contradictory "
        "evidence, so the map gets sparser and its sum smaller.",
    )
    gamma: float = number(
        0.25,
        0.0,
        100.0,
        0.05,
        help="How much the gamma rule favours positive weights; 0 is the epsilon rule.",
    )
    zero_bias: bool = flag(
        False,
        help="Leave the biases out of the rules, so that they take no share of the relevance "
        "and the sum of the map stays near the logit.",
    )
