"""Which images the map shows brightly: by class, right or wrong, confidence, confusion."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls, link
from pages._ui.atlas import scene as scenes
from pages._ui.atlas.scene import Scene

_CORRECT = {"all": "all", "right": "right", "wrong": "wrong"}
_CELL = "cell"
_ALL = (0, 100)


def row(scene: Scene) -> np.ndarray:
    """Draw the filters side by side; return which images pass, (N,) bool."""
    with st.popover("Filter", icon=":material/filter_alt:"):
        passed = _choices(scene)
    passed &= _in_cell(scene)
    _mistake(scene)
    shown = int(passed.sum())
    if shown < len(passed):
        st.caption(f"{shown:,} of {len(passed):,} images pass the filter.", width="content")
    return passed


def _choices(scene: Scene) -> np.ndarray:
    passed = _of_classes(scene)
    correct = controls.segments("correct", "Right or wrong", _CORRECT, default="all")
    if correct != "all":
        passed &= scene.wrong if correct == "wrong" else ~scene.wrong & (scene.truth >= 0)
    link.restore("sure", _range, what="range of confidence", default=_ALL)
    chosen = st.slider(
        "Confidence",
        0,
        100,
        _ALL,
        key="sure",
        format="%d %%",
        persist_state="session",
        help="Softmax of the predicted class.",
    )
    low, high = chosen
    link.publish("sure", None if (low, high) == _ALL else f"{low}-{high}")
    if (low, high) != _ALL:
        sure = 100 * scene.confidence
        passed &= (sure >= low) & (sure <= high)
    return passed


def _of_classes(scene: Scene) -> np.ndarray:
    labels, classes = scene.images.labels, scene.images.classes
    present = [classes[index] for index in np.unique(labels)]

    def parse(text: str) -> list[str] | None:
        places = text.split("-")
        if not all(place.isdecimal() and int(place) < len(classes) for place in places):
            return None
        return [classes[int(place)] for place in places]

    none: list[str] = []
    link.restore("only", parse, what="class filter", default=none)
    known = [name for name in st.session_state["only"] if name in present]
    if known != st.session_state["only"]:
        st.session_state["only"] = known
    names = st.multiselect(
        "Classes", present, key="only", placeholder="all classes", persist_state="session"
    )
    wanted = [classes.index(name) for name in names]
    link.publish("only", "-".join(str(place) for place in wanted) or None)
    found: np.ndarray = np.isin(labels, wanted) if wanted else np.ones(len(labels), bool)
    return found


def _range(text: str) -> tuple[int, int] | None:
    low, _, high = text.partition("-")
    if not (low.isdecimal() and high.isdecimal()) or not int(low) <= int(high) <= _ALL[1]:
        return None
    return int(low), int(high)


# ----------------------------------------------------------------------- the confusion
def set_cell(cell: tuple[str, str] | None) -> None:
    """Let only one cell of the confusion matrix pass from the next run on; None lets all."""
    st.session_state[_CELL] = cell


def cell() -> tuple[str, str] | None:
    """Return the true and the predicted class that pass, or None if all do."""
    found: tuple[str, str] | None = st.session_state.get(_CELL)
    return found


def is_empty(scene: Scene, wanted: tuple[str, str]) -> bool:
    """Tell whether no image is in a cell of the confusion matrix."""
    return not _passing(scene, wanted).any()


def _passing(scene: Scene, wanted: tuple[str, str]) -> np.ndarray:
    true, seen = wanted
    named = np.array([name == true for name in scene.images.classes])[scene.images.labels]
    predicted = np.array([name == seen for name in scene.classes])[scene.predicted]
    found: np.ndarray = named & predicted & (scene.predicted >= 0)
    return found


def _in_cell(scene: Scene) -> np.ndarray:
    """Return which images are in the chosen cell; offer to forget it."""
    classes = (scene.images.classes, scene.classes)

    def parse(text: str) -> tuple[str, str] | None:
        places = text.split("-")
        if len(places) != 2 or not all(place.isdecimal() for place in places):
            return None
        if not all(int(place) < len(names) for place, names in zip(places, classes, strict=True)):
            return None
        return classes[0][int(places[0])], classes[1][int(places[1])]

    wanted = link.restore(_CELL, parse, what="cell of the confusion matrix", default=None)
    if wanted is not None and is_empty(scene, wanted):
        set_cell(None)
        wanted = None
    if wanted is None:
        link.publish(_CELL, None)
        return np.ones(len(scene.images), bool)
    true, seen = wanted
    link.publish(_CELL, f"{classes[0].index(true)}-{classes[1].index(seen)}")
    st.button(
        f"{true} seen as {seen}",
        icon=":material/close:",
        help="Show all again",
        on_click=set_cell,
        args=(None,),
    )
    return _passing(scene, wanted)


# ------------------------------------------------------------------------- the mistakes
def _mistake(scene: Scene) -> None:
    """Offer the mistakes one by one, the surest first: they teach most."""
    wrong = np.flatnonzero(scene.wrong)
    if not len(wrong):
        said = "Every image whose class the network knows is classified right."
        if not (scene.truth >= 0).any():
            said = "The network knows none of these classes: it cannot be right or wrong."
        st.button("Show me a mistake", icon=":material/error:", disabled=True, help=said)
        return
    order = wrong[np.argsort(-scene.confidence[wrong], kind="stable")]
    st.button(
        "Show me a mistake",
        icon=":material/error:",
        help=f"The network is wrong about {len(wrong)} of them; the surest mistake comes first.",
        on_click=_next,
        args=([scene.images.ids[place] for place in order],),
    )


def _next(names: list[str]) -> None:
    now = scenes.point()
    after = names.index(now) + 1 if now in names else 0
    scenes.inspect(names[after % len(names)])
