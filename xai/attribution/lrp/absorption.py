"""What a rule does not hand on: the literal formulas, apart from the code of the rules.

A rule divides a unit's relevance by a sum of contributions, plus a bias, plus a
stabilizer. The share of the contributions goes on to the inputs; here are the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

#: The stabilizer of the rules that have no parameter for it.
TINY = 1e-6
#: Numbers that are worked on at once in float64.
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Division:
    """One division of relevance: by contributions and bias together.

    Attributes
    ----------
    relevance : Tensor
        What is divided, of any shape.
    total : Tensor
        Contributions and bias, of the same shape.
    bias : Tensor or None
        The bias alone; broadcast.
    stabilizer : float
        Added to the total, with its sign; 0 gives all where there is anything.
    """

    relevance: Tensor
    total: Tensor
    bias: Tensor | None
    stabilizer: float


@dataclass(frozen=True)
class Absorbed:
    """What went nowhere, in units of relevance.

    Attributes
    ----------
    bias, stabilizer, lost : float
        As in :class:`xai.attribution.lrp.ledger.Entry`.
    """

    bias: float = 0.0
    stabilizer: float = 0.0
    lost: float = 0.0


def absorbed(divisions: Iterator[Division]) -> Absorbed:
    """Add up what the divisions of one module do not hand on, in float64.

    Parameters
    ----------
    divisions : iterator of Division
        One after the other; each may be freed before the next is made.
    """
    sums = [0.0, 0.0, 0.0]
    for one in divisions:
        bias = torch.zeros(()) if one.bias is None else one.bias
        tensors = (one.relevance, one.total, bias.to(one.total).expand_as(one.total))
        slices = [tensor.reshape(-1).split(_CHUNK) for tensor in tensors]
        for relevance, total, share in zip(*slices, strict=True):
            for place, amount in enumerate(_sums(relevance, total, share, one.stabilizer)):
                sums[place] += amount
    return Absorbed(*sums)


def _sums(
    relevance: Tensor, total: Tensor, bias: Tensor, stabilizer: float
) -> tuple[float, float, float]:
    relevance, total, bias = relevance.double(), total.double(), bias.double()
    nothing = total == 0
    added = torch.where(total < 0, -stabilizer, stabilizer)
    divisor = torch.where(nothing & (added == 0), 1.0, total + added)
    share = relevance / divisor
    lost = torch.where(nothing, relevance, 0.0)
    return (
        float((share * bias).sum()),
        float(torch.where(nothing, 0.0, share * added).sum()),
        float(lost.sum()),
    )


# -------------------------------------------------------------------------- the rules
@dataclass(frozen=True, eq=False)
class Weighing:
    """A module with weights, its input and the relevance at its output.

    Attributes
    ----------
    module : nn.Module
        With ``weight`` and ``bias``; it is not called, so its hooks stay out of it.
    x : Tensor
        Its input.
    relevance : Tensor
        At its output.
    epsilon, gamma : float
        Of the rules that have one.
    zero_bias : bool
        Whether biases take no share.
    box : (Tensor, Tensor) or None
        Lowest and highest values that the input can have.
    """

    module: Any
    x: Tensor
    relevance: Tensor
    epsilon: float
    gamma: float
    zero_bias: bool
    box: tuple[Tensor, Tensor] | None = None

    @property
    def weight(self) -> Tensor:
        """The module's weights."""
        return self.module.weight.detach()

    @property
    def bias(self) -> Tensor:
        """The bias of each output channel, zeros for none."""
        if self.zero_bias or self.module.bias is None:
            return torch.zeros(len(self.weight)).to(self.weight)
        return self.module.bias.detach()

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return what the module makes of ``x`` with other weights."""
        twin: Any = nn.Module.__new__(type(self.module))
        twin.__dict__.update(self.module.__dict__)
        blank = torch.zeros(len(weight)).to(weight)
        twin.__dict__["_parameters"] = {"weight": weight, "bias": blank if bias is None else bias}
        return twin.forward(x)

    def divide(
        self, relevance: Tensor, total: Tensor, bias: Tensor | None, stabilizer: float = TINY
    ) -> Division:
        """Return a division, the bias in the shape of an output."""
        trailing = [1] * (total.dim() - 2)
        shaped = None if bias is None else bias.reshape(-1, *trailing)
        return Division(relevance, total, shaped, stabilizer)

    def halves(self, positive: Tensor, negative: Tensor, bias: Tensor) -> Tensor:
        """Return positive inputs by one weight, negative ones by another, and a bias."""
        total = self.forward(self.x.clamp(min=0), positive, bias)
        if bool((self.x < 0).any()):
            total += self.forward(self.x.clamp(max=0), negative)
        return total


def _epsilon(at: Weighing, stabilizer: float) -> Iterator[Division]:
    yield at.divide(at.relevance, at.forward(at.x, at.weight, at.bias), at.bias, stabilizer)


def _z_plus(at: Weighing) -> Iterator[Division]:
    bias = at.bias.clamp(min=0)
    total = at.halves(at.weight.clamp(min=0), at.weight.clamp(max=0), bias)
    yield at.divide(at.relevance, total, bias)


def _alpha2_beta1(at: Weighing) -> Iterator[Division]:
    above, below = at.weight.clamp(min=0), at.weight.clamp(max=0)
    bias = at.bias.clamp(min=0)
    yield at.divide(2 * at.relevance, at.halves(above, below, bias), bias)
    bias = at.bias.clamp(max=0)
    yield at.divide(-at.relevance, at.halves(below, above, bias), bias)


def _gamma(at: Weighing) -> Iterator[Division]:
    # The sign of the output decides, and the bias has its part in it even if it takes no share.
    output = at.forward(at.x, at.weight, at.module.bias)
    up, down = (part + at.gamma * part.clamp(min=0) for part in (at.weight, -at.weight))
    for sign, positive, negative in ((1, up, -down), (-1, -down, up)):
        favoured = at.bias + at.gamma * (sign * at.bias).clamp(min=0) * sign
        relevance = at.relevance * (sign * output > 0)
        yield at.divide(relevance, at.halves(positive, negative, favoured), favoured)
    yield at.divide(at.relevance * (output == 0), torch.zeros_like(output), None)


def _flat(at: Weighing) -> Iterator[Division]:
    counts = at.forward(torch.ones_like(at.x), torch.ones_like(at.weight))
    yield at.divide(at.relevance, counts, None)


def _box(at: Weighing) -> Iterator[Division]:
    if at.box is None:
        raise ValueError("box: expected the bounds of the pixels, got none")
    low, high = (bound.expand_as(at.x) for bound in at.box)
    total = at.forward(at.x, at.weight)
    total -= at.forward(low, at.weight.clamp(min=0))
    total -= at.forward(high, at.weight.clamp(max=0))
    yield at.divide(at.relevance, total, None)


#: The divisions that each rule makes, by its word.
DIVISIONS: dict[str, Callable[[Weighing], Iterator[Division]]] = {
    "zero": lambda at: _epsilon(at, 0.0),
    "epsilon": lambda at: _epsilon(at, at.epsilon),
    "z_plus": _z_plus,
    "alpha2_beta1": _alpha2_beta1,
    "gamma": _gamma,
    "flat": _flat,
    "box": _box,
}


def shared(
    module: nn.Module, inputs: tuple[Tensor, ...], relevance: Tensor, stabilizer: float
) -> Iterator[Division]:
    """Yield the one division of a sum or an average, which has neither weights nor bias."""
    total = torch.stack(inputs, -1).sum(-1) if len(inputs) > 1 else module.forward(*inputs)
    yield Division(relevance, total, None, stabilizer)
