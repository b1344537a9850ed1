"""The cluster-flow page as a test sees it: what its drawing is told, and what is clicked in it."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow
from streamlit.testing.v1 import AppTest

from xai import flow
from xai.flow import FlowGraph

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Files = dict[str, Any]

PAGE = "cluster_flow"
LAYERS = ("relu2", "relu4", "fc3")
DIGITS = {
    **{"data": "mnist", "model": "lenet5-mnist", "flow.n": "250"},
    "flow.layers": ",".join(LAYERS),
}
#: Nodes of a column that are shown unless somebody asks otherwise.
MOST = 16
DRAWING, GALLERY = "flow-drawing", "flow-gallery"
_FLOAT, _WHOLE = "<f4", "<i4"
#: Flows that a test asked for, by what they depend on: several ask for the same.
_FOUND: dict[tuple[object, ...], FlowGraph] = {}


@dataclass(frozen=True, eq=False)
class Drawing:
    """What the drawing is told.

    Attributes
    ----------
    view : dict
        The small message.
    header : dict
        Of the picture.
    arrays : dict of str to ndarray
        Those of the picture.
    lines : list of int, or None
        The images whose lines are drawn; None where all are.
    """

    view: dict[str, Any]
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    lines: list[int] | None

    @property
    def assigned(self) -> np.ndarray:
        """The node of each image in each column, (L, N)."""
        return self.arrays["assigned"].reshape(len(self.header["layers"]), -1)

    @property
    def clusters(self) -> np.ndarray:
        """The cluster of each image in each column, (L, N)."""
        return self.arrays["clusters"][self.assigned]

    @property
    def tracks(self) -> dict[str, dict[str, Any]]:
        """Paths of single images, by their names."""
        return {track["label"]: track for track in self.view["tracks"]}

    def path(self, label: str) -> list[int]:
        """Return the clusters that a path passes."""
        found: list[int] = self.arrays["clusters"][self.tracks[label]["nodes"]].tolist()
        return found


def opened(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return header and arrays of a packed picture."""
    end = 8 + int(body[:8])
    header = json.loads(body[8:end])
    arrays, at = {}, end
    for name, kind, size in header["arrays"]:
        arrays[name] = np.frombuffer(body, {"f": _FLOAT, "i": _WHOLE}[kind], size, at)
        at += 4 * size
    assert at == len(body)
    return header, arrays


def drawing(at: AppTest) -> Drawing:
    """Return what the drawing of a page is told; there must be one."""
    (found,) = drawings(at)
    return found


def drawings(at: AppTest) -> list[Drawing]:
    """Return what the drawings of a page are told: one, or none as long as work goes on."""
    elements = [element.proto for element in at.get("bidi_component")]
    parts = {bytes(one.bytes[:24]): bytes(one.bytes[24:]) for one in elements}
    found = []
    for element in elements:
        if element.id.endswith(f"-{DRAWING}"):
            view = json.loads(element.json)
            lines = parts[view["lines"].encode()] if "lines" in view else None
            picture = opened(parts[view["picture"].encode()])
            found.append(Drawing(view, *picture, None if lines is None else json.loads(lines)))
    return found


def gallery(at: AppTest) -> dict[str, Any] | None:
    """Return what the gallery below the drawing is told, None if there is none."""
    elements = [element.proto for element in at.get("bidi_component")]
    found = [json.loads(one.json) for one in elements if one.id.endswith(f"-{GALLERY}")]
    return found[0] if found else None


def answer(
    at: AppTest, *, chosen: Any = None, focus: int | None = None, order: str = "found"
) -> AppTest:
    """Answer as the drawing does when something in it is clicked, and run the page."""
    value = {"chosen": chosen, "focus": focus, "order": order}
    at.session_state[DRAWING] = {"heard": {"token": uuid.uuid4().hex, "value": value}}
    return at.run()


def pick(at: AppTest, name: str) -> AppTest:
    """Click an image of the gallery, and run the page as often as it asks to."""
    at.session_state[GALLERY] = {"pick": name}
    return at.run()


def expected(
    at: AppTest,
    count: int = 250,
    layers: tuple[str, ...] = LAYERS,
    *,
    least: int = 0,
    most: int | None = MOST,
    noise: str = "free",
    **recipe: Any,
) -> FlowGraph:
    """Return the flow of the page's images, without a job and without a store."""
    bench = at.session_state["_bench"]
    images = bench.sample(count)
    key = (bench.model_name, images.signature, layers, repr(recipe))
    if key not in _FOUND:
        _FOUND[key] = flow.flow_of(bench.model, images, layers, **recipe)
    return flow.order(flow.fold(_FOUND[key], least, most=most), noise=noise)


def same(seen: Drawing, graph: FlowGraph) -> None:
    """Check that a drawing is that of a graph: its nodes, their order, and what crosses."""
    assert seen.header["layers"] == list(graph.layers)
    np.testing.assert_array_equal(seen.clusters, graph.assigned)
    for column, sequence in enumerate(graph.sequence):
        here = seen.arrays["columns"] == column
        falling = seen.arrays["found.tops"][here].argsort()
        assert seen.arrays["clusters"][here][falling].tolist() == list(sequence)
    for name, one in (("found", graph), ("raw", flow.unordered(graph))):
        assert seen.header[name]["crossings"] == flow.crossings(one)
        assert seen.header[name]["lineCrossings"] == flow.line_crossings(one)


def button(at: AppTest, word: str) -> Any:
    """Return the one button whose label begins with a word."""
    (found,) = [item for item in at.button if item.label.startswith(word)]
    return found


def complaints(at: AppTest) -> list[str]:
    """Return what the page says of a link that asks for what there is not."""
    return [item.value for item in at.info if "The link asks" in item.value]


def charted(at: AppTest, place: int) -> list[dict[str, Any]]:
    """Return the rows behind a chart of the page."""
    tables = at.get("vega_lite_chart")[place].proto.datasets
    return [
        row
        for table in tables
        for row in pyarrow.ipc.open_stream(table.data.data).read_all().to_pylist()
    ]


def table(files: Files, name: str) -> list[dict[str, str]]:
    """Return the rows of a table that the page offers."""
    return list(csv.DictReader(io.StringIO(files[name])))
