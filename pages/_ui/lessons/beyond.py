"""A run of this session that goes on while the page shows another recipe, or another run."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._ui import cached, progress, turns
from pages._ui.lessons import curves, running
from pages._ui.lessons.running import Wanted


def tell(side: str, shown: Wanted | None, back: Callable[[Wanted], None] | None = None) -> None:
    """Say so if the run that was asked for goes on out of sight; offer to stop it.

    Parameters
    ----------
    side : str
        ``"a"`` or ``"b"``: which of the two runs of the page.
    shown : Wanted or None
        The recipe that the page shows there.
    back : callable, optional
        Makes the page show a recipe again; for call-backs.
    """
    asked = running.asked().get(side)
    if asked is None or asked == shown:
        return
    if turns.under_way(asked.key, cached.trainings()) is not None:
        _far(asked, back)


@st.fragment(run_every=1.0)
def _far(asked: Wanted, back: Callable[[Wanted], None] | None) -> None:
    """Say how far a run is; when it has ended, let the whole page run again."""
    status = turns.under_way(asked.key, cached.trainings())
    if status is None:
        st.rerun()
    words, first, second = st.columns([5, 1.2, 1.6], vertical_alignment="center", gap="small")
    words.info(
        f"Still under way: {curves.described(asked.recipe)}. "
        f"{progress.sentence(status, running.LABEL)}",
        icon=":material/hourglass_top:",
    )
    digest = asked.recipe.digest
    # Called back before the whole page runs: after that its widgets would not hear of it.
    if back is not None and first.button(
        "Back to it", key=f"back-{digest}", on_click=back, args=(asked,), width="stretch"
    ):
        st.rerun()
    second.button(
        "Stop that one",
        key=f"far-{digest}",
        icon=":material/stop:",
        width="stretch",
        on_click=turns.stop,
        args=(asked.key, cached.trainings()),
        help="What it has learned stays: with the same recipe it can go on.",
    )
