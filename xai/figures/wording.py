"""Numbers and names as figures write them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Write a raw number with three significant digits, for people."""
    text = f"{value:.3g}"
    mantissa, exponential, power = text.partition("e")
    if exponential:
        return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    return text.replace("-", "−")


def round_factor(factor: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above ``factor``, above 0."""
    power = 10.0 ** math.floor(math.log10(factor) + 1e-9)
    return power * max(step for step in (1, 2, 5) if step <= factor / power * (1 + 1e-9))


def hundredths(value: float) -> str:
    """Write a correlation with two digits behind the point, for people; never −0.00."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def percent(probability: float) -> str:
    """Write a probability for people: never 0 or 100 % unless it is exactly that."""
    if probability in (0.0, 1.0):
        return f"{100 * probability:.0f} %"
    if probability < 0.001:
        return "< 0.1 %"
    if probability > 0.999:
        return "> 99.9 %"
    return f"{100 * probability:.1f} %"


def short(name: str, length: int = 26) -> str:
    """Return a name on one line, cut to ``length`` characters.

    Line breaks become spaces; control characters, and those that change the direction
    of what follows, are left out.
    """
    plain = "".join(
        char for char in " ".join(name.split()) if unicodedata.category(char) not in ("Cc", "Cf")
    )
    return plain if len(plain) <= length else plain[: length - 1].rstrip(" ,") + "…"


def distinct(labels: Sequence[str], indices: Sequence[int]) -> list[str]:
    """Return labels that all differ: one that is empty or was there before gets its index.

    A chart would otherwise merge rows of one name; ImageNet has two classes "crane".
    """
    found: list[str] = []
    for label, index in zip(labels, indices, strict=True):
        while not label or label in found:
            label = f"{label} ({index})".strip()
        found.append(label)
    return found


def ending(name: str, length: int = 20) -> str:
    """Return the last parts of a dotted name, cut in front to ``length`` characters."""
    plain = short(name, 10_000)
    if len(plain) <= length:
        return plain
    kept = plain[len(plain) - length + 1 :]
    return f"…{kept.partition('.')[2] or kept}"
