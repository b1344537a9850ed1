"""Linear layers with other weights: what each rule calls a contribution.

Weights that a rule changes are kept from one explanation to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor, nn

#: Bytes of changed weights that are kept with one network. VGG-16's convolutions need 59 MB
#: for a rule that looks at one sign; its two large dense layers, 478 MB, are changed anew
#: each time.
MOST_KEPT = 128 * 2**20


class Share(NamedTuple):
    """By how much positive and negative weights count, and whether the bias does.

    Attributes
    ----------
    positive, negative : float
        Factors of the weights of each sign; of the bias the same.
    bias : bool
    """

    positive: float
    negative: float
    bias: bool = True


@dataclass(frozen=True)
class _Key:
    module: nn.Module
    positive: float
    negative: float


class Variants:
    """The changed weights of one network's layers.

    Parameters
    ----------
    most : int
        Bytes that are kept.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: dict[_Key, Tensor] = {}
        self._touched: set[_Key] = set()

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(weight.nbytes for weight in self._kept.values())

    def of(self, module: Any, share: Share) -> nn.Module:
        """Return a layer like ``module`` with a share of its weights, and without hooks.

        Parameters
        ----------
        module : nn.Module
            With a weight and perhaps a bias. It is not touched.
        share : Share
        """
        bias = module.bias
        if bias is not None:
            bias = scaled(bias.detach(), share if share.bias else Share(0.0, 0.0))
        return twin(module, self._weight(module, share), bias)

    def forget_unused(self) -> None:
        """Drop the weights that nobody asked for since the last time."""
        self._kept = {key: self._kept[key] for key in self._kept if key in self._touched}
        self._touched = set()

    def _weight(self, module: Any, share: Share) -> Tensor:
        weight: Tensor = module.weight.detach()
        if share.positive == share.negative == 1.0:
            return weight
        key = _Key(module, share.positive, share.negative)
        found = self._kept.get(key)
        if found is None:
            found = scaled(weight, share)
            if self.size + found.nbytes <= self._most:
                self._kept[key] = found
        self._touched.add(key)
        return found


def scaled(values: Tensor, share: Share) -> Tensor:
    """Return the values, those of each sign times its factor."""
    if share.positive == share.negative:
        return values * share.positive
    above = values.clamp(min=0).mul_(share.positive)
    if share.negative == 0.0:
        return above
    return above.add_(values.clamp(max=0), alpha=share.negative)


def twin(module: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """Return a layer that computes as ``module`` does, with other weights; it has no hooks."""
    made = type(module).__new__(type(module))
    made.__dict__.update(module.__dict__)
    made.__dict__["_parameters"] = {"weight": weight, "bias": bias}
    return made
