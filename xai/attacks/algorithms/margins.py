"""How far an image is from its goal, and the direction that brings it nearer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from xai.attacks.goal import Goal

#: A lead of logits that no other order of sums takes back: a pass of another batch
#: size, or with batch norms folded, moves logits by about a hundredth of this.
CLEAR = 1e-3


def soft_margin(logits: Tensor, labels: Tensor) -> Tensor:
    r"""Return how far all other classes together are ahead of one class.

    Parameters
    ----------
    logits : Tensor, shape (N, K)
    labels : Tensor, shape (N,)

    Returns
    -------
    Tensor, shape (N,)

    Notes
    -----
    With logits :math:`z` and class :math:`y` the margin is
    :math:`m = \log \sum_{k \ne y} e^{z_k} - z_y`. The cross-entropy is
    :math:`\log(1 + e^m)`, so its gradient is :math:`\sigma(m) \nabla m`: a positive
    multiple of the margin's. An attack uses only the direction of a gradient, and
    the margin's has it even where the softmax is saturated and the
    cross-entropy's gradient rounds to zero or to a wrong direction.
    """
    return _others(logits, labels).logsumexp(1) - _own(logits, labels)


def slope(logits: Tensor, labels: Tensor, signs: Tensor) -> Tensor:
    """Return the derivative of the signed :func:`soft_margin` by the logits, (N, K).

    Written down instead of left to autograd, which takes a third of the time of a small
    network for it.
    """
    weights = _others(logits, labels).softmax(1)
    return weights.scatter_(1, labels[:, None], -1.0) * signs[:, None]


def hard_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how far the best other class is ahead of one class, (N, K) to (N,)."""
    return _others(logits, labels).amax(1) - _own(logits, labels)


def clearly_met(logits: Tensor, labels: Tensor, signs: Tensor) -> Tensor:
    """Say of each row of logits (N, K) whether it meets its goal by more than rounding, (N,)."""
    return signs * hard_margin(logits, labels) > CLEAR


def goal_tensors(goals: Sequence[Goal], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the labels (N,), int64, and the signs (N,), float32, of goals."""
    labels = torch.tensor([goal.label for goal in goals], device=device)
    signs = torch.tensor([float(goal.sign) for goal in goals], device=device)
    return labels, signs


def _own(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.gather(1, labels[:, None])[:, 0]


def _others(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.scatter(1, labels[:, None], -torch.inf)
