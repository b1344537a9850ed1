"""The Python side of a relevance map: what it sends, says and refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.relevance_view import image_view, payload, relevance_view
from xai.figures.colours import DIVERGING, INK, SEQUENTIAL

VALUES = np.array([[-2.0, 0.0, 0.5], [1.0, 1e-30, -0.25]], np.float32)
GREY = np.arange(6, dtype=np.uint8).reshape(2, 3)


def opened(body: bytes) -> tuple[dict[str, Any], bytes]:
    end = 8 + int(body[:8])
    return json.loads(body[8:end]), body[end:]


def looked(values: np.ndarray = VALUES, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "scale": None,
        "signed": True,
        "ink": 1.0,
        "part": "both",
        "mark": None,
        "words": None,
    }
    return payload.view(payload.checked_values(values), **{**given, **changes})


# --------------------------------------------------------------------------- packing
@pytest.mark.parametrize(("signed", "table"), [(True, DIVERGING), (False, SEQUENTIAL)])
def test_values_and_colours_come_back_as_they_went(signed: bool, table: np.ndarray) -> None:
    turned = np.asfortranarray(VALUES, ">f8")
    header, sent = opened(payload.values_part(payload.checked_values(turned), signed=signed).body)
    assert header == {"shape": [2, 3], "colours": len(table)}
    np.testing.assert_array_equal(np.frombuffer(sent[:24], "<f4").reshape(2, 3), VALUES)
    colours = np.frombuffer(sent[24:], np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(colours, np.concatenate([table, INK]))


def test_a_grey_image_takes_a_byte_a_pixel() -> None:
    grey = payload.image_part(GREY, (2, 3))
    assert opened(grey.body) == ({"channels": 1}, GREY.tobytes())
    assert payload.image_part(np.stack([GREY] * 3, axis=-1), (2, 3)) == grey
    colour = np.stack([GREY, GREY, GREY + 1], axis=-1)
    assert opened(payload.image_part(colour, (2, 3)).body) == ({"channels": 3}, colour.tobytes())


def test_an_image_without_a_map_is_told_of_as_much_as_one_with_it() -> None:
    assert payload.bare_view((2, 3)).keys() == looked().keys()
    assert opened(payload.no_values((2, 3)).body) == ({"shape": [2, 3], "colours": 0}, b"")


def test_how_a_map_is_looked_at_is_small_and_json() -> None:
    said = looked(np.zeros((400, 400)), mark=(np.int64(1), 2, 3, 4), ink=np.float32(0.5))
    assert len(json.dumps(said, allow_nan=False)) < 1000
    assert said["mark"] == (1, 2, 3, 4)


# ----------------------------------------------------------------------------- words
@pytest.mark.parametrize(
    ("changes", "ends", "words"),
    [
        ({}, ("−2", "0", "+2"), ("against", "for")),
        ({"scale": 0.5}, ("−0.5", "0", "+0.5"), ("against", "for")),
        ({"part": "positive"}, ("0", "", "+2"), ("", "for")),
        ({"part": "negative"}, ("−2", "", "0"), ("against", "")),
        ({"signed": False}, ("0", "", "2"), ("none", "for")),
        ({"signed": False, "part": "positive"}, ("0", "", "2"), ("none", "for")),
        (
            {"signed": False, "part": "negative"},
            ("", "nothing to show", ""),
            ("none", "for"),
        ),
        ({"words": ("for B", "for A")}, ("−2", "0", "+2"), ("for B", "for A")),
        ({"scale": 0.0, "values": np.zeros((2, 3))}, ("", "0 everywhere", ""), ("against", "for")),
    ],
    ids=str,
)
def test_the_legend_names_what_is_drawn(
    changes: dict[str, Any], ends: tuple[str, ...], words: tuple[str, str]
) -> None:
    said = looked(**changes)
    assert said["ends"] == ends
    assert said["words"] == words


def test_a_part_keeps_the_scale_of_the_whole() -> None:
    assert {looked(part=part)["scale"] for part in ("both", "positive", "negative")} == {2.0}


@pytest.mark.parametrize(
    ("values", "part", "fact"),
    [
        (VALUES, "both", "Raw values from −2 to 1"),
        (VALUES * 0, "positive", "Empty: every value is 0."),
        (VALUES * 0 - 3, "both", "Constant: every value is −3."),
        (VALUES * 0 - 3, "positive", "No positive evidence: nothing to show."),
        (np.abs(VALUES), "negative", "No negative evidence: nothing to show."),
    ],
)
def test_a_map_of_one_value_or_one_sign_is_called_so(
    values: np.ndarray, part: str, fact: str
) -> None:
    assert looked(values, part=part)["facts"] == fact


# -------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros(4)}, r"expected shape \(H, W\)"),
        ({"values": np.zeros((0, 4))}, r"expected shape \(H, W\)"),
        ({"values": np.zeros((1001, 1000))}, "at most 1,000,000"),
        ({"values": np.full((2, 3), np.nan)}, "expected finite numbers"),
        ({"values": np.full((2, 3), 1e300)}, "that float32 can hold"),
        ({"image": GREY.T}, r"image: expected uint8 of shape \(2, 3\) or \(2, 3, 3\)"),
        ({"image": GREY.astype(float)}, "got float64"),
        ({"scale": -1.0}, "scale: expected a finite number of at least 0"),
        ({"scale": np.nan}, "scale: expected a finite number of at least 0"),
        ({"scale": np.inf}, "scale: expected a finite number of at least 0"),
        ({"scale": 0.0}, "expected a number above 0 for a map that is not empty"),
        ({"ink": 1.1}, "ink: expected a number from 0 to 1"),
        ({"ink": np.nan}, "ink: expected a number from 0 to 1"),
        ({"part": "left"}, "part: expected one of both, positive, negative"),
        ({"mark": (0, 0, 3, 3)}, "mark: expected a part of 2 × 3 pixels"),
        ({"mark": (1, 1, 1, 2)}, "mark: expected a part of 2 × 3 pixels"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "values": VALUES,
        "image": GREY,
        "signed": True,
        "alt": "",
        "key": "map",
    }
    with pytest.raises(ValueError, match=message):
        relevance_view(**{**given, **change})


@pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 3, 4), (2, 3, 3, 1), (1001, 1000)], ids=str)
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="image: expected uint8 of shape"):
        image_view(np.zeros(shape, np.uint8), alt="", key="image")


# ----------------------------------------------------------------------------- mount
def script() -> None:
    import numpy as np

    from pages._ui.relevance_view import image_view, relevance_view

    image_view(np.zeros((3, 3), np.uint8), alt="The image", key="image")
    for at, signed in enumerate((True, False)):
        values = np.eye(3, dtype=np.float32)
        image = np.zeros((3, 3), np.uint8)
        relevance_view(values, image, signed=signed, alt="A map", key=f"map-{at}")


def test_several_maps_are_mounted_with_their_parts() -> None:
    page = AppTest.from_function(script).run(timeout=30)
    assert not page.exception
    assert len(page.get("bidi_component")) == 3 * 4


def test_a_floor_is_for_maps_without_sign_and_below_the_scale() -> None:
    raised = np.abs(VALUES) + 1
    seen = looked(raised, signed=False, floor=0.5)
    assert seen["floor"] == 0.5
    assert seen["ends"][0] == "0.5"
    for changes in ({"signed": True}, {"floor": 99.0}, {"floor": -1.0}):
        with pytest.raises(ValueError, match="floor: expected"):
            looked(raised, **{"signed": False, "floor": 0.5, **changes})
