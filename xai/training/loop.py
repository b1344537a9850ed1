"""The training loop, without a record."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from xai.training.course import Course
from xai.training.dropout import seeded_dropout
from xai.training.params import TrainingParams
from xai.training.runs.run import Epoch
from xai.training.threads import one_thread

__all__ = ["Epoch", "TrainingParams", "fit"]


def fit(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    params: TrainingParams,
    *,
    seed: int = 0,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> None:
    """Train a network in place.

    Parameters
    ----------
    net : nn.Module
        The caller's own, of the width that it has; it is left in eval mode.
    images : Tensor, shape (N, C, H, W), float32, normalised
        Augmentation fills with the smallest value of all images, black.
    labels : Tensor, shape (N,), int64
    params : TrainingParams
    seed : int
        Of order, augmentation and dropout. Equal seeds give equal weights.
    on_epoch : callable, optional
        Called after each epoch with its loss and accuracy; may raise to stop.

    Raises
    ------
    DivergedError
        If the loss grew beyond all bounds.
    """
    course = Course(net, images, labels, params, seed)
    try:
        with one_thread(), seeded_dropout(net, course.dropout):
            for number in range(1, params.epochs + 1):
                net.train()
                epoch = _epoch(course, number, len(images))
                net.eval()
                if on_epoch is not None:
                    on_epoch(epoch)
    finally:
        net.eval()


def _epoch(course: Course, number: int, count: int) -> Epoch:
    total, right = 0.0, 0
    for _ in range(course.per_epoch):
        step = course.advance()
        total += step.loss * len(step.chunk)
        right += int(step.right.sum())
    return Epoch(number, total / count, right / count, rate=course.rate)
