"""The Python side of the drawn flow: what it sends, hears and refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from drawn_flow import opened
from streamlit.testing.v1 import AppTest

from pages._ui.flow_view import Chosen, Heard, flow_view, payload, reconcile
from xai.figures.flow_marks import Highlight, Track
from xai.figures.flow_picture import FlowPicture, picture
from xai.flow import FlowGraph, lay_out, order, unordered


def made(images: int = 30, *, seed: int = 3) -> FlowPicture:
    assigned = np.random.default_rng(seed).integers(-1, 3, (3, images))
    layers = ("one", "two", "a.very.long.name.of.a.layer")
    raw = unordered(FlowGraph(layers, assigned, (), assigned))
    found = order(raw)
    return picture(found, lay_out(found), raw, lay_out(raw))


@pytest.fixture(scope="module")
def shown() -> FlowPicture:
    return made()


# --------------------------------------------------------------------------- packing
def test_a_picture_comes_back_as_it_went(shown: FlowPicture) -> None:
    header, arrays = opened(payload.picture_part(shown).body)
    np.testing.assert_array_equal(arrays["assigned"].reshape(3, 30), shown.assigned)
    np.testing.assert_array_equal(arrays["found.tops"], shown.found.tops)
    np.testing.assert_array_equal(arrays["raw.lines"].reshape(3, 30), shown.raw.lines)
    assert np.isnan(arrays["nodeRight"]).all()
    assert header["images"] == 30
    assert header["names"] == ["one", "two", "…name.of.a.layer"]
    assert header["raw"]["crossings"] == shown.raw.crossings
    assert header["clusterNames"].count("noise") == (shown.clusters == -1).sum()


def test_of_the_mixes_only_what_is_there_travels(shown: FlowPicture) -> None:
    _, arrays = opened(payload.picture_part(shown).body)
    back = np.zeros_like(shown.flow_mix)
    for flow, group, count in arrays["flowMix"].reshape(-1, 3).tolist():
        back[flow, group] += count
    np.testing.assert_array_equal(back, shown.flow_mix)
    assert (arrays["flowMix"].reshape(-1, 3)[:, 2] > 0).all()


def test_the_same_picture_is_the_same_part(shown: FlowPicture) -> None:
    assert payload.picture_part(shown).digest == payload.picture_part(made()).digest
    assert payload.picture_part(shown).digest != payload.picture_part(made(seed=4)).digest


def test_lines_travel_as_places(shown: FlowPicture) -> None:
    sent = payload.lines_part(Highlight(np.array([4, 2, 4]), "two"), len(shown))
    assert json.loads(sent.text) == [2, 4]
    assert json.loads(payload.lines_part(Highlight(np.array([]), "none"), 30).text) == []
    with pytest.raises(ValueError, match="places in a data set of 30"):
        payload.lines_part(Highlight(np.array([30]), "beyond"), len(shown))


def test_paths_travel_as_nodes(shown: FlowPicture) -> None:
    track = Track("clean", (0, 9, -1), (np.float32(0.5), 1, 0))  # type: ignore[arg-type]
    (said,) = payload.tracks_view([track], shown)
    assert [said["nodes"][1], said["confidences"], said["image"]] == [-1, [0.5, 1, 0], None]
    for column in (0, 2):
        node = said["nodes"][column]
        assert (shown.columns[node], shown.clusters[node]) == (column, track.clusters[column])
    json.dumps(said, allow_nan=False)


def test_the_drawing_side_is_put_together_once() -> None:
    script = json.loads(payload.engine().text)["script"]
    assert script.count("export class View") == 1
    # In one scope a name may be declared once; a second one stops the whole script.
    names = [
        line.split()[1].split("(")[0]
        for line in script.splitlines()
        if line.startswith(("const ", "let ", "class ", "function "))
    ]
    assert sorted(names) == sorted(set(names))
    assert ".innerHTML" not in script


# --------------------------------------------------------------------------- answers
def said(token: str, **parts: Any) -> dict[str, Any]:
    return {"token": token, "value": {"chosen": None, "focus": None, "order": "found", **parts}}


def flow_of(shown: FlowPicture) -> Chosen:
    source, target = shown.sources[0], shown.targets[0]
    return Chosen(0, int(shown.clusters[source]), int(shown.clusters[target]))


def test_what_was_clicked_is_kept_until_the_page_says_otherwise(shown: FlowPicture) -> None:
    memory: dict[str, Any] = {}
    assert reconcile(memory, Heard(), None, shown) == (Heard(), "")
    flow = flow_of(shown)
    sent = said("a", chosen=[0, flow.cluster, flow.target], focus=0, order="raw")
    assert reconcile(memory, Heard(), sent, shown) == (Heard(flow, 0, "raw"), "a")
    assert reconcile(memory, Heard(), sent, shown) == (Heard(flow, 0, "raw"), "a")
    # The page speaks of the order alone; what else was chosen stays.
    heard, _ = reconcile(memory, Heard(order="raw"), sent, shown)
    assert heard == Heard(flow, 0, "raw")
    heard, _ = reconcile(memory, Heard(order="found"), sent, shown)
    assert heard == Heard(flow, 0, "found")
    assert reconcile(memory, Heard(), said("b"), shown) == (Heard(), "b")


@pytest.mark.parametrize(
    "parts",
    [
        {"chosen": [0, 99, None]},
        {"chosen": [99, 0, None]},
        {"chosen": [0, 0, 99]},
        {"chosen": [0, 0]},
        {"chosen": "node"},
        {"chosen": [0, True, None]},
        {"chosen": {"column": 0}},
        {"focus": 1},
        {"focus": -1},
        {"focus": 0.0},
        {"focus": True},
        {"order": "best"},
        {"order": ["raw"]},
    ],
    ids=str,
)
def test_nonsense_from_a_browser_changes_nothing(shown: FlowPicture, parts: dict[str, Any]) -> None:
    given = Heard(Chosen(0, 0), None, "found")
    memory: dict[str, Any] = {}
    wrong = {"token": "x", "value": parts}
    assert reconcile(memory, given, wrong, shown) == (given, "x")
    for value in (None, 3, [], "raw"):
        assert reconcile({}, given, {"token": "y", "value": value}, shown)[0] == given


def test_what_another_picture_lacks_is_not_chosen(shown: FlowPicture) -> None:
    memory: dict[str, Any] = {}
    fewer = made(1)
    lacking = min(set(range(3)) - set(fewer.clusters[:1].tolist()))
    reconcile(memory, Heard(), said("a", chosen=[0, lacking, None]), shown)
    assert reconcile(memory, Heard(), None, fewer)[0].chosen is None
    assert reconcile(memory, Heard(), None, shown)[0].chosen == Chosen(0, lacking)


# -------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"height": 100}, "height: expected at least 360, got 100"),
        ({"notes": ["one"]}, "notes: expected 3, one a column; got 1"),
        ({"focus": 1}, "focus: expected 0 to 0, got 1"),
        ({"order": "best"}, "order: expected one of raw, found; got 'best'"),
        ({"tracks": [Track("a", (0,))]}, "clusters: expected 3"),
    ],
)
def test_what_does_not_fit_the_picture_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flow_view(made(), key="flow", **options)


# ----------------------------------------------------------------------------- mount
def script() -> None:
    import numpy as np

    from pages._ui.flow_view import Chosen, Highlight, Track, flow_view
    from xai.figures.flow_picture import picture
    from xai.flow import FlowGraph, lay_out, unordered

    assigned = np.arange(12).reshape(2, 6) % 3
    graph = unordered(FlowGraph(("one", "two"), assigned, (), assigned))
    flow_view(
        picture(graph, lay_out(graph), graph, lay_out(graph)),
        chosen=Chosen(0, 0),
        highlight=Highlight(np.arange(3), "three"),
        tracks=(Track("clean", (0, 1)),),
        notes=("a", "b"),
        key="flow",
    )


def test_a_flow_is_mounted_with_its_parts() -> None:
    page = AppTest.from_function(script).run(timeout=30)
    assert not page.exception
    assert len(page.get("bidi_component")) == 4  # the view, its script, the picture, the lines
