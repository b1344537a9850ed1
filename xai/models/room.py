"""How many images fit into one batch that gradients are taken of."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel

#: Bytes that the activations of one batch may take, and the most images in it: beyond, a
#: batch takes longer for each image, and a small machine has no more to spare.
_MOST_BYTES = 2**28
_MOST = 128
#: An activation is kept, its gradient comes, and a copy of either may be under way.
_COPIES = 3


def most(model: LoadedModel) -> int:
    """Return how many images of a model go into one batch."""
    numbers = sum(prod(layer.shape) for layer in model.layers)
    return max(1, min(_MOST, _MOST_BYTES // (4 * _COPIES * max(1, numbers))))
