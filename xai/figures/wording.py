"""Numbers and names as figures write them."""

from __future__ import annotations

import unicodedata

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Write a raw number with three significant digits, for people."""
    text = f"{value:.3g}"
    mantissa, exponential, power = text.partition("e")
    if exponential:
        return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    return text.replace("-", "−")


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
