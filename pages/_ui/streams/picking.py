"""What is picked in a chart: only a new pick is a wish, since charts keep theirs."""

from __future__ import annotations

from typing import Any

import streamlit as st


def fresh(state: Any, selection: str, key: str) -> dict[str, Any] | None:
    """Return the mark that was just picked, or None.

    Parameters
    ----------
    state : object
        What ``st.altair_chart`` returned.
    selection : str
        Name of the selection in the chart.
    key : str
        Where the session remembers what was picked last.
    """
    picked = state["selection"].get(selection, []) if state else []
    mark: dict[str, Any] | None = dict(picked[0]) if picked else None
    before = st.session_state.get(key)
    st.session_state[key] = mark
    return mark if mark != before else None
