"""The pages of the app and their places in the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

#: File name, title and icon, in the order of the navigation; the first is the default.
PAGES = (
    ("start", "Start", ":material/home:"),
    ("dataset", "Dataset map", ":material/scatter_plot:"),
    ("architecture", "Architecture", ":material/account_tree:"),
    ("feature_maps", "Feature maps", ":material/grid_view:"),
    ("attribution", "Attribution", ":material/troubleshoot:"),
    ("adversarial", "Adversarial", ":material/security:"),
)


def pages() -> list[Page]:
    """Return the pages as ``st.navigation`` takes them."""
    return [
        st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == PAGES[0][0])
        for name, title, icon in PAGES
    ]
