"""Which class is explained."""

from __future__ import annotations

import torch
from torch import Tensor


def pick(logits: Tensor, target: int | None) -> int:
    """Return the class to explain: the given one, else the predicted one.

    Parameters
    ----------
    logits : Tensor, shape (1, K)
    target : int or None
        Already checked to be in range.

    Raises
    ------
    ValueError
        If a score is NaN or infinite: there is nothing to explain then.
    """
    if not bool(torch.isfinite(logits).all()):
        raise ValueError(
            "model: expected finite scores, got NaN or infinity; there is no decision to explain"
        )
    return int(logits[0].argmax()) if target is None else target
