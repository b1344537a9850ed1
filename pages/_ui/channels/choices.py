"""Which channel, and which place of its map, the page looks at: kept in the link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import link

if TYPE_CHECKING:
    from xai.network import Field
    from xai.types import Layer

_CHANNEL, _SPOT = "channel", "spot"
# The model and layer whose channel is chosen: in another one the number means something else.
_OF = "_channel_of"


@dataclass(frozen=True, eq=False)
class Unit:
    """The unit that the page looks at, and its map.

    Attributes
    ----------
    layer : Layer
    channel : int
    values : ndarray, shape (H, W), float32
        Its map; (1, 1) for a neuron.
    row, column : int
    field : Field
        What it sees of the input.
    """

    layer: Layer
    channel: int
    values: np.ndarray
    row: int
    column: int
    field: Field

    @property
    def name(self) -> str:
        """What to call it."""
        if not self.layer.spatial:
            return f"neuron {self.channel} of {self.layer.name}"
        return f"channel {self.channel} of {self.layer.name}"


def restore(model: str, layer: Layer) -> None:
    """Take channel and place from the link; forget those of another layer."""
    most = layer.shape[0]
    of = (model, layer.name)
    if st.session_state.get(_OF, of) != of:
        _set(_CHANNEL, None)
        _set(_SPOT, None)
    st.session_state[_OF] = of
    link.restore(_CHANNEL, lambda text: _index(text, most), what="channel", default=None)
    link.restore(_SPOT, lambda text: _place(text, layer), what="place in the map", default=None)
    _publish()


def channel() -> int | None:
    """Return the chosen channel or neuron, or None if there is none yet."""
    found: int | None = st.session_state.get(_CHANNEL)
    return found


def pick(number: int | None, *, of: tuple[str, str] | None = None) -> None:
    """Choose a channel; its map opens at its strongest place.

    Parameters
    ----------
    number : int or None
    of : tuple of str, optional
        Model and layer, where the channel is that of another layer than the chosen one.
    """
    if of is not None:
        st.session_state[_OF] = of
    if number != channel() or of is not None:
        _set(_SPOT, None)
    _set(_CHANNEL, number)
    _publish()


def chosen_spot() -> tuple[int, int] | None:
    """Return the place of the map that was chosen, or None if there is none."""
    found: tuple[int, int] | None = st.session_state.get(_SPOT)
    return found


def spot(values: np.ndarray, *, ceiling: float | None = None) -> tuple[int, int]:
    """Return the chosen place of a map: where its value is largest unless one was chosen.

    Parameters
    ----------
    values : ndarray, shape (H, W)
    ceiling : float or None
        Largest value of the layer. Nothing moves a unit that is there, so that the largest
        value below it is taken, if there is one.
    """
    found = chosen_spot()
    if found is not None and found[0] < values.shape[0] and found[1] < values.shape[1]:
        return found
    known = np.where(np.isnan(values), -np.inf, values)
    if ceiling is not None and (known < ceiling).any():
        known = np.where(known >= ceiling, -np.inf, known)
    row, column = np.unravel_index(int(known.argmax()), known.shape)
    return int(row), int(column)


def go(row: int, column: int) -> None:
    """Choose a place of the map."""
    _set(_SPOT, (row, column))
    _publish()


def offer(noun: str) -> None:
    """Offer to look at the chosen channel closely; say how to choose one if there is none."""
    number = channel()
    if number is None:
        st.caption(f"Click a {noun} to look at it closely under “One channel”.")
        return
    st.button(f"Look closely at {noun} {number}", icon=":material/zoom_in:", on_click=_open)


def _open() -> None:
    st.session_state["maps"] = "channel"


def _set(key: str, value: object) -> None:
    st.session_state[key] = value
    link.forget(key)


def _publish() -> None:
    place: tuple[int, int] | None = st.session_state.get(_SPOT)
    link.publish(_CHANNEL, channel())
    link.publish(_SPOT, None if place is None else f"{place[0]},{place[1]}")


def _index(text: str, most: int) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 7 and int(text) < most else None


def _place(text: str, layer: Layer) -> tuple[int, int] | None:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return None
    row, column = int(parts[0]), int(parts[1])
    sides = layer.shape[1:] if layer.spatial else (1, 1)
    return (row, column) if row < sides[0] and column < sides[1] else None
