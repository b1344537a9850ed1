"""Files that leave the house: read back by other programs, they say the same."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import h5py
import numpy as np
import pytest

from xai.embedding import Embedding, Features, features, run
from xai.embedding.export import COLUMNS, csv_text, hdf5_bytes, npz_bytes

NASTY = (
    '=HYPERLINK("http://x")',
    "+1",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "  =1+1",
    "＝1",
    'with "quotes"',
    "with, comma",
    "two\nlines",
    "Größe, 日本語 🦜",
    " padded ",
    "",
)


@pytest.fixture(scope="module")
def layer(lenet, digits) -> Features:
    return features(lenet, digits.subset(np.arange(60)), "fc2")


@pytest.fixture(scope="module")
def drawn(layer) -> Embedding:
    return run(layer, "pca")


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_says_what_the_map_says(layer, drawn) -> None:
    clusters = np.arange(60) % 7
    rows = _rows(csv_text(layer, drawn, clusters=clusters))
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == list(layer.ids)
    assert [row["true_class"] for row in rows] == [layer.classes[n] for n in layer.labels]
    said = [layer.model_classes[n] for n in layer.predicted]
    assert [row["predicted_class"] for row in rows] == said
    assert [row["right"] for row in rows] == [str(bool(r)).lower() for r in layer.right]
    assert [int(row["cluster"]) for row in rows] == clusters.tolist()
    for name, expected in (
        ("x", drawn.points[:, 0]),
        ("y", drawn.points[:, 1]),
        ("confidence", layer.confidence),
    ):
        read = np.array([row[name] for row in rows]).astype(np.float32)
        np.testing.assert_array_equal(read, expected)


def test_a_selection_is_written_in_its_order(layer, drawn) -> None:
    rows = _rows(csv_text(layer, drawn, chosen=[41, 3, 7]))
    assert [row["id"] for row in rows] == [layer.ids[place] for place in (41, 3, 7)]
    assert [row["cluster"] for row in rows] == ["", "", ""]
    assert _rows(csv_text(layer, drawn, chosen=[])) == []


def _named(layer: Features, drawn: Embedding, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Write and read a table whose ids and classes have these names."""
    count = len(names)
    odd = dataclasses.replace(
        layer,
        values=layer.values[:count].copy(),
        ids=names,
        classes=names,
        model_classes=names,
        labels=np.arange(count),
        predicted=np.arange(count)[::-1].copy(),
        confidence=layer.confidence[:count].copy(),
    )
    points = dataclasses.replace(drawn, points=drawn.points[:count].copy())
    return _rows(csv_text(odd, points))


def test_odd_names_come_back_and_none_is_a_formula(layer, drawn) -> None:
    rows = _named(layer, drawn, NASTY)
    assert len(rows) == len(NASTY)
    for row, name, other in zip(rows, NASTY, NASTY[::-1], strict=True):
        assert row["id"].removeprefix("'") == row["true_class"].removeprefix("'") == name
        assert row["predicted_class"].removeprefix("'") == other
        for cell in (row["id"], row["true_class"], row["predicted_class"]):
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_harmless_names_stay_as_they_are(layer, drawn) -> None:
    names = ("5", "T-shirt/top", "a=b", "'quoted", "x@y")
    assert [row["id"] for row in _named(layer, drawn, names)] == list(names)


def test_rows_that_come_from_elsewhere_have_a_number_for_an_id(cloud) -> None:
    rows = Features(values=cloud.copy(), components=5, raw_dim=5, labels=np.arange(60) % 3)
    read = _rows(csv_text(rows, run(rows, "pca")))
    assert [row["id"] for row in read] == [str(place) for place in range(60)]
    assert [row["true_class"] for row in read] == [str(place % 3) for place in range(60)]
    assert {row["confidence"] for row in read} == {row["right"] for row in read} == {""}


