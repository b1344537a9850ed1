"""What the methods' own numbers say against a map, each in a sentence or ``""``."""

from __future__ import annotations

import math

from xai.attribution.diagnosis.case import Case, percent

#: Share of the explained difference that may be missing from a map that promises it all.
GAP = 0.05
#: Bounds of the share of the score that reaches the pixels.
LEAST_SHARE, MOST_SHARE = 0.05, 2.0
#: Each part of a map against the score, from where their sum says nothing of the parts.
CANCELLATION = 10.0
#: Share of Grad-CAM++'s weights that may be undefined.
UNSTABLE = 0.05


def completeness(case: Case) -> str:
    """Say that the values do not add up to what the score gained."""
    gap, start = case.number("completeness_gap"), case.number("baseline_logit")
    gained = case.found.score - start
    if math.isnan(gap) or math.isnan(gained):
        return ""
    if abs(gained) < 0.01 * max(abs(case.found.score), abs(start)):
        return (
            f"Image and baseline have nearly the same score ({case.found.score:.3g} and "
            f"{start:.3g}), so there is hardly anything to share out. Try another baseline."
        )
    if gained == 0 or abs(gap) <= GAP * abs(gained):
        return ""
    steps = case.setting("steps", 0)
    more = f"Try {min(1000, 4 * steps)} steps." if 0 < steps < 1000 else "Try another baseline."
    return (
        f"The values add up to {gained + gap:.3g}, but the score gained {gained:.3g} over the "
        f"baseline: a gap of {percent(abs(gap / gained))}. The way between them is sampled too "
        f"coarsely for this network. {more}"
    )


def reached(case: Case) -> str:
    """Say that little of the score, or more than all of it, lies on the pixels."""
    share = case.number("conserved")
    if share > MOST_SHARE:
        return (
            f"The pixels hold {share:.3g} times the score. Where contributions of both signs "
            "nearly cancel, these rules divide by a small number. Try a larger epsilon, or "
            "epsilon-plus."
        )
    if not share < LEAST_SHARE:
        return ""
    if share < 0:
        said = f"The map adds up to {percent(share)} of the score: the other sign."
        return f"{said} Biases and cancelling contributions outweigh the rest. Try epsilon-plus."
    takers, advice = "Filters without a contribution of the right sign lose the rest", ""
    if not case.setting("zero_bias", False):
        takers = (
            "Biases (those of merged batch norms are large) and filters without a contribution of "
            "the right sign take the rest"
        )
        advice = " Try leaving the biases out of the rules."
    return (
        f"Only {percent(share)} of the score reaches the pixels. {takers}: the picture shows "
        f"where, not how much. The ledger shows who took it.{advice}"
    )


def cancelling(case: Case) -> str:
    """Say that the parts of a map are much larger than what they add up to."""
    part = min(case.number("positive"), -case.number("negative"))
    score = abs(case.found.score)
    if not part > CANCELLATION * score or score == 0:
        return ""
    return (
        f"The positive and the negative part of this map are each over {part / score:.0f} times "
        "the score and cancel nearly: single pixels say little. Try a larger epsilon, or "
        "epsilon-plus."
    )


def chance(case: Case) -> str:
    """Say that a map of random masks shows the masks."""
    contrast, error = case.number("contrast"), case.number("contrast_error")
    # Variances add up: at this bound half of the map's is chance.
    if contrast > 0 and contrast <= math.sqrt(2) * error:
        chance = percent(min(1.0, (error / contrast) ** 2))
        return (
            f"About {chance} of the variation in this map is chance: it would look different with "
            "other masks. Four times as many masks halve the noise; larger cells help, too."
        )
    whole, seen = case.number("probability"), case.number("mean_probability")
    if whole > 0.05 and abs(seen) < 0.02 * whole:
        return (
            f"Behind the masks the class falls from {percent(whole)} to {percent(seen)}: the "
            "model gives up as soon as anything is hidden, so the map hangs on a few lucky masks. "
            "Show more of the image (p), or fill with its mean colour."
        )
    return ""


def idle_noise(case: Case) -> str:
    """Say that averaging over noise did nothing."""
    if not case.number("slope_spread") < 1e-6:
        return ""
    if case.setting("sigma", 0) == 0 or case.setting("n", 1) == 1:
        return "Without noise, or with one copy, there is nothing to average. Try 10 copies."
    return (
        f"The noise changed nothing: all above {case.layer} is linear, so every copy has the same "
        "slopes, and this is Grad-CAM++. Try an earlier layer, or SmoothGrad."
    )


def unstable(case: Case) -> str:
    """Say that Grad-CAM++'s weights are not defined here."""
    share = case.number("unstable_share")
    if not share > UNSTABLE:
        return ""
    return (
        f"{percent(share)} of the weights behind this map are undefined: Grad-CAM++ divides by the "
        f"sum of each channel, and at {case.layer} sums or slopes have both signs. Try the layer "
        "behind the next ReLU, LayerCAM or Grad-CAM."
    )


def raised(case: Case) -> str:
    """Say that hiding any place helps the class."""
    if not case.number("largest_drop") < 0:
        return ""
    return (
        "Every window raises the score: the fill speaks for the class more than what it hides, so "
        "the map shows the fill as much as the image. Try another fill, or the predicted class."
    )
