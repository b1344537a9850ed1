"""Cluster flow: how a data set travels through the network."""

from __future__ import annotations

import streamlit as st

from pages._ui import workbench
from pages._ui.streams import choices, computing, gallery, journey, opening, questions, shown

bench = workbench.current()
opened = opening.current()
if opened is None:
    images, wanted, place = choices.choose(bench)
    choices.advise(images)
else:
    place = st.container()

# Places of their own: what is drawn in one must not push the others around while jobs run.
above, below = st.container(), st.container()
with above:
    if opened is None:
        drawn = computing.follow(bench, images, wanted)
    else:
        drawn = opening.follow(bench, opened)
    if drawn is None:
        st.stop()
    with place:
        followed = shown.follow(drawn)
    tracks = journey.tracks(bench, drawn) if followed == "image" else ()
    heard = shown.show(drawn, followed, tracks)
    gallery.show(bench, drawn, heard.chosen)
with below:
    st.subheader("Ask the flow")
    questions.show(bench, drawn)
