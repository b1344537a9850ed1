"""The parameters of layer-wise relevance propagation."""

from __future__ import annotations

from dataclasses import dataclass

from xai.attribution.lrp.composites import COMPOSITES, PIXEL_RULES, RULES
from xai.types import Params, choice, flag, number


@dataclass(frozen=True)
class LrpParams(Params):
    """Parameters of layer-wise relevance propagation.

    Raises
    ------
    ValueError
        If the upper layers would begin below the middle ones.
    """

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
    lower: str = choice(
        "gamma",
        (*RULES, *PIXEL_RULES),
        help="Rule of the layers near the image. Flat and box are rules for the pixels: the "
        "layers that read the image get it, and the others below the middle the middle rule.",
    )
    middle: str = choice("epsilon", RULES, help="Rule of the layers in the middle.")
    upper: str = choice("zero", RULES, help="Rule of the layers near the scores.")
    middle_from: float = number(
        0.4,
        0.0,
        1.0,
        0.05,
        help="At which share of the depth the middle begins: 0 is the image, 1 the scores.",
    )
    upper_from: float = number(
        0.8,
        0.0,
        1.0,
        0.05,
        help="At which share of the depth the upper layers begin, not below the middle.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.middle_from > self.upper_from:
            raise ValueError(
                f"upper_from: expected at least middle_from, {self.middle_from}, "
                f"got {self.upper_from}"
            )
