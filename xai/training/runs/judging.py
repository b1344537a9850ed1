"""What a network that is still learning makes of the test images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from xai.training.inputs import Inputs
    from xai.training.runs.recipe import Recipe

_BATCH = 250


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
        with torch.no_grad():
            for images, labels in zip(*parts, strict=True):
                logits = self._net(images.contiguous(memory_format=torch.channels_last))
                total += float(F.cross_entropy(logits, labels, reduction="sum"))
                found.append(logits.argmax(1))
        return torch.cat(found).numpy().astype(np.int16), total / len(self._test.labels)
