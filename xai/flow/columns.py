"""Which layers of a network become columns, where nobody has chosen them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from xai.flow.graph import PIXELS
from xai.models.doors import checked_model
from xai.types import Layer

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: A network of up to so many layers is shown whole.
READABLE = 20


def default_layers(model: LoadedModel, most: int = 12) -> tuple[str, ...]:
    """Choose the columns of a drawing: the pixels, and layers spread over the network.

    Parameters
    ----------
    model : LoadedModel
    most : int
        How many to choose, the pixels among them, at least 2.

    Returns
    -------
    tuple of str
        In forward order, the network's last layer always among them. Where the pixels and
        all layers are at most 20, all are chosen, whatever ``most`` is.

    Raises
    ------
    TypeError
        If it is no loaded model, or ``most`` is not a whole number.
    ValueError
        If ``most`` is below 2.

    Notes
    -----
    Of a convolution with its batch norm, activation or sum only the last step is a
    candidate. The last candidate of each spatial size comes first; where these are too
    many, they are taken evenly, and where they are too few, the largest gaps are halved.
    """
    checked_model(model)
    if isinstance(most, bool) or not isinstance(most, int | np.integer):
        raise TypeError(f"most: expected a whole number, got {most!r}")
    if most < 2:
        raise ValueError(f"most: expected at least 2, got {most}")
    if len(model.layers) < READABLE:
        return (PIXELS, *(layer.name for layer in model.layers))
    found = finished(model.layers)
    ends = [
        place
        for place, (layer, after) in enumerate(pairwise(found))
        if layer.shape[1:] != after.shape[1:]
    ]
    ends.append(len(found) - 1)
    room = int(most) - 1
    if len(ends) > room:
        # From the last one backwards, so that it is always among them.
        chosen = {ends[-1 - place * len(ends) // room] for place in range(room)}
    else:
        chosen = _spread(ends, len(found), room)
    return (PIXELS, *(found[place].name for place in sorted(chosen)))


def finished(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers whose output no step without weights of its own merely continues.

    A batch norm, an activation and a sum keep the shape and what is seen of the image, and
    multiply nothing with a kernel.
    """
    return [
        layer
        for layer, after in zip(layers, [*layers[1:], None], strict=True)
        if after is None
        or after.macs
        or (after.shape, after.receptive_field) != (layer.shape, layer.receptive_field)
    ]


def _spread(chosen: Sequence[int], count: int, room: int) -> set[int]:
    """Add places until there are ``room``, each in the middle of the largest gap."""
    found = sorted(chosen)
    while len(found) < min(room, count):
        edges = [-1, *found]
        gap = max(range(len(found)), key=lambda place: edges[place + 1] - edges[place])
        found.insert(gap, (edges[gap] + edges[gap + 1]) // 2)
    return set(found)
