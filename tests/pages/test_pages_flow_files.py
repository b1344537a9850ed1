"""Flows as files on the cluster-flow page: taken away, brought back, refused."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_flow import (
    DIGITS,
    PAGE,
    Check,
    Drawing,
    Files,
    Run,
    Visit,
    Words,
    answer,
    button,
    drawing,
    drawings,
    expected,
    gallery,
    same,
)
from streamlit.testing.v1 import AppTest

from xai import __main__ as command_line
from xai import flow
from xai.flow import files as flow_files
from xai.flow.files import Origin

TWO = DIGITS | {"flow.layers": "relu4,fc3", "ask.flow": "files"}
STEM = "mnist-lenet5-mnist-flow"
KIND = "application/x-hdf5"


@pytest.fixture
def taken(visit: Visit, files: Files) -> bytes:
    """Return what the page offers as a file: 250 digits in two layers."""
    visit(PAGE, TWO)
    content: bytes = files[f"{STEM}.h5"]()
    return content


def bring(at: AppTest, content: bytes, settle: Run, name: str = "mine.h5") -> AppTest:
    """Open a file in the page."""
    (uploader,) = [item for item in at.file_uploader if item.key.startswith("flow_file")]
    uploader.set_value((name, content, KIND)).run()
    return settle(at)


def as_before(seen: Drawing, before: Drawing) -> None:
    assert seen.view["picture"] == before.view["picture"]
    assert seen.view["notes"] == before.view["notes"]


# ------------------------------------------------------------------------- taken, brought
def test_what_is_taken_is_what_is_drawn(visit: Visit, calm: Check, files: Files) -> None:
    at = visit(PAGE, TWO)
    calm(at)
    graph = expected(at, layers=("relu4", "fc3"))
    back = flow.read(files[f"{STEM}.h5"]())
    np.testing.assert_array_equal(back.assigned, graph.assigned)
    assert (back.layers, back.sequence, back.ids) == (graph.layers, graph.sequence, graph.ids)
    np.testing.assert_array_equal(back.lines, graph.lines)
    told = json.loads(files[f"{STEM}.json"]())
    assert json.dumps(told).count('"source"') == sum(map(len, graph.flows))
    picture = files[f"{STEM}.svg"]()
    assert picture.startswith("<svg")
    assert "relu4" in picture


def test_a_file_opens_again_as_the_same_drawing(
    visit: Visit, settle: Run, calm: Check, said: Words, files: Files, taken: bytes
) -> None:
    at = visit(PAGE, TWO)
    before = drawing(at)
    # Another session, which looks at something else.
    at = bring(visit(PAGE, TWO | {"flow.by": "kmeans"}), taken, settle)
    calm(at)
    as_before(drawing(at), before)
    assert "This flow was read from a file: 250 images in 2 layers of lenet5-mnist." in said(at)
    # Its pictures are those of the data set, and an image can be followed through it.
    answer(at, chosen=[1, 0, None])
    shown, graph = gallery(at), flow.read(taken)
    assert shown is not None
    assert shown["ids"] == [graph.ids[place] for place in graph.node(1, 0).members]
    settle(at.button_group(key="flow.show").set_value("image").run())
    calm(at)
    bench = at.session_state["_bench"]
    found = flow.path(graph, bench.model, bench.input)
    assert drawing(at).path("clean") == [step.cluster for step in found]
    for question in ("parting", "derailment", "path", "quality", "files"):
        settle(at.button_group(key="ask.flow").set_value(question).run())
        calm(at)
    # What was read is offered as it was, with what it was made of.
    again, first = flow_files.load(files[f"{STEM}.h5"]()), flow_files.load(taken)
    assert (again.graph.sequence, again.origin) == (graph.sequence, first.origin)
    assert first.origin.weights


def test_a_closed_file_stays_closed_and_opens_again(
    visit: Visit, settle: Run, calm: Check, taken: bytes
) -> None:
    at = bring(visit(PAGE, TWO | {"flow.by": "kmeans"}), taken, settle)
    opened = drawing(at)
    settle(button(at, "Close the file").click().run())
    calm(at)
    assert "Close the file" not in [item.label for item in at.button]
    same(drawing(at), expected(at, layers=("relu4", "fc3"), method="kmeans"))
    settle(at.run())
    assert "Close the file" not in [item.label for item in at.button]
    as_before(drawing(bring(at, taken, settle)), opened)


def test_an_opened_file_outlives_a_change_of_page(
    visit: Visit, settle: Run, calm: Check, taken: bytes
) -> None:
    at = bring(visit(PAGE, TWO | {"flow.by": "kmeans"}), taken, settle)
    opened = drawing(at)
    visit("architecture", at=at)
    at = visit(PAGE, at=at)
    calm(at)
    as_before(drawing(at), opened)
    settle(button(at, "Close the file").click().run())
    assert at.query_params["flow.by"] == "kmeans"


def test_another_session_sees_nothing_of_an_opened_file(
    visit: Visit, settle: Run, said: Words, taken: bytes
) -> None:
    bring(visit(PAGE, TWO | {"flow.by": "kmeans"}), taken, settle)
    other = visit(PAGE, TWO | {"flow.by": "kmeans"})
    assert "read from a file" not in said(other)
    same(drawing(other), expected(other, layers=("relu4", "fc3"), method="kmeans"))


def test_pictures_of_a_file_are_those_of_the_session(
    visit: Visit, settle: Run, calm: Check, said: Words, taken: bytes
) -> None:
    asked = {"data": "photos", "model": "efficientnet-lite0", "flow.layers": "fc"}
    one = visit(PAGE, asked | {"ask.flow": "files"})
    answer(bring(one, taken, settle), chosen=[1, 0, None])
    calm(one)
    assert "holds no pictures" in said(one)
    assert gallery(one) is None
    # A session that has the digits sees them, though the drawing is the same.
    two = answer(bring(visit(PAGE, TWO), taken, settle), chosen=[1, 0, None])
    assert gallery(two) is not None
    # And so does the first, once it has them.
    settle(one.selectbox(key="data").set_value("mnist").run())
    calm(one)
    assert gallery(one) == gallery(two)


# --------------------------------------------------------------------------- of other models
def test_through_a_file_of_another_model_nothing_is_followed(
    visit: Visit, settle: Run, calm: Check, said: Words, taken: bytes
) -> None:
    at = visit(PAGE, TWO | {"model": "vgg16-mnist", "flow.layers": "pixels"})
    bring(at, taken, settle)
    calm(at)
    label = at.session_state["_bench"].spec.label
    assert f"The file was made with lenet5-mnist, not with {label}." in said(at)
    not_followed(at, settle, calm, "The file was made with lenet5-mnist")


def test_through_a_file_of_other_weights_nothing_is_followed(
    visit: Visit, settle: Run, calm: Check, taken: bytes
) -> None:
    known = flow_files.load(taken)
    other = flow_files.content(
        known.graph, flow.lay_out(known.graph), origin=Origin("0" * 64, known.origin.data)
    )
    at = bring(visit(PAGE, TWO), other, settle)
    calm(at)
    not_followed(at, settle, calm, "The file was made with other weights")


def not_followed(at: AppTest, settle: Run, calm: Check, why: str) -> None:
    """Check that a page tells why no image is followed, and draws none."""
    settle(at.button_group(key="flow.show").set_value("image").run())
    settle(at.button_group(key="ask.flow").set_value("path").run())
    calm(at)
    assert drawing(at).view["tracks"] == []
    assert any(why in item.value for item in at.info)
    assert not any("It ends in" in item.value for item in at.markdown)


def test_pictures_of_the_same_names_are_not_shown_for_others(
    visit: Visit, settle: Run, calm: Check, said: Words, taken: bytes
) -> None:
    known = flow_files.load(taken)
    other = flow_files.content(
        known.graph, flow.lay_out(known.graph), origin=Origin(known.origin.weights, "another")
    )
    at = answer(bring(visit(PAGE, TWO), other, settle), chosen=[0, 0, None])
    calm(at)
    assert gallery(at) is None
    assert "holds no pictures" in said(at)


# ------------------------------------------------------------------------------ what is wrong
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda good: b"", "another kind of file"),
        (lambda good: b"\x89PNG\r\n\x1a\n" + bytes(600), "another kind of file"),
        (lambda good: good[: len(good) // 2], "cut off or changed"),
        (lambda good: good[:5000] + bytes([good[5000] ^ 1]) + good[5001:], "cut off or changed"),
        (lambda good: good.replace(b"layerscope-flow 1", b"layerscope-flow 7", 1), "got"),
        (lambda good: b"\x89HDF\r\n\x1a\n" + bytes(2000), "damaged"),
    ],
    ids=["empty", "picture", "half", "changed", "version", "hdf5"],
)
def test_a_bad_file_is_refused_with_a_sentence(
    spoil: Any, sentence: str, visit: Visit, settle: Run, said: Words, calm: Check, taken: bytes
) -> None:
    at = visit(PAGE, TWO)
    before = drawing(at)
    bring(at, spoil(taken), settle)
    assert [item.message for item in at.exception] == []
    (error,) = at.error
    assert sentence in error.value
    assert error.value.startswith("flow file:")
    as_before(drawing(at), before)
    # A good one after it opens.
    bring(at, taken, settle)
    calm(at)
    assert "This flow was read from a file" in said(at)


def test_a_file_on_the_machine_is_opened_by_its_path(
    visit: Visit, settle: Run, calm: Check, taken: bytes, tmp_path: Path
) -> None:
    place = tmp_path / "large.h5"
    place.write_bytes(taken)
    at = visit(PAGE, TWO | {"flow.by": "kmeans"})
    (field,) = [item for item in at.text_input if item.key.startswith("flow_path")]
    for wrong in (tmp_path / "none.h5", tmp_path, "~nobody-here/x.h5", "\0", "/dev/zero"):
        at.text_input(key=field.key).set_value(str(wrong)).run()
        settle(at)
        assert [item.message for item in at.exception] == []
        assert len(at.error) == 1
        assert len(drawings(at)) == 1
    at.text_input(key=field.key).set_value(str(place)).run()
    settle(at)
    calm(at)
    graph = flow.read(taken)
    assert drawing(at).header["layers"] == list(graph.layers)
    np.testing.assert_array_equal(drawing(at).clusters, graph.assigned)


# ------------------------------------------------------------------------- without a browser
def test_the_command_line_gives_the_same_flow(
    visit: Visit, calm: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {"flow.by": "hdbscan", "flow.hdbscan.min_cluster_size": "9"}
    at = visit(PAGE, TWO | recipe)
    calm(at)
    (code,) = at.code
    words = shlex.split(code.value)
    assert words[:3] == ["python", "-m", "xai"]
    words[words.index("flow.h5")] = str(tmp_path / "flow.h5")
    monkeypatch.setattr(sys, "argv", words[2:])
    assert command_line.main() == 0
    same(drawing(at), flow.read(tmp_path / "flow.h5"))
