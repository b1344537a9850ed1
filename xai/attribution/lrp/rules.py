"""The rules: how a layer hands relevance to its inputs, each in as few passes as it takes.

In all of them ``R_i = sum_j (z_ij / sum_i z_ij) R_j``; they differ in what they call the
contribution ``z_ij`` of input i to output j. A stabilizer keeps the denominator from zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from zennit.core import expand

from xai.attribution.lrp.relay import Rule
from xai.attribution.lrp.variants import Share, Variants, twin

Stabilizer = Callable[[Tensor], Tensor]

#: The stabilizer of every rule whose name is not epsilon.
SMALL = 1e-6


def stabilizer(epsilon: float) -> Stabilizer:
    """Return what moves a denominator away from zero by epsilon, zero upwards."""

    def move(denominator: Tensor) -> Tensor:
        # A zero below zero is a sum of nothing but zeros: no share depends on its sign.
        step = torch.full((), epsilon, dtype=denominator.dtype, device=denominator.device)
        return torch.copysign(step, denominator).add_(denominator)

    return move


def exact(denominator: Tensor) -> Tensor:
    """Divide by the sum itself; where it is zero nothing was contributed, so 1 will do."""
    return torch.where(denominator == 0, torch.ones_like(denominator), denominator)


_SMALL = stabilizer(SMALL)


def signed_parts(x: Tensor) -> tuple[Tensor, ...]:
    """Return the positive and the negative part; behind a ReLU there is only the first."""
    if bool(x.min() >= 0):
        return (x,)
    return x.clamp(min=0), x.clamp(max=0)


def handed(
    terms: Sequence[tuple[Tensor, nn.Module]], relevance: Tensor, stable: Stabilizer = _SMALL
) -> Tensor:
    """Share relevance among the inputs of sums by what they contribute.

    Parameters
    ----------
    terms : sequence of (Tensor, nn.Module)
        Parts of the input, of equal shape, and the linear layer that each goes through;
        their outputs together are the sums.
    relevance : Tensor
        Of the sums.
    stable : callable
    """
    with torch.enable_grad():
        leaves = [part.detach().requires_grad_() for part, _ in terms]
        sums = [layer.forward(leaf) for leaf, (_, layer) in zip(leaves, terms, strict=True)]
    below = stable(sum((one.detach() for one in sums[1:]), sums[0].detach()))
    torch.div(relevance, below, out=below)
    slopes = torch.autograd.grad(sums, leaves, [below] * len(sums))
    shares = [slope.mul_(part) for slope, (part, _) in zip(slopes, terms, strict=True)]
    return sum(shares[1:], shares[0])


class Pass(Rule):
    """Hand on what was received, one output to one input."""

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the relevance as it is."""
        return (relevance,)


class Contribution(Rule):
    """Share by what each input adds to the output: LRP-0, epsilon, and of averages and sums.

    Parameters
    ----------
    stable : callable
    """

    follows = True

    def __init__(self, stable: Stabilizer = _SMALL) -> None:
        super().__init__()
        self.stable = stable

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = x_i w_ij``, the bias being part of the sum."""
        below = self.stable(output.detach())
        torch.div(relevance, below, out=below)
        slopes = torch.autograd.grad(output, inputs, below)
        return tuple(one.detach() * slope for one, slope in zip(inputs, slopes, strict=True))


class Weighted(Rule):
    """Base of the rules that look at a linear layer's weights.

    Parameters
    ----------
    variants : Variants
    bias : bool
        Whether the biases have a share.
    """

    def __init__(self, variants: Variants, *, bias: bool = True) -> None:
        super().__init__()
        self.variants = variants
        self.bias = bias

    def terms(
        self, module: nn.Module, parts: tuple[Tensor, ...], positive: float, negative: float
    ) -> list[tuple[Tensor, nn.Module]]:
        """Pair the positive part with shares of the weights, the negative with them swapped."""
        shares = Share(positive, negative, self.bias), Share(negative, positive, False)
        pairs = zip(parts, shares, strict=False)
        return [(part, self.variants.of(module, share)) for part, share in pairs]


class Unbiased(Weighted):
    """The epsilon rule without the bias.

    Parameters
    ----------
    variants : Variants
    stable : callable
    """

    def __init__(self, variants: Variants, stable: Stabilizer) -> None:
        super().__init__(variants, bias=False)
        self.stable = stable

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = x_i w_ij``, and nothing else in the sum."""
        layer = self.variants.of(module, Share(1.0, 1.0, False))
        return (handed([(inputs[0], layer)], relevance, self.stable),)


