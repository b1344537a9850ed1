"""Flows as files: what is written comes back, and what is no such file is refused in a sentence."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from xai.features.result import Features
from xai.flow import FlowGraph, build, files, fold, lay_out, order, read
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.files import load, schema
from xai.flow.files.contents import Contents
from xai.flow.files.document import graph_json

LAYERS = ("pixels", "features.conv1_1", "images", "a/b", "..", "%2F", "fc")
NUMBER = 40


def clusters_of(place: int, layer: str, **changes: Any) -> Clusters:
    rng = np.random.default_rng(place)
    raw = rng.normal(size=(NUMBER, 6)).astype(np.float32)
    basis = np.linalg.qr(rng.normal(size=(6, 3)))[0].astype(np.float32)
    features = Features(
        values=(raw - raw.mean(0)) @ basis,
        model="lenet5-mnist",
        layer=None if layer == "pixels" else layer,
        reduce="pca90",
        components=3,
        explained_variance=0.91,
        raw_dim=6,
        ids=tuple(f"digit-{name}-ä" for name in range(NUMBER)),
        labels=np.arange(NUMBER) % 4,
        classes=("0", "1", "2", "3", "no image"),
        dataset="mnist/test",
        notes=("Maps were averaged to 2 × 2.",),
        predicted=np.arange(NUMBER) % 3,
        confidence=rng.random(NUMBER).astype(np.float32),
        model_classes=("0", "1", "2"),
        mean=raw.mean(0),
        basis=basis,
        grid=4,
    )
    labels = np.unique(rng.integers(-1, 6, NUMBER), return_inverse=True)[1] - 1
    made = Clusters(
        labels=labels.astype(np.int64),
        method="optics",
        params=METHODS["optics"].params(min_samples=5),
        purity=0.5,
        silhouette=None,
        features=features,
        notes=('A "note".',),
        ordering=rng.permutation(NUMBER),
        reachability=np.concatenate([[np.inf], rng.random(NUMBER - 1)]),
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture(scope="module")
def graph() -> FlowGraph:
    shared = clusters_of(0, "pixels").features
    assert shared is not None
    found = {}
    for place, layer in enumerate(LAYERS):
        one = clusters_of(place, layer)
        assert one.features is not None
        # All layers are of one pass, so the network is as sure of an image in each.
        same = dataclasses.replace(one.features, confidence=shared.confidence)
        found[layer] = dataclasses.replace(one, features=same)
    return order(fold(build(found), 5))


@pytest.fixture
def written(graph: FlowGraph, tmp_path: Path) -> Path:
    place = tmp_path / "flow.h5"
    files.write(place, graph, lay_out(graph), origin=files.Origin("w" * 64, "d" * 16))
    return place


@pytest.fixture
def bare(written: Path) -> Path:
    """The same without the user block: as another program might write it, or change it."""
    place = written.with_name("bare.h5")
    with h5py.File(written, "r") as source, h5py.File(place, "w") as target:
        for name in source:
            source.copy(name, target)
        for name, value in source.attrs.items():
            target.attrs.create(name, value, dtype=source.attrs.get_id(name).dtype)
    return place


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other)
        )
    if dataclasses.is_dataclass(one):
        names = [item.name for item in dataclasses.fields(one)]
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in names
        )
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


# ------------------------------------------------------------------------ there and back
def test_a_written_file_reads_back_equal(graph: FlowGraph, written: Path) -> None:
    found = load(written)
    assert same(graph, found.graph)
    assert found.origin == files.Origin("w" * 64, "d" * 16)
    assert same(found.positions, lay_out(graph).line_positions)
    assert same(read(written.read_bytes()), graph)
    assert list(written.parent.iterdir()) == [written]


def test_equal_flows_make_equal_files(graph: FlowGraph, written: Path, tmp_path: Path) -> None:
    found = load(written)
    again = tmp_path / "again.h5"
    files.write(again, found.graph, lay_out(found.graph), origin=found.origin)
    assert again.read_bytes() == written.read_bytes()


def test_a_download_is_the_same_flow(graph: FlowGraph) -> None:
    content = files.content(graph, lay_out(graph), origin=files.Origin("w"))
    assert same(load(content).graph, graph)


def test_the_schema_is_the_one_that_is_told(graph: FlowGraph, written: Path) -> None:
    with h5py.File(written, "r") as file:
        assert (file.attrs["format"], file.attrs["version"]) == (b"layerscope-flow", 1)
        assert set(file) == {
            *("images", "pixels", "features.conv1_1", "%69mages"),
            *("a%2Fb", "%2E%2E", "%252F", "fc"),
        }
        layer = file["fc"]
        assert np.array_equal(layer["clusters"][:], graph.clusters[6].labels)
        assert np.array_equal(layer["nodes"][:], graph.assigned[6])
        assert np.array_equal(layer["order"][:], graph.lines[6])
        told = lay_out(graph)
        assert np.array_equal(layer["positions"][:], told.line_positions[6])
        assert np.allclose(layer["extents"][:], np.stack([told.tops[6], told.bottoms[6]], 1))
        assert json.loads(layer["clusters"].attrs["params"])["min_samples"] == 5
        assert json.loads(layer["clusters"].attrs["measures"])["purity"] == 0.5
        tables = [name for name in schema.__doc__.split() if name.startswith("``/<layer>/")]
        documented = {name.strip("`").rpartition("/")[2] for name in tables}
        assert set(layer) | {"activations"} == documented


def test_without_what_is_unknown(tmp_path: Path) -> None:
    labels = np.array([0, 0, -1], np.int64)
    plain = build({"x": Clusters(labels, "kmeans", METHODS["kmeans"].params())})
    files.write(tmp_path / "plain.h5", plain)
    found = load(tmp_path / "plain.h5")
    assert same(found.graph, plain)
    assert found.positions is None
    assert found.graph.labels is None
    assert found.graph.clusters[0].features is None


def test_group_names_differ_where_layers_do() -> None:
    names = ("a/b", "a%2Fb", ".", "..", "", "%", "images", "%69mages", "a\0", "a", "x.y")
    groups = [schema.group_name(name) for name in names]
    assert len(set(groups)) == len(names)
    assert not any("/" in name or "\0" in name or not name.strip(".") for name in groups)


def test_whose_file_it_is(written: Path) -> None:
    def of(name: str, sha256: str) -> Any:
        return SimpleNamespace(spec=SimpleNamespace(name=name, label=name, sha256=sha256))

    found = load(written)
    assert found.objection(of("lenet5-mnist", "w" * 64)) == ""
    assert "other weights" in found.objection(of("lenet5-mnist", "0" * 64))
    assert "lenet5-mnist" in found.objection(of("vgg16-mnist", "w" * 64))


# -------------------------------------------------------------------------- activations
def batches(sizes: tuple[int, ...]) -> list[tuple[int, dict[str, np.ndarray]]]:
    rows = np.arange(NUMBER * 50, dtype=np.float32).reshape(NUMBER, 50)
    starts = np.cumsum([0, *sizes])[:-1]
    return [(int(at), {"fc": rows[at : at + size]}) for at, size in zip(starts, sizes, strict=True)]


def test_activations_come_batch_by_batch(graph: FlowGraph, tmp_path: Path) -> None:
    place = tmp_path / "flow.h5"
    files.write(place, graph, activations=iter(batches((16, 16, 8))))
    found = files.load_activations(place, "fc")
    assert found.dtype == np.float32
    assert np.array_equal(found, np.arange(NUMBER * 50).reshape(NUMBER, 50))
    with h5py.File(place, "r") as file:
        stored = file["fc/activations"]
        assert stored.chunks is not None
        assert stored.compression == "gzip"
    with pytest.raises(ValueError, match="expected an array, got nothing"):
        files.load_activations(place, "pixels")
    with pytest.raises(ValueError, match="expected one of pixels"):
        files.load_activations(place, "conv9")


def test_no_image_is_left_out_of_the_activations(graph: FlowGraph, tmp_path: Path) -> None:
    first, _, last = batches((16, 16, 8))
    with pytest.raises(ValueError, match="expected image 16 of 40 next"):
        files.write(tmp_path / "flow.h5", graph, activations=[first, last])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sizes", [(16, 16), (16, 16, 16), (41,)])
def test_activations_of_other_images_leave_no_file(
    graph: FlowGraph, tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    given = batches(sizes)
    if sum(sizes) > NUMBER:
        start, _ = given[-1]
        given[-1] = (start, {"fc": np.zeros((sizes[-1], 50), np.float32)})
    with pytest.raises(ValueError, match="activations: expected"):
        files.write(tmp_path / "flow.h5", graph, activations=given)
    assert list(tmp_path.iterdir()) == []


def test_pieces_are_small_however_wide_a_layer_is() -> None:
    for shape in ((100_000, 10), (1, 10_000_000), (2_000, 4_096), (3, 1), (5,)):
        found = schema.chunks(shape, 4)
        assert all(1 <= side <= whole for side, whole in zip(found, shape, strict=True))
        assert 4 * np.prod(found) <= schema.CHUNK


def test_a_file_that_cannot_be_written(graph: FlowGraph, tmp_path: Path) -> None:
    place = tmp_path / "none" / "flow.h5"
    with pytest.raises(OSError, match="No such file") as caught:
        files.write(place, graph)
    assert caught.value.filename == str(place)


def test_an_interrupted_write_keeps_the_old_file(graph: FlowGraph, written: Path) -> None:
    before = written.read_bytes()

    def stopping() -> Any:
        yield batches((16,))[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write(written, graph, activations=stopping())
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_what_no_file_can_hold(graph: FlowGraph, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without them"):
        files.write(tmp_path / "x.h5", dataclasses.replace(graph, clusters=()))
    with pytest.raises(ValueError, match="at most 4,096 bytes"):
        files.write(tmp_path / "x.h5", dataclasses.replace(graph, classes=("x" * 5_000,)))
    with pytest.raises(TypeError, match="graph: expected a FlowGraph, got NoneType"):
        files.write(tmp_path / "x.h5", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="layout: expected a FlowLayout, got dict"):
        files.write(tmp_path / "x.h5", graph, {})  # type: ignore[arg-type]
    three, four = (
        build({"x": Clusters(np.zeros(number, np.int64), "kmeans", METHODS["kmeans"].params())})
        for number in (3, 4)
    )
    with pytest.raises(ValueError, match="layout: expected that of the graph"):
        files.write(tmp_path / "x.h5", three, lay_out(four))
    other = lay_out(build({layer: clusters_of(9, layer) for layer in LAYERS}))
    with pytest.raises(ValueError, match="layout: expected that of the graph"):
        files.write(tmp_path / "x.h5", graph, other)
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------------- damaged files
def test_every_cut_and_every_flip_is_noticed(written: Path) -> None:
    content = written.read_bytes()
    rng = np.random.default_rng(0)
    for length in (0, 4, 100, 512, 600, len(content) - 1, *rng.integers(len(content), size=20)):
        with pytest.raises(ValueError, match=r"^flow file: .{10,200}$"):
            load(content[: int(length)])
    for place in rng.integers(600, len(content), 20):
        changed = bytearray(content)
        changed[place] ^= 0x40
        with pytest.raises(ValueError, match="cut off or changed"):
            load(bytes(changed))


def test_damage_without_a_checksum_is_a_sentence_or_harmless(bare: Path) -> None:
    content = bare.read_bytes()
    rng = np.random.default_rng(1)
    refused = []
    for _ in range(25):
        changed = bytearray(content)
        changed[rng.integers(8, 20_000)] ^= 0xFF
        try:
            load(bytes(changed))
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 2
    assert all(said.startswith("flow file: ") and "\n" not in said for said in refused)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "another kind of file"),
        (b"PK\x03\x04 a zip", "another kind of file"),
        (b"layerscope-flow 2\nsha256 0\n", "layerscope-flow 1, got layerscope-flow 2"),
        (b"layerscope-flow 1\nsha256 0\n", "cut off or changed"),
        (schema.SIGNATURE + bytes(2_000), "damaged"),
    ],
)
def test_what_is_no_flow(content: bytes, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        load(content)


def test_no_file_and_a_huge_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.h5")
    huge = tmp_path / "huge.h5"
    with huge.open("wb") as file:
        file.truncate(schema.MOST_FILE + 1)  # sparse: it takes no room
    with pytest.raises(ValueError, match="at most 2,048 MB"):
        load(huge)


# -------------------------------------------------------------------------- changed files
def again(group: Any, name: str, values: Any, **how: Any) -> None:
    """Put another array in the place of one; its attributes stay."""
    attributes = {
        key: (value, group[name].attrs.get_id(key).dtype)
        for key, value in group[name].attrs.items()
    }
    del group[name]
    made = group.create_dataset(name, data=values, **how)
    for key, (value, dtype) in attributes.items():
        made.attrs.create(key, value, dtype=dtype)


def put(name: str, change: Callable[[np.ndarray], Any], **how: Any) -> Callable[[Any], None]:
    def apply(file: Any) -> None:
        again(file, name, change(file[name][()]), **how)

    return apply


def set_text(place: str, name: str, text: str) -> Callable[[Any], None]:
    return lambda file: file[place].attrs.create(name, np.bytes_(text.encode()))


def set_recipe(**changes: Any) -> Callable[[Any], None]:
    def apply(file: Any) -> None:
        known = json.loads(file["fc/features"].attrs["recipe"])
        set_text("fc/features", "recipe", json.dumps(known | changes))(file)

    return apply


def link(kind: str) -> Callable[[Any], None]:
    def apply(file: Any) -> None:
        soft = kind == "soft"
        file.move("fc/clusters", "hidden")
        file["fc/clusters"] = (
            h5py.SoftLink("/hidden") if soft else h5py.ExternalLink("other.h5", "/hidden")
        )

    return apply


def elsewhere(file: Any) -> None:
    del file["fc/order"]
    file["fc"].create_dataset("order", (NUMBER,), "<i8", external=[("raw.bin", 0, 8 * NUMBER)])


def virtual(file: Any) -> None:
    del file["fc/order"]
    layout = h5py.VirtualLayout((NUMBER,), "<i8")
    layout[:] = h5py.VirtualSource("other.h5", "order", shape=(NUMBER,))
    file["fc"].create_virtual_dataset("order", layout)


def bomb(file: Any) -> None:
    """Promise a terabyte that takes no room."""
    recipe = file["fc/features"].attrs["recipe"]
    del file["fc/features"]
    made = file["fc"].create_dataset(
        "features", (NUMBER, 2**33), "<f4", chunks=(1, 2**14), compression="gzip"
    )
    made.attrs.create("recipe", np.bytes_(recipe))


def large_pieces(file: Any) -> None:
    del file["fc/order"]
    file["fc"].create_dataset(
        "order",
        data=np.arange(NUMBER),
        chunks=(2**20,),
        maxshape=(None,),
        compression="gzip",
    )


def stuffed_piece(file: Any) -> None:
    """Store a piece that is far longer than what its array declares."""
    del file["fc/order"]
    made = file["fc"].create_dataset(
        "order", (NUMBER,), "<i8", chunks=(NUMBER,), compression="gzip"
    )
    made.id.write_direct_chunk((0,), bytes(1_000_000))


def deflated_twice(file: Any) -> None:
    """Each time a thousandth remains."""
    del file["fc/order"]
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((NUMBER,))
    for _ in range(2):
        plan.set_deflate(9)
    space = h5py.h5s.create_simple((NUMBER,))
    h5py.h5d.create(file["fc"].id, b"order", h5py.h5t.STD_I64LE, space, plan)


CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "another program": (lambda file: file.attrs.pop("format"), "another program"),
    "another version": (lambda file: file.attrs.modify("version", 2), "layerscope-flow 2"),
    "another schema": (set_text("/", "format", "tables"), "got tables 1"),
    "no layers": (lambda file: file.attrs.create("layers", np.array([], "S1")), "1 to 200 layers"),
    "a layer twice": (
        lambda file: file.attrs.create("layers", np.array([b"fc", b"fc"])),
        "each layer once",
    ),
    "a layer missing": (lambda file: file.pop("fc"), "/fc: expected a group, got nothing"),
    "layers exchanged": (set_text("fc", "name", "fd"), "as layer 6, fc"),
    "no clusters": (lambda file: file.pop("fc/clusters"), "got nothing of that name"),
    "a group for an array": (
        lambda file: (file.pop("fc/order"), file["fc"].create_group("order")),
        "expected an array, got a group",
    ),
    "clusters of another type": (put("fc/clusters", lambda a: a.astype("<i4")), "int64, got int32"),
    "clusters as objects": (
        put("fc/clusters", lambda a: [b"x"] * len(a), dtype=h5py.string_dtype()),
        "int64, got object",
    ),
    "fewer clusters": (put("fc/clusters", lambda a: a[:-1]), "the shape"),
    "clusters in two dimensions": (put("fc/clusters", lambda a: a[:, None]), "the shape"),
    "a cluster of a huge number": (put("fc/clusters", lambda a: a + 2**40), "-1 to 39"),
    "clusters with a gap": (
        put("fc/clusters", lambda a: np.where(a == 0, 30, a)),
        "numbered from 0",
    ),
    "nodes that are no clusters": (put("fc/nodes", lambda a: a[::-1]), "as its clusters"),
    "an order of one image": (put("fc/order", lambda a: a * 0), "each image once"),
    "an order apart": (put("fc/order", lambda a: np.arange(len(a))), "together"),
    "a short sequence": (put("fc/sequence", lambda a: a[:-1]), "each node of /fc once"),
    "reachability of no number": (put("fc/reachability", lambda a: a * np.nan), "reachability"),
    "labels of no class": (put("images/labels", lambda a: a + 5), "true classes: expected 0 to 4"),
    "an unknown prediction": (put("images/predicted", lambda a: a - 1), "predicted classes"),
    "a probability of two": (put("images/confidence", lambda a: a + 2), "probabilities"),
    "neither right nor wrong": (put("images/right", lambda a: a + 2), "right or wrong"),
    "an id missing": (put("images/ids", lambda a: a[:-1]), "a name for each"),
    "ids of no text": (put("images/ids", lambda a: np.array([b"\xff"] * len(a))), "UTF-8"),
    "features of no number": (put("fc/features", lambda a: a * np.inf), "finite features"),
    "fewer features": (put("fc/features", lambda a: a[:, :1]), "as many components"),
    "no basis": (lambda file: file.pop("fc/basis"), "a mean and a basis"),
    "another basis": (put("fc/basis", lambda a: a.T), "the shape"),
    "another method": (set_text("fc/clusters", "method", "guess"), "expected one of optics"),
    "another parameter": (set_text("fc/clusters", "params", '{"x": 1}'), "params: expected"),
    "a parameter out of range": (
        set_text("fc/clusters", "params", '{"min_samples": -1}'),
        "min_samples: expected 0",
    ),
    "parameters of no kind": (
        set_text("fc/clusters", "params", '{"min_samples": []}'),
        "plain parameters",
    ),
    "no JSON": (set_text("fc/clusters", "measures", "{"), "expected JSON"),
    "deep JSON": (set_text("fc/clusters", "measures", "[" * 50_000), "expected JSON"),
    "no number": (set_text("fc/clusters", "measures", '{"purity": NaN}'), "expected JSON"),
    "other measures": (set_text("fc/clusters", "measures", '{"purity": 1}'), "the measures"),
    "notes that are numbers": (set_text("fc/clusters", "notes", "[1]"), "expected texts"),
    "a recipe of another kind": (
        set_text("fc/features", "recipe", '{"reduce": 1}'),
        "the recipe",
    ),
    "features of nothing": (
        set_recipe(explained_variance=0),
        "a share of the variance in (0, 1]",
    ),
    "a grid below nothing": (set_recipe(grid=-1), "a grid of at least 0"),
    "neither mean nor basis, and fewer features than answers": (
        lambda file: (file.pop("fc/mean"), file.pop("fc/basis")),
        "features as wide as the answers",
    ),
    "a long method": (set_text("fc/clusters", "method", "x" * 60_100), "at most 60,000"),
    "a soft link": (link("soft"), "a link to another place"),
    "an external link": (link("external"), "a link to another place"),
    "external storage": (elsewhere, "lies in another"),
    "a virtual array": (virtual, "lies in another"),
    "a bomb": (bomb, "at most 512 MB"),
    "large pieces": (large_pieces, "pieces of at most"),
    "a stuffed piece": (stuffed_piece, "pieces of at most"),
    "compression of compression": (deflated_twice, "another kind of compression"),
    "another compression": (
        put("fc/order", lambda a: a, compression="lzf"),
        "another kind of compression",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit_is_refused_in_a_sentence(bare: Path, name: str) -> None:
    change, match = CHANGES[name]
    with h5py.File(bare, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match="flow file: ") as caught:
        load(bare)
    assert match in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_without_a_user_block_it_is_read_as_well(bare: Path, graph: FlowGraph) -> None:
    assert same(read(bare), graph)


def test_an_array_in_too_many_pieces_is_refused(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai.flow.files.contents.MOST_CHUNKS", 3)
    with h5py.File(bare, "r+") as file:
        again(file, "fc/order", file["fc/order"][()], chunks=(NUMBER // 4,))
    with pytest.raises(ValueError, match="/fc/order: expected at most 3 pieces, got more"):
        load(bare)


def test_an_attribute_is_small(tmp_path: Path) -> None:
    place = tmp_path / "large.h5"
    # Of the latest kind: earlier ones hold no more than 64 kB.
    with h5py.File(place, "w", libver="latest") as file:
        file.attrs.create("format", np.bytes_(schema.FORMAT))
        file.attrs["version"] = schema.VERSION
        file.attrs.create("layers", np.array([b"a"] * 200_000))
    with pytest.raises(ValueError, match="layers: expected a small attribute, got a large one"):
        load(place)


def test_what_is_read_is_bounded_together(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xai.flow.files.contents.MOST_BYTES", 10_000)
    with h5py.File(bare, "r") as file:
        contents = Contents(file)
        for _ in range(31):
            contents.array(file["fc"], "order", "<i8", (NUMBER,))
        with pytest.raises(ValueError, match="to read, got more"):
            contents.array(file["fc"], "order", "<i8", (NUMBER,))


# ---------------------------------------------------------------------------------- JSON
def test_the_graph_as_json(graph: FlowGraph) -> None:
    layout = lay_out(graph)
    found = json.loads(graph_json(graph, layout))
    assert found["layers"] == list(LAYERS)
    assert found["order"] == graph.lines.tolist()
    assert found["images"] == list(graph.ids)
    nodes = [node for column in graph.nodes for node in column]
    assert [node["cluster"] for node in found["nodes"]] == [node.cluster for node in nodes]
    for told, node in zip(found["nodes"], nodes, strict=True):
        assert told["size"] == sum(told["counts"]) == len(node)
        assert told["bottom"] - told["top"] == pytest.approx(len(node), abs=0.01)
    # A flow takes all images of a column along.
    for column in range(len(LAYERS) - 1):
        sizes = [flow["size"] for flow in found["flows"] if flow["column"] == column]
        assert sum(sizes) == NUMBER
    assert np.allclose(found["positions"], layout.line_positions, atol=0.001)
    assert "positions" not in json.loads(graph_json(graph))