def test_npz_is_read_without_pickle(layer, drawn) -> None:
    with np.load(io.BytesIO(npz_bytes(layer, drawn)), allow_pickle=False) as file:
        arrays = dict(file)
    for name in ("values", "labels", "predicted", "confidence", "mean", "basis"):
        np.testing.assert_array_equal(arrays[name], getattr(layer, name))
    for name in ("points", "trust", "preserved"):
        np.testing.assert_array_equal(arrays[name], getattr(drawn, name))
    for name in ("ids", "classes", "model_classes"):
        assert tuple(arrays[name].tolist()) == getattr(layer, name)
    recipe = json.loads(str(arrays["recipe"]))
    assert (recipe["layer"], recipe["reduce"], recipe["grid"]) == ("fc2", "pca90", 4)
    assert recipe["map"]["method"] == "pca"
    assert recipe["map"]["quality"] == drawn.quality


def test_npz_of_bare_rows_holds_what_there_is(cloud) -> None:
    rows = Features(values=cloud.copy())
    with np.load(io.BytesIO(npz_bytes(rows)), allow_pickle=False) as file:
        assert set(file) == {"values", "ids", "classes", "model_classes", "recipe"}
        assert file["ids"].shape == (0,)
        np.testing.assert_array_equal(file["values"], cloud)


def test_hdf5_holds_every_layer_where_it_is_looked_for(lenet, digits, layer) -> None:
    some = digits.subset(np.arange(60))
    pixels = features(lenet, some, None, reduce="none")
    content = hdf5_bytes([pixels, layer])
    with h5py.File(io.BytesIO(content), "r") as file:
        assert set(file["lenet5-mnist"]) == {"pixels", "fc2"}
        for entry, name in ((pixels, "pixels"), (layer, "fc2")):
            group = file[f"/lenet5-mnist/{name}"]
            activations = file[f"/lenet5-mnist/{name}/activations"]
            assert activations.dtype == np.float32
            np.testing.assert_array_equal(activations[:], entry.values)
            assert group["labels"].dtype == np.int64
            np.testing.assert_array_equal(group["labels"][:], some.labels)
            np.testing.assert_array_equal(group["predicted"][:], entry.predicted)
            assert tuple(group["ids"].asstr()[:]) == some.ids
            assert tuple(group.attrs["classes"]) == some.classes
            assert group.attrs["reduce"] == entry.reduce
            assert group.attrs["layer"] == name
            assert group.attrs["explained_variance"] == pytest.approx(entry.explained_variance)


def test_hdf5_keeps_the_dots_of_a_layer_and_odd_names(layer) -> None:
    ids = tuple(f"{place} {NASTY[place % len(NASTY)]}\0" for place in range(60))
    many = tuple(f"class {place} " + "x" * 60 for place in range(2000))
    odd = dataclasses.replace(
        layer, model="a/b", layer="stages.0.0.depthwise.conv", ids=ids, classes=many
    )
    with h5py.File(io.BytesIO(hdf5_bytes([odd])), "r") as file:
        group = file["/a_b/stages.0.0.depthwise.conv"]
        assert list(group["ids"].asstr()[:]) == [name.removesuffix("\0") for name in ids]
        assert tuple(group.attrs["classes"]) == many


def test_hdf5_of_ten_thousand_ids() -> None:
    ids = tuple(f"mnist-train-{place:05d}" for place in range(10_000))
    rows = Features(values=np.zeros((10_000, 1), np.float32), ids=ids)
    with h5py.File(io.BytesIO(hdf5_bytes([rows])), "r") as file:
        assert file["/rows/pixels/ids"].asstr()[9_999] == ids[-1]
        assert "labels" not in file["/rows/pixels"]


def test_what_does_not_belong_together_is_refused(layer, drawn, cloud) -> None:
    other = run(cloud[:20], "pca")
    with pytest.raises(ValueError, match="embedding: expected 60 images"):
        csv_text(layer, other)
    with pytest.raises(ValueError, match="embedding: expected 60 images"):
        npz_bytes(layer, other)
    with pytest.raises(ValueError, match="clusters: expected 60 images"):
        csv_text(layer, drawn, clusters=np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="lenet5-mnist/fc2 twice"):
        hdf5_bytes([layer, layer])
    with pytest.raises(ValueError, match="at least one layer"):
        hdf5_bytes([])
