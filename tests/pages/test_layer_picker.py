"""The layer picker without a browser: link, session, what a browser says, what is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.layer_picker import described, in_words
from pages._ui.network_view import network_view, payload
from xai import models
from xai.figures.sketches import Sketch, SketchNode
from xai.types import Layer

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]

STRIP = "layer-strip"
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}


def part(name: str, *layers: str, expands: str = "") -> SketchNode:
    layer = layers[-1] if layers else ""
    return SketchNode(name, layer, layers, name, (("Kind", "Dense"),), (0, 0, 9, 9), expands)


def sketch(*nodes: SketchNode, height: float = 40) -> Sketch:
    return Sketch("<svg xmlns='http://www.w3.org/2000/svg'/>", 100, height, nodes)


MAIN = sketch(part("image"), part("one", "a"), part("two", "b", "c", expands="open two"))
DETAILS = {"two": sketch(part("b", "b"), part("c", "c"))}


def show(**arguments: object) -> None:
    import streamlit as st

    from pages._ui.network_view import network_view

    state = network_view(**arguments)  # type: ignore[arg-type]
    st.session_state["answer"] = (state.layer, state.expand)


def shown(sent: object = None, **changes: Any) -> AppTest:
    given = {"main": MAIN, "details": DETAILS, "selected": "a", "key": "net", "label": "Net"}
    script = AppTest.from_function(show, kwargs={**given, **changes})
    if sent is not None:
        script.session_state["net"] = sent
    return script.run(timeout=30)


def said(value: object, token: object = "t1") -> dict[str, object]:
    return {"layer": {"token": token, "value": value}}


def parts(at: AppTest) -> list[dict[str, Any]]:
    """Return what the networks of a page are told: the small messages."""
    found = []
    for element in at.get("bidi_component"):
        text = element.proto.json
        if text and "scene" in json.loads(text):
            found.append(json.loads(text))
    return found


def band(at: AppTest) -> dict[str, Any]:
    """Return what is sent to the one band of a page."""
    (message,) = parts(at)
    return message


def click(at: AppTest, layer: str, token: str) -> AppTest:
    at.session_state[STRIP] = said(layer, token)
    return at.run()


# -------------------------------------------------------------------- the network view
def test_a_choice_is_returned_once_and_then_the_page_decides() -> None:
    script = shown(said("c"))
    assert script.session_state["answer"] == ("c", None)
    assert script.run().session_state["answer"] == ("a", None)
    script.session_state["net"] = said("c", "t2")
    assert script.run().session_state["answer"] == ("c", None)


@pytest.mark.parametrize(
    "sent",
    [
        said("no such layer"),
        said(["c"]),
        said(None),
        said("c", token=7),
        said("c", token="x" * 65),
        {"layer": "c"},
        {"layer": None},
        {"expand": "one"},
        {"expand": ["two"]},
        {"expand": "open two"},
    ],
)
def test_what_was_never_offered_is_ignored(sent: object) -> None:
    script = shown(sent)
    assert not script.exception
    assert script.session_state["answer"] == ("a", None)


def test_a_layer_that_the_page_cannot_show_is_ignored() -> None:
    assert shown(said("b"), pickable=["a", "c"]).session_state["answer"] == ("a", None)
    assert shown(said("c"), pickable=["a", "c"]).session_state["answer"] == ("c", None)


def test_opening_hands_on_what_the_part_expands() -> None:
    assert shown({"expand": "two"}).session_state["answer"] == ("a", "open two")


def test_a_click_sends_a_small_message_and_no_drawing_again() -> None:
    first = payload.scene(
        MAIN, DETAILS, label="x", compact=True, zoom=False, pickable=None, words={}
    )
    again = payload.scene(
        MAIN, DETAILS, label="x", compact=True, zoom=False, pickable=None, words={}
    )
    assert first is again
    message = parts(shown(said("c")))[0]
    assert message["layer"] == "c"
    assert message["token"] == "t1"
    assert len(json.dumps(message)) < 400


def test_the_scene_lists_layers_in_forward_order() -> None:
    scene = payload.scene(
        MAIN, DETAILS, label="x", compact=False, zoom=True, pickable={"c", "a"}, words={"a": "A"}
    )
    found = json.loads(scene.part.text)
    assert found["choices"] == ["a", "c"]
    assert found["words"] == {"a": "A"}
    assert scene.part.message.decode().startswith(scene.part.digest)
    assert len(scene.part.digest) == 24  # as many as loader.js reads


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"details": {"three": MAIN}}, "details: expected names of parts of main, got three"),
        ({"height": 10}, "height: expected at least 120, got 10"),
        ({"compact": True, "zoom": True}, "compact, zoom: expected at most one"),
    ],
)
def test_the_view_refuses_what_does_not_fit(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"selected": "a", "key": "net", "label": "Net", **change}
    with pytest.raises(ValueError, match=message):
        network_view(MAIN, **given)


def test_room_is_kept_for_the_detail_row_before_anything_is_chosen() -> None:
    low = parts(shown(details=None))[0]["height"]
    assert parts(shown())[0]["height"] >= low + 40
    tall = {"two": sketch(part("b", "b"), height=5000)}
    assert parts(shown(details=tall))[0]["height"] < low + 400
    assert parts(shown(compact=True, details=tall))[0]["height"] == 150


def test_script_and_style_hold_all_files() -> None:
    found = json.loads(payload.engine().text)
    folder = {file.name for file in payload._HERE.glob("*.js")}
    assert folder == {*payload.SCRIPTS, "loader.js"}
    assert "innerHTML" not in found["script"]
    assert "--sketch-text" in found["style"]


# ------------------------------------------------------------------- the layer picker
def test_the_band_shows_the_links_layer_and_a_click_goes_to_link_and_session(
    visit: Visit, calm: Check
) -> None:
    at = visit("feature_maps", {**DIGITS, "layer": "relu1"})
    calm(at)
    assert band(at)["layer"] == "relu1"
    click(at, "relu3", "t1")
    calm(at)
    assert at.session_state["layer"] == "relu3"
    assert at.query_params["layer"] == "relu3"
    at.run()
    assert band(at)["layer"] == "relu3"
    click(at, "no such layer", "t2")
    calm(at)
    assert at.session_state["layer"] == "relu3"


def test_another_page_has_the_same_layer(visit: Visit) -> None:
    at = visit("feature_maps", DIGITS)
    click(at, "relu1", "t1")
    visit("architecture", at=at)
    assert at.session_state["layer"] == "relu1"
    visit("feature_maps", at=at)
    assert band(at)["layer"] == "relu1"


def test_a_model_without_the_layer_shows_the_nearest(visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", {**DIGITS, "layer": "relu1"})
    at.session_state["layer"] = "relu11"
    at.run()
    calm(at)
    assert at.session_state["layer"] == "relu1"
    at.session_state["layer"] = "something else altogether"
    at.run()
    assert at.session_state["layer"] == models.MODELS["lenet5-mnist"].cam_layer


def test_layers_are_said_in_words() -> None:
    conv = Layer("stem.conv", "Conv2d", (32, 112, 112), 1, 1, 3)
    dense = Layer("fc", "Linear", (1000,), 1, 1, 3)
    own = Layer("x", "_Odd", (1, 1, 1), 1, 1, 3)
    assert in_words([conv, dense, own]) == {
        "stem.conv": "Convolution · 32 maps of 112 × 112",
        "fc": "Dense · 1,000 values",
        "x": "Odd · 1 map of 1 × 1",
    }
    assert described(conv) == "stem.conv · Conv2d · 32 × 112 × 112"
