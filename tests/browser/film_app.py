"""A page with a film, and widgets that add frames to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st

from pages._ui.film_view import film_view

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
SHAPES = {"digit": (28, 28, 1), "photo": (224, 224, 3), "oblong": (16, 32, 3)}


@cache
def frames(case: str) -> list[np.ndarray]:
    """Return sixty made-up frames: a bar that fills from the left, over noise of its own."""
    random = np.random.default_rng(len(case))
    height, width, channels = SHAPES[case]
    found = []
    for turn in range(60):
        # Areas of four by four pixels, as in a picture: a lossy file would smear single ones.
        noise = random.integers(0, 90, (height // 4, width // 4, channels)).astype(np.uint8)
        frame = noise.repeat(4, axis=0).repeat(4, axis=1)
        frame[height // 4 : height // 2, : 1 + turn * width // 60] = (230, 140, 60)[:channels]
        found.append(frame)
    return found


def steps(count: int) -> list[int]:
    """Return the steps of so many frames."""
    return [4 * turn for turn in range(count)]


def score(step: int) -> float:
    """Return the score of a frame."""
    return 12.5 - 20 / (1 + step / 10)


def film(case: str, count: int, *, live: bool) -> None:
    """Show the first frames."""
    film_view(
        frames(case)[:count],
        steps(count),
        [score(step) for step in steps(count)],
        alt=HOSTILE if "hostile" in st.query_params else "Class 3 grown",
        key="film",
        total=236,
        live=live,
    )


@st.fragment(run_every=0.3)
def growing(case: str) -> None:
    """Add two frames a turn until there are forty."""
    count = min(40, st.session_state.setdefault("count", 1) + 2)
    st.session_state["count"] = count
    film(case, count, live=count < 40)
    st.text(f"frames: {count}")


def show() -> None:
    """Show one film, and text below it."""
    query = st.query_params
    case = query.get("case", "digit")
    if "live" in query:
        growing(case)
        return
    count = int(st.number_input("Frames", 1, 60, int(query.get("count", "30"))))
    if st.toggle("Shown", value=True):
        film(case, count, live=False)
    st.text("below")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.text(f"runs: {st.session_state['runs']}")
    show()
