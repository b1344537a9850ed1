"""Whether a map adds up to what its method promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xai.attribution.result import Attribution

#: Integrated gradients' sum may miss the difference by this share before it is said.
_SMALL_GAP = 0.05


@dataclass(frozen=True)
class Completeness:
    """The sum of a map beside the number that it takes apart.

    Attributes
    ----------
    total : float
        Sum of the map.
    promised : float
        What it should add up to: the explained score (LRP), or how much the score of
        the image exceeds that of the baseline (integrated gradients).
    sentence : str
        The comparison in words.
    """

    total: float
    promised: float
    sentence: str

    @property
    def gap(self) -> float:
        """What the map has too much, or, below 0, too little."""
        return self.total - self.promised

    @property
    def share(self) -> float | None:
        """The sum divided by what it should be; None if that is 0."""
        return self.total / self.promised if self.promised else None


def completeness(found: Attribution) -> Completeness | None:
    """Compare the sum of a map with what its method promises.

    Parameters
    ----------
    found : Attribution

    Returns
    -------
    Completeness or None
        None if the method promises nothing about the sum.

    Raises
    ------
    TypeError
        If ``found`` is no explanation.

    Notes
    -----
    Layer-wise relevance propagation redistributes the score: without biases and
    stabilizers its map sums to it. Integrated gradients sum to the difference of the
    score between image and baseline, up to the error of sampling the path. The
    gradient, the class activation maps, occlusion and RISE have a scale but no sum.

    References
    ----------
    S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek: On
    pixel-wise explanations for non-linear classifier decisions by layer-wise
    relevance propagation, PLOS ONE 10 (7), 2015.

    M. Sundararajan, A. Taly, Q. Yan: Axiomatic attribution for deep networks, 2017,
    arXiv 1703.01365.
    """
    if not isinstance(found, Attribution):
        raise TypeError(f"found: expected an Attribution, got {type(found).__name__}")
    compare = _PROMISES.get(found.method)
    return None if compare is None else compare(found, _total(found))


def _total(found: Attribution) -> float:
    return float(found.relevance.sum(dtype="float64"))


def _to_the_score(found: Attribution, total: float) -> Completeness:
    score = found.score
    said = "score" if found.contrast is None else "difference of the two scores"
    if not score:
        words = f"The map adds up to {_number(total)}; the {said} is 0, and there is no share."
        return Completeness(total, score, words)
    share = total / score
    words = f"The map adds up to {_number(total)}, {_share(share)} of the {said} {_number(score)}"
    if abs(share - 1) <= 0.01:
        words += ": next to nothing is lost on the way."
    elif share < 0:
        words += ": more speaks against the class at the pixels than for it, because biases "
        words += "took part with the other sign."
    elif share < 1:
        words += ": the rest went to biases and stabilizers, or was lost where no contribution "
        words += "had the right sign. The picture shows where, not how much."
    else:
        words += ": biases or a stabilizer handed on more than they received. The picture shows "
        words += "where, not how much."
    return Completeness(total, score, words)


def _to_the_difference(found: Attribution, total: float) -> Completeness | None:
    start = found.diagnostics.get("baseline_logit")
    # Without the factor it is a mean gradient, which sums to nothing in particular.
    if start is None or not getattr(found.params, "times_input", True):
        return None
    rise = found.score - start
    words = (
        f"The map adds up to {_number(total)}; from the baseline ({_number(start)}) to the image "
        f"({_number(found.score)}) the score changes by {_number(rise)}."
    )
    if not rise:
        return Completeness(total, rise, words)
    missing = abs(total / rise - 1)
    words += f" The gap is {_share(missing)}: "
    if missing <= _SMALL_GAP:
        words += "the path is sampled finely enough."
    else:
        words += "too coarse a path; take more steps."
    return Completeness(total, rise, words)


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _share(share: float) -> str:
    percent = 100 * share
    if percent and abs(percent) < 0.01:
        return "less than 0.01 %" if percent > 0 else "between −0.01 % and 0 %"
    written = f"{percent:.2g}" if abs(percent) < 10 else f"{percent:,.0f}"
    return f"{written} %".replace("-", "−")


#: What each method that promises a sum promises.
_PROMISES: dict[str, Callable[[Attribution, float], Completeness | None]] = {
    "lrp": _to_the_score,
    "integrated_gradients": _to_the_difference,
}
