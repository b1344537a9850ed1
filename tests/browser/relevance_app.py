"""A page with relevance maps beside each other, and widgets that change how they look."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages._ui.relevance_view import image_view, relevance_view

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
PARTS = ("both", "positive", "negative")


def maps(case: str) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Return the values of each panel and what else it is told."""
    random = np.random.default_rng(len(case))
    if case == "image":
        return [(np.full((20, 30), 2.1737748e-8, np.float32), {"signed": True})]
    if case == "flat":
        even = np.full((6, 6), 0.25, np.float32)
        return [
            (np.zeros((6, 6), np.float32), {"signed": True}),
            (even, {"signed": True}),
            (even, {"signed": False}),
            (np.zeros((6, 6), np.float32), {"signed": False}),
        ]
    sizes = {"digit": (28, 28), "photo": (224, 224), "oblong": (20, 30), "raised": (20, 30)}
    height, width = sizes[case]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    wave = np.sin(5 * x + 3 * y) * np.exp(-2 * (x**2 + y**2)) + 0.1 * random.normal(size=x.shape)
    values = wave.astype(np.float32)
    if case == "raised":
        raised = np.float32(0.5) + np.abs(values)
        return [(raised, {"signed": False, "floor": float(raised.min())})] * 4
    return [
        (values, {"signed": True}),
        (np.abs(values) * 3, {"signed": False}),
        (-values / 7, {"signed": True, "words": (HOSTILE, "for"), "mark": (4, 6, 12, 18)}),
        (values[: height // 2, : width // 2].copy(), {"signed": True}),
    ]


def picture(shape: tuple[int, ...], *, colour: bool) -> np.ndarray:
    """Return a made-up image."""
    channels = (3,) if colour else ()
    noise = np.random.default_rng(1).integers(0, 256, (*shape, *channels))
    return noise.astype(np.uint8)


def show() -> None:
    """Show the panels of a case."""
    query = st.query_params
    ink = st.slider("Ink", 0.0, 1.0, float(query.get("ink", "1")), 0.1)
    part = st.selectbox("Part", PARTS, PARTS.index(query.get("part", "both")))
    scale = 2.0 if st.toggle("Scale 2") else None
    panels = maps(query.get("case", "digit"))
    columns = iter(st.columns(int(query.get("columns", "4"))))
    if query.get("case") == "image":
        with next(columns):
            image_view(
                picture(panels[0][0].shape, colour="colour" in query), alt="The image", key="image"
            )
    for at, (column, (values, told)) in enumerate(zip(columns, panels, strict=False)):
        with column:
            relevance_view(
                values,
                picture(values.shape, colour="colour" in query),
                scale=scale,
                ink=ink,
                part=part,
                note="" if scale is None else "same scale in all panels",
                alt=f"Panel {at}" if at != 2 else HOSTILE,
                key=f"panel-{at}",
                group="maps" if "apart" not in query or at < 2 else "others",
                **told,
            )
            st.text(f"below {at}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    show()
    st.text(f"runs: {st.session_state['runs']}")
