"""A page with pairs of images in one place, and widgets that change the pair."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui.swipe_view import swipe_view

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
SHAPES = {"digit": (28, 28, 1), "photo": (224, 224, 3), "oblong": (20, 40, 3)}


def pair(case: str, strength: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return a made-up image and another that differs by the strength at every number."""
    random = np.random.default_rng(len(case))
    clean = random.integers(40, 200, SHAPES[case]).astype(np.uint8)
    return clean, (clean + random.choice((-strength, strength), clean.shape)).astype(np.uint8)


def show() -> None:
    """Show one pair beside text, and text below it."""
    query = st.query_params
    strength = st.slider("Strength", 0, 40, int(query.get("strength", "8")))
    shown = st.toggle("Shown", value=True)
    words = (HOSTILE, "attacked") if "hostile" in query else ("clean", "attacked")
    column, _ = st.columns(2) if "whole" not in query else (st.container(), None)
    with column:
        if shown:
            before, after = pair(query.get("case", "digit"), strength)
            start = float(query.get("start", "0.5"))
            swipe_view(before, after, words=words, alt="The pair", key="pair", start=start)
        st.text("below")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    show()
    st.text(f"runs: {st.session_state['runs']}")