class ZPlus(Weighted):
    """Share by positive contributions alone."""

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = (x_i w_ij)^+``."""
        terms = self.terms(module, signed_parts(inputs[0]), 1.0, 0.0)
        return (handed(terms, relevance),)


class Alpha2Beta1(Weighted):
    """Positive contributions share twice the relevance, negative ones take once off."""

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return twice the shares by ``(x_i w_ij)^+`` less those by ``(x_i w_ij)^-``."""
        parts = signed_parts(inputs[0])
        favour = handed(self.terms(module, parts, 1.0, 0.0), relevance)
        return (favour.mul_(2.0).sub_(handed(self.terms(module, parts, 0.0, 1.0), relevance)),)


class Gamma(Weighted):
    """Favour the contributions that have the sign of the output.

    Parameters
    ----------
    variants : Variants
    gamma : float
    bias : bool

    References
    ----------
    L. Andéol, Y. Kawakami, Y. Wada, T. Kanamori, K.-R. Müller, G. Montavon: Learning domain
    invariant representations by joint Wasserstein distance minimization, 2021,
    arXiv 2106.04923: the rule for inputs and outputs of either sign.
    """

    def __init__(self, variants: Variants, gamma: float, *, bias: bool = True) -> None:
        super().__init__(variants, bias=bias)
        self.gamma = gamma

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = x_i w_ij + gamma (x_i w_ij)^s``, s the sign of the output j."""
        parts = signed_parts(inputs[0])
        much = 1.0 + self.gamma
        sign = output.detach().sign()
        total = torch.zeros_like(inputs[0])
        for chosen, factors in (
            (sign.clamp(min=0), (much, 1.0)),
            (sign.clamp(max=0).neg_(), (1.0, much)),
        ):
            some = chosen.mul_(relevance)
            # In front of a ReLU nothing below zero has relevance.
            if bool(some.min() < 0) or bool(some.max() > 0):
                total = total.add_(handed(self.terms(module, parts, *factors), some))
        return (total,)


class Flat(Rule):
    """Share evenly among all inputs that an output is joined to."""

    def hand(
        self, module: Any, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = 1``; since outputs differ in nothing, one stands for all of a group."""
        x = inputs[0]
        if isinstance(module, nn.Linear):
            received = relevance.sum(-1, keepdim=True) / (module.in_features + SMALL)
            return (received.expand_as(x),)
        groups = module.groups
        width = module.in_channels // groups
        received = relevance.unflatten(1, (groups, -1)).sum(2)
        layer = twin(module, module.weight.new_full((groups, 1, *module.kernel_size), 1.0), None)
        with torch.enable_grad():
            ones = torch.ones_like(x[:, :groups]).requires_grad_()
            count = layer.forward(ones)
        share = received / (width * count.detach() + SMALL)
        (slope,) = torch.autograd.grad(count, ones, share)
        return (slope.repeat_interleave(width, 1),)


class Box(Weighted):
    """Share by what an input adds above the least that a pixel could.

    Parameters
    ----------
    variants : Variants
    low, high : Tensor
        Values of a black and of a white pixel, one for each channel of the input.
    """

    def __init__(self, variants: Variants, low: Tensor, high: Tensor) -> None:
        super().__init__(variants, bias=False)
        self.low, self.high = low, high

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return ``z_ij = x_i w_ij - l_i w_ij^+ - h_i w_ij^-``; biases cancel."""
        x = inputs[0]
        parts = x - expand(self.low, x.shape), x - expand(self.high, x.shape)
        return (handed(self.terms(module, parts, 1.0, 0.0), relevance),)
