"""A training under way, one step at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.training.augmentation import jitter
from xai.training.optimization import kept, make_optimizer, remember, set_pace
from xai.training.params import TrainingParams
from xai.training.schedules import pace

#: So many times the loss of a guess is no loss that anything is learned from.
_FAR = 1_000


class DivergedError(ArithmeticError):
    """The loss, or the weights, grew beyond all bounds; the message says what is seen."""


def check_loss(loss: float, classes: int) -> None:
    """Refuse a loss that grew beyond all bounds.

    Parameters
    ----------
    loss : float
        Cross-entropy.
    classes : int
        Whoever guesses among them has a loss of ``log(classes)``.

    Raises
    ------
    DivergedError
        If it is not finite, or a thousand times that of a guess.
    """
    guess = math.log(classes)
    if not loss <= _FAR * guess:
        grown = f"to {loss:.3g}" if math.isfinite(loss) else "beyond all numbers"
        raise DivergedError(f"the loss grew {grown} (a guess has {guess:.2g})")


@dataclass(frozen=True, eq=False)
class Step:
    """What one step gave.

    Attributes
    ----------
    loss : float
        Mean over its images, before the step.
    chunk : Tensor, shape (B,), int64
        Which images it was.
    right : Tensor, shape (B,), bool
        Whether each was right, before the step.
    """

    loss: float
    chunk: Tensor
    right: Tensor


class Course:
    """A training under way, which goes on as if unbroken from any state it was in.

    Parameters
    ----------
    net : nn.Module
        The caller's own. Its dropout should draw from :attr:`dropout`, see
        :func:`xai.training.dropout.seeded_dropout`.
    images : Tensor, shape (N, C, H, W), float32, normalised
        Augmentation fills with the smallest value of all images, black.
    labels : Tensor, shape (N,), int64
    params : TrainingParams
    seed : int
        Of order, augmentation and dropout.

    Attributes
    ----------
    done, total, per_epoch : int
        Steps done, steps of the whole training and of one epoch.
    """

    def __init__(
        self, net: nn.Module, images: Tensor, labels: Tensor, params: TrainingParams, seed: int
    ) -> None:
        self.net, self.params = net, params
        self._images, self._labels = images, labels
        self._black = images.amin()
        self.generator = torch.Generator().manual_seed(seed)
        self.dropout = torch.Generator().manual_seed(seed)
        self.optimizer = make_optimizer(net, params)
        self.per_epoch = -(-len(images) // params.batch)
        self.total = params.epochs * self.per_epoch
        self.done = 0
        self._order = torch.arange(0)

    @property
    def rate(self) -> float:
        """Learning rate of the step that was done last, or of the first."""
        return pace(self.params, max(self.done - 1, 0), self.total).rate

    def advance(self) -> Step:
        """Do one step.

        Raises
        ------
        DivergedError
            If the loss grew beyond all bounds; the weights are left as they were.
        """
        place = self.done % self.per_epoch
        if place == 0:
            self._order = torch.randperm(len(self._images), generator=self.generator)
        chunk = self._order[place * self.params.batch : (place + 1) * self.params.batch]
        batch, wanted = self._images[chunk], self._labels[chunk]
        if self.params.augment:
            batch = jitter(batch - self._black, self.generator) + self._black
        logits = self.net(batch)
        loss = F.cross_entropy(logits, wanted, label_smoothing=self.params.smoothing)
        value = float(loss.detach())
        check_loss(value, logits.shape[1])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        set_pace(self.optimizer, pace(self.params, self.done, self.total))
        self.optimizer.step()
        self.done += 1
        return Step(value, chunk, logits.detach().argmax(1) == wanted)

    def state(self) -> dict[str, Tensor]:
        """Return all that the next step depends on; the tensors change with it."""
        return {
            "done": torch.tensor(self.done),
            "order": self._order,
            "generator": self.generator.get_state(),
            "dropout": self.dropout.get_state(),
            **{f"net/{name}": value for name, value in self.net.state_dict().items()},
            **{f"optimizer/{name}": value for name, value in kept(self.optimizer).items()},
        }

    def go_to(self, state: dict[str, Tensor]) -> None:
        """Take up what :meth:`state` returned.

        Raises
        ------
        Exception
            Of any kind, if it is that of another training, or damaged.
        """
        self.net.load_state_dict(under(state, "net/"))
        remember(self.optimizer, under(state, "optimizer/"))
        self.generator.set_state(state["generator"])
        self.dropout.set_state(state["dropout"])
        self._order = state["order"]
        self.done = int(state["done"])


def under(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return what has names that begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }
