"""A page with the map, and widgets that change what it shows."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from pages._ui.map_view import Colouring, Panel, Placed, Window, map_view, standalone
from xai import datasets
from xai.figures.colours import CLASS_COLOURS, SEQUENTIAL, hexes
from xai.figures.sprites import Sprite, thumbnails

FRAMES = 40
HOSTILE = '<img src=x onerror="document.title=1">'


@st.cache_resource
def digits(count: int) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, Sprite]:
    """Return ids, labels, pixels and sprite of digits; beyond those that ship they repeat."""
    held = datasets.load("mnist", n=min(count, 1000))
    places = np.arange(count) % len(held.ids)
    ids = tuple(f"{held.ids[place]}-{row}" for row, place in enumerate(places.tolist()))
    images = np.stack(list(held.images))[places]
    return ids, np.asarray(held.labels)[places], images, thumbnails(images, side=28)


def quantised(points: np.ndarray) -> np.ndarray:
    """Fit points into the unit square, y downwards, as codes of 16 bits."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, span = (low + high) / 2, (high - low).max()
    return np.rint(((points - middle) / span + 0.5) * 65_535).clip(0, 65_535).astype(np.uint16)


@st.cache_resource
def layout(count: int, axes: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points on two principal axes, ten neighbours of each, frames on the way there."""
    _, labels, images, _ = digits(count)
    rows = images.reshape(count, -1).astype(np.float32) / 255
    rows -= rows.mean(axis=0)
    basis = np.linalg.svd(rows[:1000], full_matrices=False)[2]
    flat = rows @ basis[:20].T
    angle = labels * 2 * np.pi / 10
    points = flat[:, list(axes)] + 4.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points += np.random.default_rng(0).normal(0, 0.15, points.shape)
    near = np.empty((count, 10), np.int32)
    norms = (flat**2).sum(axis=1)
    for start in range(0, count, 500):
        block = flat[start : start + 500]
        far = norms - 2 * block @ flat.T
        far[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        best = np.argpartition(far, 10, axis=1)[:, :10]
        order = np.argsort(np.take_along_axis(far, best, axis=1), axis=1)
        near[start : start + 500] = np.take_along_axis(best, order, axis=1)
    begin = np.random.default_rng(1).normal(0, 1, points.shape)
    share = np.linspace(0, 1, FRAMES)[:, None, None]
    frames = np.stack([quantised(frame) for frame in begin * (1 - share) + points * share])
    return quantised(points), near, frames


def colourings(
    labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray
) -> tuple[Colouring, ...]:
    """Return the colourings of the page."""
    names = tuple(str(digit) for digit in range(10))
    many = (HOSTILE, *(f"part {place}" for place in range(1, 30)))
    magma = hexes(SEQUENTIAL[30:], 9)
    wrong = (labels != predicted).astype(int)
    right = ("right", "wrong")
    return (
        Colouring(
            "true",
            "True class",
            labels,
            "category",
            names,
            CLASS_COLOURS[:10],
            explain="Each dot is an image in the colour of its true class. "
            "Click a class to hide it, double-click to see it alone.",
        ),
        Colouring(
            "predicted",
            "Predicted class",
            predicted,
            "category",
            names,
            CLASS_COLOURS[:10],
            explain="The colour is the class that the model sees.",
        ),
        Colouring(
            "right",
            "Right or wrong",
            wrong,
            "category",
            right,
            ("#4364ea", "#d56907"),
            explain="Orange is where the model errs.",
        ),
        Colouring(
            "confidence",
            "Confidence",
            confidence,
            "scale",
            (),
            magma,
            0.0,
            1.0,
            "unsure",
            "sure",
            "How sure the model is of what it sees.",
        ),
        Colouring(
            "cluster",
            "Many parts",
            np.arange(len(labels)) % 31 - 1,
            "category",
            many,
            tuple(CLASS_COLOURS[place % 12] for place in range(30)),
            explain="More parts than colours: the shape tells them apart.",
        ),
    )


def panel(count: int, axes: tuple[int, int], title: str) -> Panel:
    """Return one of the maps."""
    _, labels, _, _ = digits(count)
    points, near, _ = layout(count, axes)
    chance = np.random.default_rng(sum(axes))
    predicted = np.where(chance.random(count) < 0.08, (labels + 1) % 10, labels)
    confidence = chance.random(count) ** 0.2
    return Panel(
        title,
        points,
        near,
        predicted,
        confidence,
        colourings(labels, predicted, confidence),
        run=f"run-{axes}",
    )


def frames_of(count: int, axes: tuple[int, int], first: int, last: int) -> Window:
    """Return some frames of the run."""
    frames = layout(count, axes)[2]
    return Window(np.arange(first, last) * 25, frames[first:last], first)


def live(shown: Panel, count: int, axes: tuple[int, int]) -> Panel:
    """Return the panel as it is at this moment of a run of so many frames a second."""
    begun = st.session_state["begun"]
    now = int((time.monotonic() - begun) * float(st.query_params.get("pace", "10")))
    run = f"live-{begun}"
    if now >= FRAMES:
        return replace(shown, run=run, replayable=True, status="done")
    window = frames_of(count, axes, max(0, now - 4), now + 1)
    return replace(shown, run=run, live=True, frames=window, status=f"frame {now}")


def main() -> None:
    """Show the map and what comes of it."""
    query = st.query_params
    count = int(query.get("n", "300"))
    ids, labels, _, sprite = digits(count)
    every = [panel(count, (0, 1), "Pixels"), panel(count, (2, 3), "The last layer")]
    panels = every[: int(query.get("panels", "1"))]
    buttons = st.columns(6)
    if buttons[0].button("Run again"):
        st.session_state["again"] = True
    if buttons[1].button("Go live"):
        st.session_state["begun"] = time.monotonic()
        st.rerun()
    if buttons[2].button("Show a mistake"):
        wrong = np.flatnonzero(panels[0].predicted != labels)
        st.session_state["inspected"] = ids[int(wrong[0])]
    if buttons[3].button("Only odd digits"):
        st.session_state["odd"] = True
    if buttons[4].button("Place"):
        st.session_state["placed"] = True
    if buttons[5].button("Fewer"):
        st.session_state["count"] = 100
    if "count" in st.session_state:
        count = st.session_state["count"]
        ids, labels, _, sprite = digits(count)
        panels = [panel(count, (0, 1), "Fewer")]
    if st.session_state.get("placed"):
        digit = Sprite(sprite.tile(3), 1, 1, 28, 28, 0).png()
        near = tuple(panels[0].neighbours[3].tolist())
        x, y = map(float, query.get("at", "-0.1,0.5").split(","))
        at = Placed(x, y, query.get("named", HOSTILE), digit, near)
        panels[0] = replace(panels[0], placed=(at,))
    if "begun" in st.session_state:
        panels[0] = live(panels[0], count, (0, 1))
    else:
        panels = [replace(one, replayable=True) for one in panels]
    if st.session_state.get("wanted"):
        axes = [(0, 1), (2, 3)]
        panels = [
            replace(one, frames=one.frames or frames_of(count, axes[at], 0, FRAMES))
            if one.run == st.session_state["wanted"]
            else one
            for at, one in enumerate(panels)
        ]
    given = {
        "ids": ids,
        "labels": labels,
        "classes": tuple(str(digit) for digit in range(10)),
        "sprite": sprite.webp(None),
        "columns": sprite.columns,
        "tile": 28,
        "crisp": True,
        "panels": panels,
        "visible": labels % 2 == 1 if st.session_state.get("odd") else None,
        "inspected": st.session_state.get("inspected"),
        "selected": st.session_state.get("selected", ()),
        "colour": query.get("colour", "true"),
        "marks": query.get("marks", "dots"),
    }
    state = map_view(**given, key="map", height=int(query.get("height", "600")), label="Digits")
    st.session_state["inspected"] = state.inspected
    st.session_state["selected"] = state.selected
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if state.replay and st.session_state.get("wanted") != state.replay:
        st.session_state["wanted"] = state.replay
        st.rerun()
    st.text(f"inspected: {state.inspected}")
    st.text(f"selected: {len(state.selected)} {','.join(state.selected[:40])}")
    st.text(f"state: {state.colour} {state.marks}")
    st.text(f"runs: {st.session_state['runs']}")
    if "file" in query:
        st.download_button(
            "Download", standalone("Digits", "Each dot is a digit.", **given), "map.html"
        )


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    st.fragment(main, run_every=0.3 if "begun" in st.session_state else None)()
