"""The Python side of the network at a glance: what it refuses, packs, and whose word counts."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.glance_view import MOST_UNITS, GlanceRow, GlanceState, glance_view, payload
from pages._ui.glance_view.answer import reconcile
from pages._ui.glance_view.palette import tables
from xai.figures.colours import DIVERGING, luminance

NAME = '</script><img src=x onerror="1">'
ROWS = (
    GlanceRow("conv1", "First", np.array([0.0, 1.5, -2.0], np.float32), family="conv"),
    GlanceRow(
        NAME,
        "",
        np.array([np.nan, np.inf, 1e-30, 7.0]),
        np.array([0, 1, 2, 3]),
        note="2 × 2",
        group="Stage <b>",
        word="neuron",
    ),
)
COUNTS = {"conv1": 3, NAME: 4}
NOTHING = GlanceState(None, None)


def word(value: object, token: object = "x-1") -> dict[str, object]:
    return {"token": token, "value": value}


# -------------------------------------------------------------------------- packing
def test_values_and_marks_come_back_as_they_went() -> None:
    parts = payload.parts(ROWS, ["a", "b", "c", "d"])
    values = np.frombuffer(parts["values"].body, "<f4")
    wanted = np.concatenate([row.values for row in ROWS]).astype(np.float32)
    np.testing.assert_array_equal(values, wanted)
    assert list(parts["marks"].body) == [0, 0, 0, 0, 1, 2, 3]
    said = json.loads(parts["rows"].body)
    assert [row["layer"] for row in said["rows"]] == ["conv1", NAME]
    assert [row["title"] for row in said["rows"]] == ["First", NAME]
    assert [row["count"] for row in said["rows"]] == [3, 4]
    assert [row["marked"] for row in said["rows"]] == [False, True]
    assert said["names"] == ["a", "b", "c", "d"]
    light = np.frombuffer(base64.b64decode(said["tables"]["light"]), np.uint8)
    assert (light.reshape(-1, 3) == DIVERGING).all()
    message = parts["values"].message
    assert message[:24].decode() == parts["values"].digest
    assert message[24:] == parts["values"].body


def test_only_what_changed_is_sent_again() -> None:
    first = payload.parts(ROWS, None)
    other = payload.parts([replace(row, values=row.values * 2) for row in ROWS], None)
    assert {name for name in first if first[name] != other[name]} == {"values"}
    assert payload.parts(ROWS, None) == first
    assert "marks" not in payload.parts(ROWS[:1], None)


def test_a_large_network_travels_in_five_bytes_a_unit() -> None:
    counts = np.random.default_rng(0).integers(32, 1025, 430)
    rows = [
        GlanceRow(f"features.{at}", "", np.zeros(count), np.zeros(count, int))
        for at, count in enumerate(counts.tolist())
    ]
    parts = payload.parts(rows, None)
    assert len(parts["values"].body) == 4 * counts.sum()
    assert len(parts["marks"].body) == counts.sum()
    assert len(parts["rows"].body) < 200 * len(rows)


def test_values_beyond_the_range_of_float32_are_infinite() -> None:
    row = GlanceRow("a", "", np.array([1e300, -1e300, 2.0]))
    values = np.frombuffer(payload.parts([row], None)["values"].body, "<f4")
    assert values.tolist() == [np.inf, -np.inf, 2.0]


def test_both_papers_have_zero_in_the_middle_and_more_stands_out() -> None:
    for paper, sign in (("light", -1), ("dark", 1)):
        table = tables()[paper]
        assert table.shape == (511, 3)
        steps = sign * np.diff(luminance(table))
        assert (steps[256:] > -1e-3).all()
        assert (steps[:254] < 1e-3).all()


# ------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": (ROWS[0], ROWS[0])}, "expected layers that all differ"),
        ({"values": np.zeros((2, 2))}, r"values of conv1: expected shape \(C,\)"),
        ({"values": np.zeros(0)}, r"values of conv1: expected shape \(C,\)"),
        ({"values": np.zeros(MOST_UNITS + 1)}, "expected at most 400,000 units"),
        ({"marks": np.zeros(2, int)}, "marks of conv1: expected whole numbers"),
        ({"marks": np.zeros(3)}, "marks of conv1: expected whole numbers"),
        ({"marks": np.full(3, 4)}, "marks of conv1: expected 0 to 3"),
        ({"family": "lstm"}, "family of conv1: expected one of input, conv"),
        ({"height": 20}, "height: expected at least 160, got 20"),
        ({"scale": "layer"}, "scale: expected row, network or two numbers"),
        ({"scale": (2.0, 1.0)}, "expected low ≤ high"),
        ({"scale": (0.0, np.inf)}, "both finite"),
        ({"scale": {"conv1": (0.0, 1.0)}}, "expected a range for"),
        ({"scale": dict.fromkeys(COUNTS, (1.0, 0.0))}, "expected low ≤ high"),
        ({"names": ["a"]}, "names: expected 4, one a unit of the last row, got 1"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    (name,) = change
    given: dict[str, Any] = {"rows": ROWS, "key": "glance", "names": None}
    if name in ("values", "marks", "family"):
        given["rows"] = (replace(ROWS[0], **change), ROWS[1])
    else:
        given |= change
    with pytest.raises(ValueError, match=message):
        glance_view(**given)


# ---------------------------------------------------------------- whose word counts
def test_the_last_to_speak_wins() -> None:
    memory: dict[str, Any] = {}
    given = GlanceState("conv1", None)
    assert reconcile(memory, given, None, COUNTS) == (given, "")
    said = word(["conv1", 2])
    assert reconcile(memory, given, said, COUNTS) == (GlanceState("conv1", 2), "x-1")
    assert reconcile(memory, given, said, COUNTS)[0] == GlanceState("conv1", 2)
    # The page follows the answer, which is no news, and then chooses by itself.
    assert reconcile(memory, GlanceState("conv1", 2), said, COUNTS)[0] == GlanceState("conv1", 2)
    assert reconcile(memory, GlanceState(NAME, 0), said, COUNTS)[0] == GlanceState(NAME, 0)
    again = word(["conv1", 2], "x-2")
    assert reconcile(memory, GlanceState(NAME, 0), again, COUNTS)[0] == GlanceState("conv1", 2)


def test_what_is_gone_is_dropped() -> None:
    memory: dict[str, Any] = {}
    given = GlanceState(NAME, 3)
    assert reconcile(memory, given, None, COUNTS)[0] == given
    assert reconcile(memory, given, None, {NAME: 3})[0] == GlanceState(NAME, None)
    assert reconcile(memory, given, None, {"conv1": 3})[0] == NOTHING
    assert reconcile(memory, given, None, {})[0] == NOTHING


@pytest.mark.parametrize(
    "sent",
    [
        "conv1",
        ["conv1", 0],
        word("conv1"),
        word(["conv1"]),
        word(["conv1", 0, 0]),
        word(["conv9", 0]),
        word([["conv1"], 0]),
        word([None, None]),
        word(["conv1", 3]),
        word(["conv1", -1]),
        word(["conv1", 1.0]),
        word(["conv1", True]),
        word(["conv1", "1"]),
        word(["conv1", 0], token=""),
        word(["conv1", 0], token="x" * 65),
        word(["conv1", 0], token=7),
        {"value": ["conv1", 0]},
    ],
    ids=str,
)
def test_made_up_answers_change_nothing(sent: object) -> None:
    given = GlanceState(NAME, 1)
    assert reconcile({}, given, sent, COUNTS)[0] == given


# ---------------------------------------------------------------------------- mount
def show(**arguments: object) -> None:
    import streamlit as st

    from pages._ui.glance_view import glance_view

    st.session_state["answer"] = glance_view(**arguments)  # type: ignore[arg-type]


def shown(state: object = None, **changes: Any) -> AppTest:
    script = AppTest.from_function(show, kwargs={"rows": ROWS, "key": "glance", **changes})
    if state is not None:
        script.session_state["glance"] = state
    return script.run(timeout=30)


def test_what_the_browser_said_is_answered_in_the_same_run() -> None:
    script = shown({"selected": word([NAME, 2])}, selected=("conv1", None))
    assert not script.exception
    assert script.session_state["answer"] == GlanceState(NAME, 2)


def test_no_layer_at_all_and_a_choice_that_is_not_there_are_no_error() -> None:
    script = shown(rows=(), selected=("conv1", 1))
    assert not script.exception
    assert script.session_state["answer"] == NOTHING
    script = shown(selected=("conv1", 99), scale=(0.0, 0.0))
    assert not script.exception
    assert script.session_state["answer"] == GlanceState("conv1", None)
