"""Attribution: the same decision explained by several methods, and whether to believe them."""

from __future__ import annotations

import streamlit as st

from pages._ui import panels, workbench
from pages._ui.evidence import adding, board, depth, grid, looks, settings, sheet
from pages._ui.evidence.trust import checks

bench = workbench.current()
panels.verdict(bench)

chosen = board.chosen(bench)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    adding.offer(bench, chosen)
    layer = settings.shared_layer(bench, chosen)
    look = looks.choose()
if not chosen:
    st.info("The board is empty: add a panel to see its map.", icon=":material/arrow_upward:")

wall = grid.show(bench, chosen, look, layer)
st.caption(
    "Every map takes apart the score (the logit, before the softmax) of the class in its heading. "
    "Red raises the score, blue lowers it; what the values mean is each method’s own. Numbers are "
    "raw: no map is rescaled. Point at a pixel to read it in all panels at once."
)
# Places of their own: what is drawn in one must not push the others around while jobs run.
files, belief, inside = st.container(), st.container(), st.container()
with files:
    sheet.offer(bench, wall.shown)
with belief:
    st.subheader("Do they deserve belief?")
    checks.show(bench, wall)
with inside:
    st.subheader("Inside the network")
    depth.show(bench)
