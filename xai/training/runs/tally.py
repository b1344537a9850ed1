"""What is counted while an epoch lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from xai.training.course import Step


class Norms:
    """Frobenius norms of the weights of a network's layers, and of their gradients.

    Attributes
    ----------
    layers : tuple of str
        Convolutions and dense layers, in forward order.
    """

    def __init__(self, net: nn.Module) -> None:
        found = {
            name: part.weight
            for name, part in net.named_modules()
            if isinstance(part, nn.Conv2d | nn.Linear)
        }
        self.layers = tuple(found)
        self._weights = list(found.values())

    def weights(self) -> dict[str, float]:
        """Return the norms of the weights."""
        with torch.no_grad():
            return dict(zip(self.layers, _norms(self._weights).tolist(), strict=True))

    def gradients(self) -> Tensor:
        """Return the norms of the gradients of the step that was done last, float64 (L,)."""
        return _norms([cast("Tensor", weight.grad) for weight in self._weights])


def _norms(values: list[Tensor]) -> Tensor:
    return torch.stack(torch._foreach_norm(values)).double()


class Tally:
    """Sums over the steps of an epoch, and over those since the last point of the trace.

    Parameters
    ----------
    images : int
        Training images.
    layers : int
        Layers whose gradients are measured.

    Attributes
    ----------
    right : Tensor, shape (N,), bool
        Whether an image was right when it was shown; False before.
    """

    def __init__(self, images: int, layers: int) -> None:
        self.right = torch.zeros(images, dtype=torch.bool)
        self._norms = torch.zeros(layers, dtype=torch.float64)
        #: Steps, loss and seconds of the epoch; loss, right ones and images since the point.
        self._sums = [0.0] * 6

    def add(self, step: Step, norms: Tensor, seconds: float) -> None:
        """Count a step."""
        count = len(step.chunk)
        self.right[step.chunk] = step.right
        self._norms += norms
        loss = step.loss * count
        added = (1, loss, seconds, loss, int(step.right.sum()), count)
        self._sums = [total + one for total, one in zip(self._sums, added, strict=True)]

    def lasted(self, seconds: float) -> None:
        """Count time that is no step's."""
        self._sums[2] += seconds

    @property
    def loss(self) -> float:
        """Mean loss of the epoch's images."""
        return self._sums[1] / len(self.right)

    @property
    def accuracy(self) -> float:
        """Share of the epoch's images that were right when shown."""
        return int(self.right.sum()) / len(self.right)

    @property
    def seconds(self) -> float:
        """What the epoch took."""
        return self._sums[2]

    def gradient_norms(self) -> list[float]:
        """Return the mean norm of each layer's gradient over the epoch's steps."""
        found: list[float] = (self._norms / self._sums[0]).tolist()
        return found

    def point(self) -> tuple[float, float]:
        """Return mean loss and accuracy since the last point, and begin another."""
        loss, right, count = self._sums[3:]
        self._sums[3:] = [0.0] * 3
        return loss / count, right / count

    def state(self) -> dict[str, Tensor]:
        """Return all of it."""
        sums = torch.tensor(self._sums, dtype=torch.float64)
        return {"right": self.right, "norms": self._norms, "sums": sums}

    def go_to(self, state: dict[str, Tensor]) -> None:
        """Take up what :meth:`state` returned."""
        self.right.copy_(state["right"])
        self._norms.copy_(state["norms"])
        self._sums = state["sums"].tolist()
