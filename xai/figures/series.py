"""A network as numbers along its depth, ready to be drawn beside another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai.network.profile import Profile

# Markers on a line; more would hide it.
_MARKERS = 16


@dataclass(frozen=True)
class Series:
    """A network along its depth: one value for each layer, in forward order.

    Attributes
    ----------
    label : str
        Name of the network.
    image_side : int
        Longer side of the image that the network takes, in pixels.
    layers : tuple of str
        Names.
    side : tuple of int
        Longer side of each layer's map; 1 for a layer without rows and columns.
    receptive_field : tuple of int
        Side of the square that one output sees, in input pixels; 0 where it is not known.
    parameters, macs : tuple of int
        Of all layers up to this one: they never fall.
    position : tuple of float, or None
        How deep each layer is, rising from above 0; None counts 1, 2, 3, …

    Raises
    ------
    ValueError
        If there is no layer, the lengths differ, or numbers are out of order.
    """

    label: str
    image_side: int
    layers: tuple[str, ...]
    side: tuple[int, ...]
    receptive_field: tuple[int, ...]
    parameters: tuple[int, ...]
    macs: tuple[int, ...]
    position: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers: expected at least one, got none")
        for name in ("side", "receptive_field", "parameters", "macs", "position"):
            values = getattr(self, name)
            if values is None:
                continue
            if len(values) != len(self.layers):
                raise ValueError(f"{name}: expected {len(self.layers)} values, got {len(values)}")
            if name in ("parameters", "macs", "position") and any(
                after < before for before, after in pairwise(values)
            ):
                raise ValueError(f"{name}: expected values that never fall")
        if min(self.side) < 1 or self.image_side < 1:
            raise ValueError("side: expected at least 1 pixel")
        if self.places[0] <= 0:
            raise ValueError("position: expected numbers above 0, which is the image's own place")

    @property
    def places(self) -> tuple[float, ...]:
        """How deep each layer is; the image itself is at 0."""
        return self.position or tuple(range(1, len(self.layers) + 1))

    @classmethod
    def of(cls, profile: Profile, label: str, image_side: int) -> Series:
        """Make the series of a network's profile.

        Parameters
        ----------
        profile : Profile
            From :func:`xai.network.profile`.
        label : str
            Name for people.
        image_side : int
            Longer side of the image that the network takes, in pixels.
        """
        return cls(
            label=label,
            image_side=int(image_side),
            layers=tuple(profile.layers),
            side=tuple(int(value) for value in profile.side),
            receptive_field=tuple(int(value) for value in profile.receptive_field),
            parameters=tuple(int(value) for value in profile.parameters),
            macs=tuple(int(value) for value in profile.macs),
        )


def running(values: Sequence[int]) -> tuple[int | None, ...]:
    """Return the largest value so far; None where the value itself is 0, not known."""
    largest = accumulate(values, max)
    return tuple(high if own else None for high, own in zip(largest, values, strict=True))


def remaining(values: Sequence[int]) -> tuple[int, ...]:
    """Return the largest value from each place on: it never rises."""
    return tuple(accumulate(reversed(values), max))[::-1]


def rows_of(
    label: str, network: Series, values: Sequence[float | None], x: str
) -> list[dict[str, Any]]:
    """Return a row for the image and for each layer, evenly spaced ones marked.

    Parameters
    ----------
    label : str
        Name in the chart.
    network : Series
    values : sequence of float or None
        The image's, then one for each layer.
    x : str
        ``"relative"``: places from 0 to 1; ``"layer"``: places as they are.

    Raises
    ------
    ValueError
        If ``x`` is another word.
    """
    if x not in ("relative", "layer"):
        raise ValueError(f"x: expected relative or layer, got {x!r}")
    places = (0, *network.places)
    last = places[-1] if x == "relative" else 1
    every = -(-len(places) // _MARKERS)
    return [
        {
            "network": label,
            # Dashes by a field of their own: a legend of both would have ragged markers.
            "dash": label,
            "layer": name,
            "place": place / last,
            "value": value,
            "order": turn,
            "marked": turn % every == 0 or turn == len(places) - 1,
        }
        for turn, (name, place, value) in enumerate(
            zip(("image", *network.layers), places, values, strict=True)
        )
    ]
