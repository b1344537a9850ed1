"""What the reader clicked on: checked, and reconciled with what the page wants."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from pages._ui import carrier


@dataclass(frozen=True)
class GlanceState:
    """What is selected.

    Attributes
    ----------
    layer : str or None
        Name of the layer; None if nothing is selected.
    unit : int or None
        Place of the unit in its layer; None if the layer as a whole is selected.
    """

    layer: str | None
    unit: int | None


_NOTHING = GlanceState(None, None)


def reconcile(
    memory: MutableMapping[str, Any],
    given: GlanceState,
    sent: object,
    counts: Mapping[str, int],
) -> tuple[GlanceState, str]:
    """Return what is selected, and the token of what the browser said last.

    Both sides may change it: the last to do so wins, as :func:`pages._ui.carrier.last_word`
    has it.

    Parameters
    ----------
    memory : mutable mapping
        Empty at first, kept from run to run.
    given : GlanceState
        What the page passes in this run.
    sent : object
        What the browser has sent, not to be trusted.
    counts : mapping
        Units of each layer that there is.
    """
    word = carrier.last_word(memory, given, sent, lambda value: _read(value, counts))
    memory["value"] = state = _possible(word.value, counts)
    return state, word.token


def _read(value: object, counts: Mapping[str, int]) -> GlanceState | None:
    """Return the choice that the browser made, or None if that cannot be one."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    layer, unit = value
    if not isinstance(layer, str) or layer not in counts:
        return None
    if unit is None:
        return GlanceState(layer, None)
    if not isinstance(unit, int) or isinstance(unit, bool) or not 0 <= unit < counts[layer]:
        return None
    return GlanceState(layer, unit)


def _possible(state: GlanceState, counts: Mapping[str, int]) -> GlanceState:
    """Drop what is not there, or not there any more."""
    if state.layer is None or state.layer not in counts:
        return _NOTHING
    if state.unit is not None and not 0 <= state.unit < counts[state.layer]:
        return GlanceState(state.layer, None)
    return state
