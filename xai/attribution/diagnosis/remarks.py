"""Sentences on a map that is easily misread: why it looks so, and what to try.

Importing this module loads no torch, and neither does a diagnosis: it reads the map
and the numbers that its method left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from xai import images
from xai.attribution.diagnosis.advice import (
    CONCENTRATED,
    CONCENTRATED_ELSE,
    CONSTANT,
    CONSTANT_ELSE,
    EMPTY,
    EMPTY_ELSE,
)
from xai.attribution.diagnosis.case import Case, percent
from xai.attribution.diagnosis.shortcomings import (
    cancelling,
    chance,
    completeness,
    idle_noise,
    raised,
    reached,
    unstable,
)

if TYPE_CHECKING:
    from xai.attribution.result import Attribution
    from xai.models import LoadedModel

#: What the strongest hundredth of the pixels may hold before it is remarked on.
CONCENTRATION = 0.5
#: Where one sign holds all but this share, there is one sign.
_OTHER_SIGN = 1e-3
#: Methods whose map is a multiple of the image's distance from black, where no parameter says.
_TIMES_INPUT = frozenset({"input_x_gradient", "integrated_gradients"})
#: Class activation maps that only ask where a slope is positive.
_RISING = frozenset({"layer_cam", "grad_cam_pp", "smooth_grad_cam_pp"})


def remarks(found: Attribution, model: LoadedModel | None = None) -> tuple[str, ...]:
    """Say of a map what a reader would misread: why it is so, and what to try.

    Parameters
    ----------
    found : Attribution
    model : LoadedModel, optional
        The one that was explained: a sentence can then name its layers.

    Returns
    -------
    tuple of str
        One or more sentences each, the gravest first; nothing for an ordinary map.

    Notes
    -----
    A map is summed over its channels first, as it is shown. What is called grave is a
    convention: :data:`CONCENTRATION` and the bounds in
    :mod:`xai.attribution.diagnosis.shortcomings`.
    """
    case = Case(found, model)
    if case.empty:
        return (_empty(case),)
    return tuple(said for check in _CHECKS if (said := check(case)))


# ------------------------------------------------------------------- the look of a map
def _empty(case: Case) -> str:
    """Say why every value is 0."""
    reason = _black(case) or _no_evidence(case) or EMPTY.get(case.found.method, EMPTY_ELSE)
    return f"The map is empty. {reason}"


def _black(case: Case) -> str:
    times_input = case.setting("times_input", case.found.method in _TIMES_INPUT)
    black = images.digest(np.zeros(case.found.relevance.shape, np.float32))
    from_black = case.setting("baseline", "black") == "black"
    if not (times_input and from_black) or case.found.digest != black:
        return ""
    return (
        "The image is black, and this map multiplies by the image: black pixels get nothing, "
        "however much they count. Try Gradient, or Integrated gradients from a white baseline."
    )


def _no_evidence(case: Case) -> str:
    """Say why a class activation map is empty."""
    if case.number("positive_share") != 0:
        return ""
    if case.number("raw_min") == 0 and case.found.method in _RISING:
        return (
            f"Nothing that {case.layer} saw pushes the score up: this method follows positive "
            "slopes alone, and finds none. Try an earlier layer, or Negative evidence."
        )
    if case.number("raw_min") == 0:
        return (
            f"The score does not lean on what {case.layer} saw in this image: its values or their "
            "slopes are 0. Try another layer."
        )
    if case.found.method == "negative_grad_cam":
        return (
            f"No evidence at {case.layer} speaks against the class. Try a contrast with the "
            "runner-up: what speaks for the other one."
        )
    other = "" if case.found.method == "layer_cam" else "LayerCAM, "
    return (
        f"All evidence at {case.layer} is negative, and the ReLU removes it. Try {other}an earlier "
        "layer, or Negative evidence."
    )


def _constant(case: Case) -> str:
    if not case.map.constant:
        return ""
    reason = CONSTANT.get(case.found.method, CONSTANT_ELSE)
    return f"The map is constant: every value is {case.map.max:.3g}. {reason}"


def _concentrated(case: Case) -> str:
    if case.map.constant or case.map.concentration <= CONCENTRATION:
        return ""
    held = percent(case.map.concentration)
    reason = _points(case) or CONCENTRATED.get(case.found.method, CONCENTRATED_ELSE)
    return f"Very concentrated: 1 % of the pixels hold {held} of the evidence. {reason}"


def _points(case: Case) -> str:
    """Say why the gamma rule leaves isolated points on networks with merged norms."""
    norms = bool(case.model.norm_pairs) if case.model else True
    if "gamma" not in case.rules or not norms:
        return ""
    return (
        "The gamma rule favours large positive weights anew at each layer. On a deep network, "
        "whose merged batch norms make few weights very large, isolated points are left. Try a "
        "smaller gamma, or epsilon-plus-flat."
    )


def _one_signed(case: Case) -> str:
    if case.map.constant or not case.found.signed or case.number("largest_drop") < 0:
        return ""
    one_sided = "z_plus" in case.rules
    if case.map.positive_share < _OTHER_SIGN:
        if one_sided:
            return (
                "All values are negative, as the score is: the rules of this composite follow "
                "positive contributions alone and keep its sign. Try epsilon."
            )
        return (
            "All evidence in this map speaks against the class: its score would be higher without "
            "what is seen. Try the predicted class, or a contrast of the two."
        )
    if case.map.positive_share <= 1 - _OTHER_SIGN:
        return ""
    if one_sided:
        return (
            "Only positive evidence is shown: the rules of this composite follow positive "
            "contributions alone. To see what speaks against the class, try epsilon or "
            "alpha2-beta1."
        )
    return (
        "All evidence in this map speaks for the class; nothing speaks against it. Try a contrast "
        "with the runner-up to see what sets the two apart."
    )


_CHECKS: tuple[Callable[[Case], str], ...] = (
    *(_constant, raised, completeness, reached, cancelling, chance),
    *(unstable, idle_noise, _concentrated, _one_signed),
)
