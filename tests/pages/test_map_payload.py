"""The Python side of the map: what it refuses, how it packs, whose word counts."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.map_view import (
    Colouring,
    MapState,
    Panel,
    Placed,
    Window,
    map_view,
    payload,
    standalone,
)
from pages._ui.map_view.answer import Known, reconcile
from xai.figures.sprites import thumbnails

COUNT = 12
IDS = tuple(f"image-{place}" for place in range(COUNT))
LABELS = np.arange(COUNT) % 3
CLASSES = ("cat", "</script><b>dog</b>", "hen")
SPRITE = thumbnails(np.zeros((COUNT, 8, 8, 3), np.uint8), side=8)
TRUE = Colouring("true", "True class", LABELS, "category", CLASSES, ("#112233",) * 3)
AMOUNT = Colouring(
    "trust", "Trust", np.linspace(0.2, 0.9, COUNT), "scale", (), ("#000000", "#ffffff")
)
PANEL = Panel("Pixels", np.zeros((COUNT, 2), np.uint16), colourings=(TRUE, AMOUNT), run="one")
KNOWN = Known(IDS, "digest", frozenset({"true", "trust"}), frozenset({"one"}))
GIVEN = MapState(None, (), "true", "dots", None)


def given(**changes: Any) -> dict[str, Any]:
    """Return the arguments of a map."""
    return {
        "ids": IDS,
        "labels": LABELS,
        "classes": CLASSES,
        "sprite": SPRITE.png(),
        "columns": SPRITE.columns,
        "tile": 8,
        "crisp": True,
        "panels": [PANEL],
        "visible": None,
        "label": "Map",
        **changes,
    }


def scene(**changes: Any) -> payload.Scene:
    return payload.scene(**given(**changes))


def unpacked(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["data"]), f"<{packed['type']}")


def said(part: payload.Part) -> dict[str, Any]:
    """Return what a part says, as the browser reads it."""
    digest, text = part.message[:24], part.message[24:]
    assert digest.decode() == part.digest
    found: dict[str, Any] = json.loads(text)
    return found


# -------------------------------------------------------------------------- packing
def test_numbers_come_back_as_they_went() -> None:
    random = np.random.default_rng(0)
    points = random.integers(0, 65_536, (COUNT, 2)).astype(np.uint16)
    neighbours = random.integers(0, COUNT, (COUNT, 4)).astype(np.int32)
    frames = random.integers(0, 65_536, (3, COUNT, 2)).astype(np.uint16)
    amounts = random.normal(0, 100, COUNT)
    amounts[3] = np.nan
    panel = replace(
        PANEL,
        points=points,
        neighbours=neighbours,
        predicted=LABELS[::-1],
        confidence=random.random(COUNT),
        colourings=(
            replace(TRUE, values=np.where(LABELS == 2, -1, LABELS)),
            replace(AMOUNT, values=amounts),
        ),
        frames=Window(np.array([10, 20, 50]), frames, 4),
    )
    parts = scene(panels=[panel]).parts
    assert (unpacked(said(parts["points-0"])["points"]).reshape(-1, 2) == points).all()
    found = said(parts["neighbours-0"])
    assert (unpacked(found["rows"]).reshape(-1, found["count"]) == neighbours).all()
    facts = said(parts["facts-0"])
    assert (unpacked(facts["predicted"]) == LABELS[::-1]).all()
    true, amount = facts["colourings"]
    assert unpacked(true["values"]).tolist() == np.where(LABELS == 2, 255, LABELS).tolist()
    codes = unpacked(amount["values"])
    low, high = amount["values"]["low"], amount["values"]["high"]
    assert codes[3] == 65_535
    values = low + codes / 65_534 * (high - low)
    known = np.arange(COUNT) != 3
    np.testing.assert_allclose(values[known], amounts[known], atol=(high - low) / 65_000)
    window = said(parts["frames-0"])
    assert (unpacked(window["points"]).reshape(frames.shape) == frames).all()
    assert (window["first"], window["iterations"]) == (4, [10, 20, 50])


@pytest.mark.parametrize("count", [1, 7, 8, 9, 24, 1000])
def test_a_mask_comes_back_as_it_went(count: int) -> None:
    chosen = np.random.default_rng(count).random(count) < 0.5
    found = payload.unmask(payload.mask(chosen), count)
    assert found is not None
    assert (found == chosen).all()


@pytest.mark.parametrize("sent", [None, 3, "", "A" * 4000, "????", "AA==", ["AAA="], "é" * 4])
def test_what_is_no_mask_is_none(sent: object) -> None:
    assert payload.unmask(sent, COUNT) is None


def test_only_what_changed_gets_another_digest() -> None:
    first = scene()
    again = scene(labels=LABELS.astype(np.int32), sprite=bytes(SPRITE.png()))
    assert {name: part.digest for name, part in first.parts.items()} == {
        name: part.digest for name, part in again.parts.items()
    }
    moved = scene(panels=[replace(PANEL, points=PANEL.points + np.uint16(1))])
    differ = {name for name in first.parts if first.parts[name] != moved.parts[name]}
    assert differ == {"points-0"}
    assert first.view["images"] == moved.view["images"]


def test_a_live_panel_sends_its_frames_and_not_its_points() -> None:
    window = Window(np.array([5]), np.zeros((1, COUNT, 2), np.uint16), 0)
    parts = scene(panels=[replace(PANEL, live=True, frames=window)]).parts
    assert "frames-0" in parts
    assert "points-0" not in parts
    assert "points-0" in scene(panels=[replace(PANEL, live=True)]).parts


def test_frames_may_have_names_and_points_trails() -> None:
    window = Window(np.array([0, 1]), np.zeros((2, COUNT, 2), np.uint16), 0, ("0.5", "</b>"))
    found = scene(panels=[replace(PANEL, frames=window, trails="all")])
    assert said(found.parts["frames-0"])["words"] == ["0.5", "</b>"]
    assert found.view["panels"][0]["trails"] == "all"
    plain = scene(panels=[replace(PANEL, frames=replace(window, words=()))])
    assert said(plain.parts["frames-0"])["words"] == []
    assert plain.view["panels"][0]["trails"] == ""
    with pytest.raises(ValueError, match="expected 2 words or none, got 1"):
        scene(panels=[replace(PANEL, frames=replace(window, words=("one",)))])
    with pytest.raises(ValueError, match="trails: expected one of"):
        scene(panels=[replace(PANEL, trails="some")])


FRAME = np.zeros((2, COUNT, 2), np.uint16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ("a",) * COUNT}, "expected 1 to 65,000 that differ"),
        ({"ids": ()}, "got 0"),
        ({"labels": LABELS + 1}, "labels: expected 12 places in the 3 classes"),
        ({"labels": LABELS[:3]}, "labels: expected 12"),
        ({"sprite": b"GIF89a"}, "expected the bytes of a PNG or WebP"),
        ({"tile": 0}, "columns, tile: expected at least 1"),
        ({"panels": []}, "panels: expected 1 or 2, got 0"),
        ({"visible": np.ones(3, bool)}, "visible: expected shape"),
        ({"points": np.zeros((COUNT, 2))}, "points: expected uint16 of shape"),
        ({"neighbours": np.full((COUNT, 2), COUNT)}, "neighbours: expected 0 to 11"),
        ({"neighbours": np.zeros((3, 2), int)}, "neighbours: expected shape"),
        ({"predicted": np.zeros(COUNT)}, "predicted: expected whole numbers"),
        ({"confidence": np.zeros(3)}, "confidence: expected shape"),
        ({"colourings": ()}, "colourings: expected at least one"),
        ({"colourings": (TRUE, TRUE)}, "expected keys that differ"),
        ({"colourings": (replace(TRUE, colours=()),)}, "a colour for each name, got 0 for 3"),
        ({"colourings": (replace(TRUE, values=LABELS + 1),)}, "expected 0 to 2, got 1 to 3"),
        ({"colourings": (replace(AMOUNT, colours=("#000000",)),)}, "at least 2 stops"),
        ({"colourings": (replace(AMOUNT, low=np.nan),)}, "finite ends"),
        ({"colourings": (replace(AMOUNT, kind="hue"),)}, "expected one of category, scale"),  # type: ignore[arg-type]
        ({"placed": (Placed(np.inf, 0, "", b""),)}, "placed: expected finite numbers"),
        ({"placed": (Placed(0, 0, "", b"", (12,)),)}, "placed: expected 0 to 11"),
        ({"frames": Window(np.array([2, 2]), FRAME)}, "rising iterations"),
        ({"frames": Window(np.array([2]), FRAME)}, "frames: expected uint16 of shape"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    (name,) = change
    arguments = change if name in given() else {"panels": [replace(PANEL, **change)]}
    with pytest.raises(ValueError, match=re.escape(message)):
        scene(**arguments)


# -------------------------------------------------------------------- whose word counts
def answer(name: str, value: object, token: str = "x-1") -> dict[str, object]:
    return {name: {"token": token, "value": value}}


def test_a_click_counts_until_the_page_says_otherwise() -> None:
    memory: dict[str, Any] = {}
    state, tokens = reconcile(memory, GIVEN, answer("inspected", IDS[3]), KNOWN)
    assert state.inspected == IDS[3]
    assert tokens == {"inspected": "x-1"}
    # A run that was overtaken has not noted the click: the next still knows of it.
    state, _ = reconcile(memory, GIVEN, answer("inspected", IDS[3]), KNOWN)
    assert state.inspected == IDS[3]
    state, _ = reconcile(
        memory, replace(GIVEN, inspected=IDS[5]), answer("inspected", IDS[3]), KNOWN
    )
    assert state.inspected == IDS[5]
    # The same image clicked again is a new word.
    state, _ = reconcile(
        memory, replace(GIVEN, inspected=IDS[5]), answer("inspected", IDS[3], "x-2"), KNOWN
    )
    assert state.inspected == IDS[3]
    state, _ = reconcile(
        memory, replace(GIVEN, inspected=IDS[5]), answer("inspected", None, "x-3"), KNOWN
    )
    assert state.inspected is None


def test_a_selection_is_read_only_for_the_images_it_was_made_on() -> None:
    chosen = np.arange(COUNT) % 5 == 0
    value = {"images": "digest", "mask": payload.mask(chosen)}
    state, _ = reconcile({}, GIVEN, answer("selected", value), KNOWN)
    assert state.selected == (IDS[0], IDS[5], IDS[10])
    for wrong in ({**value, "images": "other"}, {**value, "mask": "AA"}, [1], "abc", None):
        held = replace(GIVEN, selected=(IDS[1],))
        state, _ = reconcile({}, held, answer("selected", wrong), KNOWN)
        assert state.selected == (IDS[1],)


def test_images_that_are_gone_are_dropped() -> None:
    memory: dict[str, Any] = {}
    held = replace(GIVEN, inspected=IDS[1], selected=(IDS[1], IDS[11]))
    reconcile(memory, held, {}, KNOWN)
    state, _ = reconcile(memory, held, {}, replace(KNOWN, ids=IDS[2:]))
    assert (state.inspected, state.selected) == (None, (IDS[11],))


@pytest.mark.parametrize(
    "sent",
    [
        answer("inspected", "somebody"),
        answer("inspected", 3),
        answer("inspected", [IDS[0]]),
        answer("inspected", IDS[0], token=""),
        answer("inspected", IDS[0], token="x" * 65),
        {"inspected": IDS[0]},
        {"inspected": {"token": 5, "value": IDS[0]}},
        answer("colour", "<b>"),
        answer("colour", None),
        answer("marks", "stars"),
        answer("replay", "two"),
        answer("replay", {}),
        {"other": {"token": "x", "value": 1}},
    ],
    ids=str,
)
def test_made_up_answers_change_nothing(sent: dict[str, object]) -> None:
    assert reconcile({}, GIVEN, sent, KNOWN)[0] == GIVEN


def test_a_wish_for_frames_names_a_run_of_the_map() -> None:
    assert reconcile({}, GIVEN, answer("replay", "one"), KNOWN)[0].replay == "one"


# --------------------------------------------------------------------- mount and file
def show(**arguments: object) -> None:
    import streamlit as st

    from pages._ui.map_view import map_view

    st.session_state["answer"] = map_view(**arguments)  # type: ignore[arg-type]


def shown(state: object = None, **changes: Any) -> AppTest:
    arguments = {**given(), "colour": "true", "key": "map", "height": 300, **changes}
    script = AppTest.from_function(show, kwargs=arguments)
    if state is not None:
        script.session_state["map"] = state
    return script.run(timeout=30)


def test_what_the_browser_said_is_answered_in_the_same_run() -> None:
    script = shown(answer("inspected", IDS[2]))
    assert not script.exception
    assert script.session_state["answer"].inspected == IDS[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "hue"}, "colour: expected one of true, trust, got 'hue'"),
        ({"marks": "stars"}, "marks: expected one of dots, pictures, got 'stars'"),
        ({"height": 10}, "height: expected at least 200, got 10"),
    ],
)
def test_the_map_refuses_choices_that_it_does_not_have(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        map_view(**{**given(), "colour": "true", "key": "map", **change})


def test_the_file_is_whole_and_asks_for_nothing() -> None:
    arguments = given(selected=IDS[:2], inspected=IDS[1], colour="trust", marks="pictures")
    text = standalone("A <map>", "What & how", **arguments)
    assert "<title>A &lt;map&gt;</title>" in text
    assert "<p>What &amp; how</p>" in text
    own = re.sub(r'"data:image/[^"]*"|http://www.w3.org/2000/svg', "", text)
    assert not re.search(r"https?:|src=|url\(|@import|import\(", own)
    assert "default-src 'none'" in text
    # Names cannot end the element that holds them.
    data = text.partition('id="data">')[2].partition("</script>")[0]
    found = json.loads(data)
    assert found["state"]["inspected"]["value"] == IDS[1]
    images = found["parts"][found["view"]["images"]]
    assert images["classes"] == list(CLASSES)
    assert images["ids"] == list(IDS)
