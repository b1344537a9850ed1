"""The settings of the attacks, as data."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xai.types import Params, choice, find, flag, number

if TYPE_CHECKING:
    from xai.models.spec import ModelSpec

#: Largest strength that may be asked for, by norm, where an image is in [0, 1].
EPS_MAX: Mapping[str, float] = {"linf": 1.0, "l2": 20.0}

#: How far all steps together could go by default, in strengths; as in Madry's code.
REACH = 2.5


def default_eps(spec: ModelSpec, norm: str = "linf") -> float:
    """Return the strength that an attack uses where none is given.

    Parameters
    ----------
    spec : ModelSpec
        Row of the model; its column ``eps`` is the L-infinity default.
    norm : {"linf", "l2"}

    Returns
    -------
    float
        Radius of the ball around the image, for pixels in [0, 1].

    Raises
    ------
    ValueError
        If the norm is unknown.

    Notes
    -----
    For L2 it is half the length of a perturbation that changes each of the D
    numbers of an image by ``spec.eps``: ``spec.eps * sqrt(D) / 2``. That is 1.4
    for 28x28 digits and 6.1 for photographs of 224x224.
    """
    find(EPS_MAX, norm, "norm")
    if norm == "linf":
        return spec.eps
    height, width = spec.input_size
    return min(spec.eps * math.sqrt(spec.channels * height * width) / 2, EPS_MAX["l2"])


def known(value: float | None) -> float:
    """Return a number of resolved settings.

    Raises
    ------
    ValueError
        If it is still left to the model.
    """
    if value is None:
        raise ValueError("params: expected resolved settings; call resolved(spec) to fill them in")
    return value


class AttackParams(Params, ABC):
    """What the settings of every attack can say about themselves."""

    quantize: bool

    @abstractmethod
    def ball(self) -> tuple[str, float]:
        """Return the norm, and the radius that the perturbation stays within."""

    @abstractmethod
    def resolved(self, spec: ModelSpec) -> AttackParams:
        """Fill in what was left to the model, such as the strength."""


def _strength() -> Any:
    return number(
        None,
        0.0,
        1.0,
        1 / 255,
        help="Strength: how far a pixel may move, where black is 0 and white is 1. "
        "8/255 is hard to see. Empty: the model's own default.",
    )


def _rounding() -> Any:
    return flag(
        True,
        help="Round the attacked image to what an 8-bit file can hold, without leaving the "
        "allowed strength. Off: the exact numbers of the attack.",
    )


def _stop() -> Any:
    return flag(
        False,
        help="Stop as soon as the goal is reached. Off: all steps are taken, and the network "
        "becomes surer of its error.",
    )


def _step_size() -> Any:
    return number(
        None,
        0.0,
        1.0,
        0.001,
        help="How far one step goes, in the unit of the strength. "
        "Empty: 2.5 x strength / steps, and never more than the strength.",
    )


@dataclass(frozen=True)
class FgsmParams(AttackParams):
    """Settings of the fast gradient sign method."""

    eps: float | None = _strength()
    quantize: bool = _rounding()

    def ball(self) -> tuple[str, float]:
        """Return L-infinity and the strength."""
        return "linf", known(self.eps)

    def resolved(self, spec: ModelSpec) -> FgsmParams:
        """Fill in the model's strength."""
        return self if self.eps is not None else replace(self, eps=default_eps(spec))

    def as_pgd(self) -> PgdParams:
        """Say the same in the words of PGD: one full step from the image itself."""
        return PgdParams(
            eps=self.eps,
            steps=1,
            step_size=self.eps,
            random_start=False,
            quantize=self.quantize,
        )


@dataclass(frozen=True)
class BimParams(AttackParams):
    """Settings of the basic iterative method."""

    eps: float | None = _strength()
    steps: int = number(10, 1, 1000, 1, help="How many small steps are taken.")
    step_size: float | None = _step_size()
    early_stop: bool = _stop()
    quantize: bool = _rounding()

    def ball(self) -> tuple[str, float]:
        """Return L-infinity and the strength."""
        return "linf", known(self.eps)

    def resolved(self, spec: ModelSpec) -> BimParams:
        """Fill in the model's strength and the step size."""
        eps = default_eps(spec) if self.eps is None else self.eps
        return replace(self, eps=eps, step_size=_step(self.step_size, eps, self.steps))

    def as_pgd(self) -> PgdParams:
        """Say the same in the words of PGD: no random start."""
        return PgdParams(
            eps=self.eps,
            steps=self.steps,
            step_size=self.step_size,
            random_start=False,
            early_stop=self.early_stop,
            quantize=self.quantize,
        )


