"""What is explained: the score of one class, or what sets it apart from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Aim:
    """The number that an explanation takes apart.

    Attributes
    ----------
    target : int or None
        Index of the class, already checked to be in range; None is the predicted
        one, until :meth:`settled` has seen the scores.
    contrast : int or None
        Index of a second class, whose score is taken off: why this one and not that.
    """

    target: int | None = None
    contrast: int | None = None

    @property
    def index(self) -> int:
        """The class of a settled aim."""
        if self.target is None:
            raise ValueError("aim: expected a class, got none; settle it first")
        return self.target

    def settled(self, logits: Tensor) -> Aim:
        """Return the aim with its class known.

        Parameters
        ----------
        logits : Tensor, shape (N, K)
            None takes the class that is predicted for the first image.

        Raises
        ------
        ValueError
            If a score is NaN or infinite, or a class is contrasted with itself.
        """
        scores = logits.detach().cpu().numpy()
        if not np.isfinite(scores).all():
            raise ValueError(
                "model: expected finite scores, got NaN or infinity; "
                "there is no decision to explain"
            )
        index = int(scores[0].argmax()) if self.target is None else self.target
        if index == self.contrast:
            raise ValueError(f"contrast: expected another class than the explained one, {index}")
        return Aim(index, self.contrast)

    def score(self, logits: Tensor) -> Tensor:
        """Return the explained number of each row of scores, (N, K) to (N,)."""
        wanted = logits[:, self.index]
        return wanted if self.contrast is None else wanted - logits[:, self.contrast]

    def slope(self, logits: Tensor) -> Tensor:
        """Return how the explained number of each row grows with each output, (N, K) to (N, K).

        As the start of a gradient it saves the graph of :meth:`score`.
        """
        # numpy makes a few numbers sooner than torch does.
        parts = np.zeros(tuple(logits.shape), np.float32)
        parts[:, self.index] = 1.0
        if self.contrast is not None:
            parts[:, self.contrast] = -1.0
        return torch.from_numpy(parts).to(logits)

    def share(self, logits: Tensor) -> Tensor:
        """Return the same of the probabilities, (N, K) to (N,)."""
        return self.score(logits.softmax(1))

    def start(self, logits: Tensor) -> Tensor:
        """Return what of the explained number lies on each output, (N, K) to (N, K)."""
        parts = torch.zeros_like(logits)
        parts[:, self.index] = logits[:, self.index]
        if self.contrast is not None:
            parts[:, self.contrast] = -logits[:, self.contrast]
        return parts
