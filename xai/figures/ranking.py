"""Which classes a chart shows, in which order and under which label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.figures.wording import distinct, percent, short

if TYPE_CHECKING:
    from xai.types import Prediction

#: Where all classes are that have no row or column of their own.
REST = "other classes"


def class_names(prediction: Prediction, names: Sequence[str] | None) -> Sequence[str]:
    """Return the names to show: those given, else the prediction's own.

    Raises
    ------
    ValueError
        If there are not as many names as classes.
    """
    if names is None:
        return prediction.classes
    if len(names) != len(prediction.classes):
        raise ValueError(f"names: expected {len(prediction.classes)}, got {len(names)}")
    return names


def best(prediction: Prediction, k: int, true: int | None, target: int | None) -> list[int]:
    """Return the ``k`` most probable classes, best first, and after them those marked.

    Raises
    ------
    ValueError
        If ``k`` is below 1, there is no class ``true`` or ``target``, or a probability
        is not finite.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    if not np.isfinite(prediction.probabilities).all():
        raise ValueError("prediction: expected finite probabilities, got NaN or infinity")
    for what, index in (("true", true), ("target", target)):
        if index is not None and not 0 <= index < len(prediction.classes):
            last = len(prediction.classes) - 1
            raise ValueError(f"{what}: expected a class from 0 to {last}, got {index}")
    extra = (index for index in (true, target) if index is not None)
    return list(dict.fromkeys([*prediction.top(k), *extra]))


def best_of_two(
    before: Prediction, after: Prediction, k: int, true: int | None, target: int | None
) -> list[int]:
    """Return the ``k`` classes most probable in one or the other, both winners first.

    Raises
    ------
    ValueError
        As :func:`best`, and if ``k`` is below 2.
    """
    if k < 2:
        raise ValueError(f"k: expected at least 2, got {k}")
    either = [*before.top(k), *after.top(k)]
    marked = [*best(before, 1, true, target), *best(after, 1, true, target)]
    most = np.maximum(before.probabilities, after.probabilities)
    winners = dict.fromkeys([before.label, after.label])
    others = (i for i in sorted(either, key=lambda i: -most[i]) if i not in winners)
    chosen = list(dict.fromkeys([*winners, *others]))[:k]
    return list(dict.fromkeys([*chosen, *marked]))


def marked_labels(
    names: Sequence[str], shown: Sequence[int], true: int | None, target: int | None
) -> list[str]:
    """Return a label for each shown class, all different, with ✓ and ◎ before the marked ones."""
    labels = [
        f"{'✓ ' if index == true else ''}{'◎ ' if index == target else ''}{short(names[index])}"
        for index in shown
    ]
    return distinct(labels, shown)


def rank(prediction: Prediction, index: int) -> int:
    """Return the place of a class, 1 for the most probable."""
    return int((prediction.logits > prediction.logits[index]).sum()) + 1


def key_to_marks(true: int | None, target: int | None) -> str:
    """Return the title of an axis that says what the marks mean."""
    marks = (("✓ true", true), ("◎ target", target))
    return " · ".join(text for text, index in marks if index is not None) or "probability"


def commonest(counts: Sequence[Mapping[str, int]], k: int) -> list[str]:
    """Return the ``k`` classes with the most images in all counts together, the most first.

    Raises
    ------
    ValueError
        If ``k`` is below 1, a count is below 0, or one of the counts holds no image.
    """
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")
    for each in counts:
        if not sum(each.values()) or min(each.values()) < 0:
            raise ValueError("counts: expected whole numbers from 0 with at least one image")
    together: Counter[str] = Counter()
    for each in counts:
        together.update(each)
    return [name for name, count in together.most_common() if count][:k]


def share_rows(word: str, counts: Mapping[str, int], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a chart's rows of counts and shares: one for each name, one for all others."""
    total = sum(counts.values())
    left = total - sum(counts.get(name, 0) for name in names)
    pairs = [(name, counts.get(name, 0)) for name in names] + [(REST, left)] * bool(left)
    labels = distinct([short(name, 22) for name, _ in pairs], range(len(pairs)))
    return [
        {
            "label": label,
            "class": name,
            "when": word,
            "count": count,
            "share": count / total,
            "text": f"{count:,} · {percent(count / total)}",
        }
        for label, (name, count) in zip(labels, pairs, strict=True)
    ]
