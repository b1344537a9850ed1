"""The arithmetic of one number: what is read, times the weights, plus the bias, and on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached
from pages._ui.workbench import Bench
from xai.figures import arithmetic
from xai.figures.wording import number as written

if TYPE_CHECKING:
    from pages._ui.channels.choices import Unit

#: Side of a window, in cells, up to which it stands beside the sum.
_BESIDE = 1


def show(bench: Bench, unit: Unit) -> None:
    """Show how the value of a unit adds up."""
    st.markdown("#### The arithmetic of this number")
    try:
        found = cached.account(
            bench.model_name,
            bench.digest,
            unit.layer.name,
            unit.channel,
            unit.row,
            unit.column,
            bench.input,
        )
    except ValueError as error:
        st.info(str(error), icon=":material/calculate:")
        return
    picture = arithmetic.account_html(found)
    # Windows with many numbers need the width of the page.
    wide = max(found.patch.shape[1:]) > _BESIDE
    if picture and not wide:
        ledger, drawing = st.columns([2, 3], gap="medium")
    else:
        ledger, drawing = st.container(width=560), st.container()
    with drawing:
        if picture:
            st.html(picture)
        st.caption(arithmetic.sentence(found))
    with ledger:
        st.html(arithmetic.ledger_html(arithmetic.ledger(found), written))
        st.caption(
            f"The network itself holds {found.stored:.6g} there; the sum gives {found.value:.6g}. "
            "Adding in another order rounds differently, so the last digits may differ."
        )
