"""What a network that is still learning makes of the test images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.hooks import swap

if TYPE_CHECKING:
    from xai.training.inputs import Inputs
    from xai.training.runs.recipe import Recipe

_BATCH = 125


class _Halving(nn.Module):
    """The greatest of each two by two values.

    To the bit what ``nn.MaxPool2d(2)`` gives, which also notes where each came from, for a
    backward pass that never comes here, and so takes ten times as long.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H // 2, W // 2)."""
        high, wide = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
        rows = torch.maximum(x[:, :, 0:high:2, :wide], x[:, :, 1:high:2, :wide])
        return torch.maximum(rows[..., 0::2], rows[..., 1::2])


def _halves(part: nn.Module) -> bool:
    return str(part) == str(nn.MaxPool2d(2))


class Jury:
    """Tries the weights of a network on test images, in a network of its own.

    The one that learns is neither touched nor slowed down: the copy keeps its numbers in
    another order, in which a forward pass takes two thirds of the time.

    Parameters
    ----------
    recipe : Recipe
    test : Inputs or None
    """

    def __init__(self, recipe: Recipe, test: Inputs | None) -> None:
        self._test = test
        blank = recipe.blank().to_empty(device="cpu").eval()
        self._net: nn.Module = blank.to(memory_format=torch.channels_last)
        for name in [name for name, part in blank.named_modules() if _halves(part)]:
            swap(self._net, name, _Halving())

    def tried(self, net: nn.Module) -> tuple[np.ndarray, float]:
        """Return the class that each test image is given, and the mean cross-entropy.

        Returns
        -------
        predicted : ndarray, shape (M,), int16
            Empty without test images.
        loss : float
            Without smoothing of labels; NaN without test images.
        """
        if self._test is None:
            return np.zeros(0, np.int16), math.nan
        self._net.load_state_dict(net.state_dict())
        total, found = 0.0, []
        parts = (self._test.images.split(_BATCH), self._test.labels.split(_BATCH))
        with torch.inference_mode():
            for images, labels in zip(*parts, strict=True):
                logits = self._net(images.contiguous(memory_format=torch.channels_last))
                total += float(F.cross_entropy(logits, labels, reduction="sum"))
                found.append(logits.argmax(1))
        return torch.cat(found).numpy().astype(np.int16), total / len(self._test.labels)
