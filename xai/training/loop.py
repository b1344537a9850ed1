"""The training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.training.augmentation import jitter
from xai.types import Params, flag, number


@dataclass(frozen=True)
class TrainingParams(Params):
    """How a network is trained: AdamW on cross-entropy with a one-cycle learning rate."""

    epochs: int = number(20, 1, 200, 1, help="How often every image is seen.")
    batch: int = number(64, 1, 1024, 1, help="Images in one step.")
    rate: float = number(3e-3, 1e-6, 1.0, 1e-4, help="Highest learning rate of the cycle.")
    decay: float = number(1e-2, 0.0, 1.0, 1e-3, help="Weight decay, decoupled from the rate.")
    smoothing: float = number(0.0, 0.0, 0.5, 0.05, help="Share of the label given to all classes.")
    augment: bool = flag(True, help="Small random shifts, turns, shears and scalings.")


@dataclass(frozen=True)
class Epoch:
    """What one pass over the images gave: number, mean loss, share right (augmented images)."""

    number: int
    loss: float
    accuracy: float


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
        The caller's own; it is left in eval mode. Dropout draws from torch's
        global generator, which is restored afterwards.
    images : Tensor, shape (N, C, H, W), float32, normalised
        Augmentation fills with the smallest value of all images, black.
    labels : Tensor, shape (N,), int64
    params : TrainingParams
    seed : int
        Of order, augmentation and dropout. Equal seeds give equal weights.
    on_epoch : callable, optional
        Called after each epoch; may raise to stop.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.rate, weight_decay=params.decay)
    per_epoch = -(-len(images) // params.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, params.rate, total_steps=params.epochs * per_epoch, pct_start=0.2
    )
    try:
        # Dropout draws from the process's generator and takes no other: whoever trains beside
        # other threads shares it with them while it lasts. It is put back afterwards.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            for number_of in range(1, params.epochs + 1):
                net.train()
                epoch = _epoch(net, images, labels, params, optimizer, schedule, generator)
                net.eval()
                if on_epoch is not None:
                    on_epoch(Epoch(number_of, *epoch))
    finally:
        net.eval()


def _epoch(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    params: TrainingParams,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    generator: torch.Generator,
) -> tuple[float, float]:
    """Run one epoch; return mean loss and share right."""
    order = torch.randperm(len(images), generator=generator)
    total, right = 0.0, 0
    black = images.amin()
    for chunk in order.split(params.batch):
        batch, wanted = images[chunk], labels[chunk]
        if params.augment:
            batch = jitter(batch - black, generator) + black
        logits = net(batch)
        loss = F.cross_entropy(logits, wanted, label_smoothing=params.smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += float(loss.detach()) * len(chunk)
        right += int((logits.argmax(1) == wanted).sum())
    return total / len(images), right / len(images)
