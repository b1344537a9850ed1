"""A ledger in words: what the rules do, and where the score went."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.attribution.lrp.ledger import Ledger

#: The rules for people, by the word of an :class:`Entry`.
RULES: Mapping[str, str] = {
    "zero": "LRP-0: shared by contribution",
    "epsilon": "Epsilon: shared by contribution, weak evidence absorbed",
    "gamma": "Gamma: shared by contribution, positive weights favoured",
    "z_plus": "z⁺: shared among positive contributions alone",
    "alpha2_beta1": "Alpha 2, beta 1: twice the positive less once the negative contributions",
    "flat": "Flat: shared evenly among all inputs",
    "box": "Box: shared by the distance from the darkest and the brightest pixel",
    "norm": "Shared by contribution",
    "exact norm": "Shared by contribution, exactly",
    "pass": "Passed on unchanged",
    "route": "Handed to where the value came from",
}

_TOOK = {
    "bias": "biases took {}",
    "stabilizer": "the stabilizer took {}",
    "lost": "{} was lost where no contribution had the right sign",
    "other": "{} fell on padding",
}
_GAVE = {
    "bias": "biases added {}",
    "stabilizer": "the stabilizer added {}",
    "lost": "{} came from rules that take off a negative part that is not there",
    "other": "padding added {}",
}


#: Where amounts of both signs are so large that their sum is rounding.
_UNBALANCED = (
    " The books do not balance: on the way relevance for and against grows to {:.1e} in all, "
    "and the small sum of such large numbers is no longer exact."
)


def sentence(found: Ledger) -> str:
    """Say in words where the score went.

    Parameters
    ----------
    found : Ledger
    """
    share = found.share
    if share is None:
        return "The score is 0: there is nothing to hand back to the pixels."
    what = "difference of the scores" if found.contrast is not None else "score"
    opening = f"Of the {what} {found.score:.3g},"
    parts = {kind: amount / found.score for kind, amount in found.absorbed.items()}
    told = [
        (_TOOK if part > 0 else _GAVE)[kind].format(percent(abs(part)))
        for kind, part in sorted(parts.items(), key=lambda item: -abs(item[1]))
        if abs(part) >= 0.0005
    ]
    only = "only " if 0 <= share < 0.5 else ""
    text = f"{opening} {only}{percent(share)} reaches the pixels"
    text += f": {', '.join(told)}." if told else "."
    if not 0.5 <= share <= 1.5:
        text += " The picture shows where, not how much."
    if abs(found.gap) > 0.01 * abs(found.score):
        text += _UNBALANCED.format(max(row.positive - row.negative for row in found.rows))
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Write a share of the score for people, with two digits that count.

    Parameters
    ----------
    share : float
        1 is all of it; may be negative or above 1. What is not quite all of it, or not
        quite nothing, is not written as 100 or 0 %.
    """
    value = 100 * share
    if value == 0:
        return "0 %"
    if abs(value) >= 1e5:
        return f"{value:.1e} %"
    digits = max(0, min(4, 1 - math.floor(math.log10(abs(value)))))
    while 99 < abs(value) < 100 and digits < 4 and round(abs(value), digits) == 100:
        digits += 1
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} %" if text.strip("-0.") else "< 0.0001 %"
