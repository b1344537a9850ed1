"""Layerscope: open up a convolutional image classifier.

Start it with ``streamlit run Home.py``.
"""

from __future__ import annotations

import streamlit as st
from streamlit.error_util import handle_uncaught_app_exception

from pages._ui import routes, warming

#: Streamlit leaves wide margins; on a projector every pixel counts.
_STYLE = (
    ".stMainBlockContainer{padding:4.5rem 2.5rem 3rem}"
    ".stSidebar .stButtonGroup button{padding-left:.5rem;padding-right:.5rem}"
    # All pages by name on a laptop, beside the open sidebar: none behind "more". Where there is
    # no room for the symbols, none is left between them and the names either.
    "@media(max-width:1780px){[data-testid=stTopNavLink]{gap:0}"
    "[data-testid=stTopNavLink] span:has(>[data-testid=stIconMaterial]){display:none}}"
    "@media(max-width:1500px){[data-testid=stTopNav]{padding-left:.5rem;padding-right:.2rem}"
    "[data-testid=stTopNavLink]{padding-left:.3rem;padding-right:.3rem}}"
    # On a phone the choice of an attack would run off the edge.
    "@media(max-width:640px){.stMain .stButtonGroup button{padding-left:.6rem;padding-right:.6rem}}"
)


def main() -> None:
    """Draw the sidebar, then the page that was asked for."""
    # Not above: the server reads this file before caches can be declared.
    from pages._ui import link, panels, workbench

    routes.configure()
    st.html(f"<style>{_STYLE}</style>")
    page = st.navigation(routes.pages(), position="top")
    # Before anything that takes time: the first paint waits for nothing else.
    routes.heading(page)
    try:
        link.begin(page.title)
        panels.storage_note()
        workbench.lay_out()
        page.run()
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
    except Exception as error:
        # Shown as Streamlit would, but the run ends in order: only then does the server forget
        # the bars of the run before. One whose timer has rung is drawn where nothing is left
        # of the page, and the browser throws everything away ("Bad delta path index").
        handle_uncaught_app_exception(error)


if __name__ == "__main__":
    main()
else:
    # The server imports this file once, before the first visitor, and finds the app here.
    app = st.App("Home.py", lifespan=warming.lifespan)
