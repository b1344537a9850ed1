"""A zennit hook that puts a rule in the place of a module's gradient, not beside it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from zennit.core import Hook


class Rule(Hook):
    """Hand relevance from the output of a module to its input.

    A subclass says by :meth:`hand` how. An instance holds no tensor of a pass.

    Attributes
    ----------
    follows : bool
        Whether :meth:`hand` wants the module's own gradient: the output that it is
        given then has a graph, which ends at the input that it is given.

    Notes
    -----
    zennit's own hooks let autograd work out the gradient of each module, and then throw it
    away for the rule's relevance. This one cuts the graph before the module and joins the
    ends with the rule, which saves one of the backward passes and the tensors kept for it.
    """

    follows = False

    def copy(self) -> Rule:
        """Return an equal hook that nobody has registered."""
        other = copy.copy(self)
        Hook.__init__(other)
        return other

    def pre_forward(self, module: nn.Module, input: Any) -> tuple[Tensor, ...]:
        """Give the module its input without what it was made from."""
        above = input if isinstance(input, tuple) else (input,)
        self.stored_tensors["above"] = above
        return tuple(one.detach().requires_grad_(self.follows) for one in above)

    def post_forward(self, module: nn.Module, input: Any, output: Tensor) -> Tensor:
        """Join the output to what the input was made from."""
        above = self.stored_tensors.pop("above")
        pass_on: Tensor = _Joint.apply(self, module, input, output, output.detach(), *above)
        return pass_on

    def hand(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, relevance: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the relevance of each input.

        Parameters
        ----------
        module : nn.Module
        inputs : tuple of Tensor
            What the module was given.
        output : Tensor
            What it made of it.
        relevance : Tensor
            Of the output. Must not be written to.
        """
        raise TypeError(f"rule: expected {type(self).__name__} to say how it hands on relevance")


class _Joint(torch.autograd.Function):
    """The identity on a module's output, which hands relevance to the module's inputs."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        ctx.rule, ctx.module, ctx.inputs, ctx.output, output, *_ = given
        result: Tensor = output
        return result

    @staticmethod
    def backward(ctx: Any, *relevance: Tensor) -> tuple[Tensor | None, ...]:
        handed = ctx.rule.hand(ctx.module, ctx.inputs, ctx.output, relevance[0])
        return (None, None, None, None, None, *handed)
