"""Strengths and the norms that they are measured in: which attack has which, and in words."""

from __future__ import annotations

from xai.attacks import ATTACKS
from xai.attacks.parameters import AttackParams, NoiseParams
from xai.types import find

#: Name of the random baseline among the methods.
NOISE = "noise"
#: Norms in which noise is rounded to 1/255 if what it is compared with is. Of a short length that
#: is spread over many pixels rounding would leave nothing.
ROUNDED = frozenset({"linf"})


def kind_of(method: str) -> type[AttackParams]:
    """Return the class of a method's settings.

    Raises
    ------
    TypeError, ValueError
        If the method is neither an attack nor the noise.
    """
    kinds = {name: row.params for name, row in ATTACKS.items()}
    kind: type[AttackParams] = find(kinds | {NOISE: NoiseParams}, method, "method")
    return kind


def norms_of(method: str) -> tuple[str, ...]:
    """Return the norms in which an attack can be bounded, or which it makes small.

    Raises
    ------
    TypeError, ValueError
        If there is no such attack.
    """
    infos = find(ATTACKS, method, "method").params.infos()
    if "norm" in infos:
        return tuple(str(option) for option in infos["norm"].options)
    return ("linf",) if "eps" in infos else ("l2",)


def bounded(method: str) -> bool:
    """Say whether an attack takes a strength, and does not look for the least by itself."""
    return method == NOISE or "eps" in ATTACKS[method].params.infos()


def in_units(strength: float, norm: str) -> float:
    """Return a strength in the unit that is shown: steps of 1/255, or a length."""
    return 255 * strength if norm == "linf" else strength


def amount(strength: float, norm: str) -> str:
    """Write a strength for people: ``8/255`` in L-infinity, ``1.25`` as a length in L2."""
    return f"{in_units(strength, norm):.3g}" + ("/255" if norm == "linf" else "")


def spoken(strength: float, norm: str) -> str:
    """Write a strength where its norm is not said beside it: ``8/255``, ``length 1.25``."""
    return amount(strength, norm) if norm == "linf" else f"length {amount(strength, norm)}"