@dataclass(frozen=True)
class PgdParams(AttackParams):
    """Settings of projected gradient descent.

    With ``norm="l2"`` the strength is the radius of an L2 ball and may go up to
    ``EPS_MAX["l2"]``; so may the step size.
    """

    eps: float | None = _strength()
    norm: str = choice(
        "linf",
        ("linf", "l2"),
        help="How a perturbation is measured: by its most changed pixel (linf), "
        "or by its length over all pixels (l2).",
    )
    steps: int = number(40, 1, 1000, 1, help="How many small steps are taken.")
    step_size: float | None = _step_size()
    random_start: bool = flag(True, help="Begin at a random point within the strength.")
    restarts: int = number(
        1, 1, 20, 1, help="How many random starts are tried; the strongest result is kept."
    )
    early_stop: bool = _stop()
    quantize: bool = _rounding()

    def __post_init__(self) -> None:
        if self.norm != "l2":
            super().__post_init__()
            return
        Radius(self.eps, self.step_size)
        replace(self, norm="linf", eps=None, step_size=None)

    def ball(self) -> tuple[str, float]:
        """Return the norm and the radius that the perturbation stays within."""
        return self.norm, known(self.eps)

    def resolved(self, spec: ModelSpec) -> PgdParams:
        """Fill in the model's strength and the step size."""
        eps = default_eps(spec, self.norm) if self.eps is None else self.eps
        return replace(self, eps=eps, step_size=_step(self.step_size, eps, self.steps))

    def as_pgd(self) -> PgdParams:
        """Return itself."""
        return self


@dataclass(frozen=True)
class CwParams(AttackParams):
    """Settings of Carlini and Wagner's attack, which has no strength: it looks for the least."""

    confidence: float = number(
        0.0, 0.0, 100.0, 1.0, help="By how much the wrong class must lead, in logits."
    )
    searches: int = number(
        5, 1, 20, 1, help="How many balances of nearness and error are tried, by bisection."
    )
    steps: int = number(60, 1, 1000, 1, help="How many steps each search takes.")
    learning_rate: float | None = number(
        None,
        0.0,
        1.0,
        0.001,
        help="How far the first step of Adam moves a pixel; further steps are shorter. "
        "Empty: a sixteenth of the model's default strength, more if there are few steps.",
    )
    initial_const: float = number(
        1.0, 1e-6, 1e6, 0.1, help="The weight of the error, against nearness, in the first search."
    )
    quantize: bool = flag(
        True,
        help="Look only among images that an 8-bit file can hold. Off: among all.",
    )

    def ball(self) -> tuple[str, float]:
        """Return the norm that is made small; no radius bounds it."""
        return "l2", math.inf

    def rate(self) -> float:
        """Return the learning rate of resolved settings."""
        return known(self.learning_rate)

    def resolved(self, spec: ModelSpec) -> CwParams:
        """Fill in the learning rate."""
        if self.learning_rate is not None:
            return self
        # A pixel moves by half the rate on average: three strengths have to be within reach.
        rate = default_eps(spec) * max(1 / 16, 6 / self.steps)
        return replace(self, learning_rate=min(rate, 1.0))


@dataclass(frozen=True)
class Radius(Params):
    """Lengths in the L2 norm: the same names as elsewhere, a wider range."""

    eps: float | None = number(None, 0.0, EPS_MAX["l2"], 0.1, help="Radius of the ball.")
    step_size: float | None = number(None, 0.0, EPS_MAX["l2"], 0.01, help="Length of one step.")


@dataclass(frozen=True)
class NoiseParams(AttackParams):
    """Settings of the random baseline; made by :func:`xai.attacks.random_noise`."""

    # An attack that looks for the least and fails may end further away than any strength allows.
    eps: float | None = number(None, 0.0, 1000.0, 1 / 255, help="Size of the noise.")
    norm: str = choice("linf", ("linf", "l2"), help="The norm in which the size is measured.")
    quantize: bool = _rounding()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.norm == "linf" and self.eps is not None and self.eps > 1:
            raise ValueError(f"eps: expected 0 to 1 in L-infinity, got {self.eps}")

    def ball(self) -> tuple[str, float]:
        """Return the norm and the radius that the noise stays within."""
        return self.norm, known(self.eps)

    def resolved(self, spec: ModelSpec) -> NoiseParams:
        """Fill in the model's strength."""
        return self if self.eps is not None else replace(self, eps=default_eps(spec, self.norm))


def _step(given: float | None, eps: float, steps: int) -> float:
    return min(eps, REACH * eps / steps) if given is None else given
