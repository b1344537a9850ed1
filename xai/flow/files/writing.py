"""A flow written as HDF5: layer by layer, activations batch by batch."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any

import h5py
import numpy as np

from xai.features.result import Features
from xai.flow.arrangement.layout import FlowLayout
from xai.flow.files import schema
from xai.flow.graph import FlowGraph, checked_graph

if TYPE_CHECKING:
    from xai.flow.files import Origin

#: Answers of some images: the first image's place, and by layer one row an image.
Batch = tuple[int, Mapping[str, np.ndarray]]
#: Bytes that are read at a time for the checksum.
_PART = 2**20
#: What is known of clusters besides themselves; None where nobody can tell.
MEASURES = ("purity", "clustered_purity", "ari", "nmi", "silhouette")
#: What is told of features besides their arrays, and as what.
RECIPE: Mapping[str, tuple[type, ...]] = {
    "reduce": (str,),
    "components": (int,),
    "explained_variance": (int, float),
    "raw_dim": (int,),
    "grid": (int,),
    "notes": (list,),
}


def check(graph: FlowGraph, layout: FlowLayout | None) -> None:
    """Refuse what a file cannot hold.

    Raises
    ------
    TypeError
        If it is no flow graph, or no layout.
    ValueError
        If it has no clusters, two layers of one name, or more of anything than is read
        again; or if the layout is of another graph.
    """
    graph = checked_graph(graph)
    if len(graph.clusters) != len(graph.layers):
        raise ValueError("graph: expected the clusters of each layer, got a graph without them")
    if len(set(graph.layers)) < len(graph.layers):
        raise ValueError("graph: expected each layer once, got one twice")
    for what, number, most in (
        ("images", len(graph), schema.MOST_IMAGES),
        ("layers", len(graph.layers), schema.MOST_LAYERS),
        ("classes", len(graph.classes), schema.MOST_CLASSES),
        ("classes", len(graph.model_classes), schema.MOST_CLASSES),
    ):
        if number > most:
            raise ValueError(f"graph: expected at most {most:,} {what}, got {number:,}")
    if layout is not None:
        _check_layout(graph, layout)


def _check_layout(graph: FlowGraph, layout: FlowLayout) -> None:
    if not isinstance(layout, FlowLayout):
        raise TypeError(f"layout: expected a FlowLayout, got {type(layout).__name__}")
    nodes = [len(tops) for tops in layout.tops]
    if layout.line_positions.shape != graph.lines.shape or nodes != list(map(len, graph.sequence)):
        raise ValueError("layout: expected that of the graph, got one of other nodes or images")


def fill(
    place: str | os.PathLike[str] | IO[bytes],
    graph: FlowGraph,
    layout: FlowLayout | None,
    origin: Origin,
    activations: Iterable[Batch],
) -> None:
    """Write all of a flow to a new file."""
    with h5py.File(place, "w", userblock_size=schema.BLOCK) as file:
        _write_root(file, graph, origin)
        _write_images(file.create_group(schema.IMAGES), graph)
        groups: dict[str, h5py.Group] = {}
        for column, layer in enumerate(graph.layers):
            group = groups[layer] = file.create_group(schema.group_name(layer))
            _text(group, "name", layer)
            group.attrs["column"] = column
            _write_layer(group, graph, column)
            if layout is not None:
                _array(group, "positions", layout.line_positions[column].astype(np.float32))
                extents = np.stack([layout.tops[column], layout.bottoms[column]], axis=1)
                _array(group, "extents", extents.astype(np.float32))
        _write_activations(groups, len(graph), activations)


def seal(file: IO[bytes]) -> None:
    """Write the user block of a finished file: what it is, and its checksum."""
    found = checksum(file)
    file.seek(0)
    file.write(f"{schema.FORMAT} {schema.VERSION}\nsha256 {found}\n".encode())


def checksum(file: IO[bytes]) -> str:
    """Return the SHA-256 of all that comes after the user block."""
    digest = sha256()
    file.seek(schema.BLOCK)
    while part := file.read(_PART):
        digest.update(part)
    return digest.hexdigest()


def _write_root(file: h5py.File, graph: FlowGraph, origin: Origin) -> None:
    known = next((one.features for one in graph.clusters if one.features is not None), None)
    _text(file, "format", schema.FORMAT)
    file.attrs["version"] = schema.VERSION
    _text(file, "model", graph.model)
    _text(file, "weights", origin.weights)
    _text(file, "dataset", "" if known is None else known.dataset)
    _text(file, "data", origin.data)
    names = _encoded(graph.layers)
    if names.nbytes > schema.MOST_ATTRIBUTE:
        raise ValueError("graph: expected shorter names of layers, got too many letters")
    file.attrs.create("layers", names)


def _write_images(group: h5py.Group, graph: FlowGraph) -> None:
    for name in ("ids", "classes", "model_classes"):
        words = _encoded(getattr(graph, name))
        _array(group, name, words)
    for name in ("labels", "predicted"):
        if getattr(graph, name) is not None:
            _array(group, name, getattr(graph, name).astype("<i8"))
    if graph.right is not None:
        _array(group, "right", graph.right.astype(np.uint8))
    told = (one.features.confidence for one in graph.clusters if one.features is not None)
    confidence = next((one for one in told if one is not None), None)
    if confidence is not None:
        _array(group, "confidence", confidence.astype("<f4"))


def _write_layer(group: h5py.Group, graph: FlowGraph, column: int) -> None:
    clusters = graph.clusters[column]
    found = _array(group, "clusters", clusters.labels.astype("<i8"))
    _text(found, "method", clusters.method)
    _json(found, "params", dataclasses.asdict(clusters.params))
    found.attrs["seed"] = clusters.seed
    _json(found, "notes", list(clusters.notes))
    _json(found, "measures", {name: getattr(clusters, name) for name in MEASURES})
    if clusters.ordering is not None and clusters.reachability is not None:
        _array(group, "ordering", clusters.ordering.astype("<i8"))
        _array(group, "reachability", clusters.reachability.astype("<f8"))
    _array(group, "nodes", graph.assigned[column].astype("<i8"))
    _array(group, "sequence", np.array(graph.sequence[column], "<i8"))
    _array(group, "order", graph.lines[column].astype("<i8"))
    if clusters.features is not None:
        _write_features(group, clusters.features)


def _write_features(group: h5py.Group, features: Features) -> None:
    found = _array(group, "features", features.values.astype("<f4"))
    recipe = {name: getattr(features, name) for name in RECIPE}
    _json(found, "recipe", recipe)
    for name in ("mean", "basis"):
        if getattr(features, name) is not None:
            _array(group, name, getattr(features, name).astype("<f4"))


def _write_activations(
    groups: Mapping[str, h5py.Group], number: int, activations: Iterable[Batch]
) -> None:
    """Write the batches as they come; no more than one is in memory."""
    written = dict.fromkeys(groups, 0)
    for start, rows_of in activations:
        for layer, rows in rows_of.items():
            if layer not in groups or start != written[layer] or start + len(rows) > number:
                raise ValueError(
                    f"activations: expected image {written.get(layer, 0)} of {number} next, in "
                    f"a layer of the graph; got {start} of {layer}"
                )
            group = groups[layer]
            if "activations" not in group:
                shape = (number, rows.shape[1])
                group.create_dataset(
                    "activations",
                    shape,
                    "<f4",
                    chunks=schema.chunks(shape, 4),
                    **schema.COMPRESSION,
                )
            group["activations"][start : start + len(rows)] = rows
            written[layer] = start + len(rows)
    partial = [layer for layer, rows in written.items() if 0 < rows < number]
    if partial:
        raise ValueError(f"activations: expected {number} images, got fewer in {partial[0]}")


def _array(group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
    return group.create_dataset(name, data=values, **_pieces(values))


def _pieces(values: np.ndarray) -> dict[str, Any]:
    """Return how an array is stored: in pieces and compressed, if it holds anything."""
    if not values.size:
        return {}
    return {"chunks": schema.chunks(values.shape, values.itemsize), **schema.COMPRESSION}


def _text(place: h5py.Group | h5py.Dataset, name: str, text: str) -> None:
    place.attrs.create(name, _encoded([text], schema.MOST_ATTRIBUTE).reshape(()))


def _json(place: h5py.Dataset, name: str, value: Any) -> None:
    _text(place, name, json.dumps(value, allow_nan=False, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    """Return the Python number that a number of numpy holds."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"expected plain values, got {type(value).__name__}")


def _encoded(texts: Sequence[str], most: int = schema.MOST_TEXT) -> np.ndarray:
    """Return texts as bytes of one length; HDF5 ends them at a zero, so none may be in them."""
    # Names of files need not be text: what is not is written as an escape.
    words = [text.replace("\0", "").encode("utf-8", "backslashreplace") for text in texts]
    longest = max(map(len, words), default=0)
    if longest > most:
        raise ValueError(f"graph: expected texts of at most {most:,} bytes, got {longest:,}")
    return np.array(words, dtype=h5py.string_dtype("utf-8", max(1, longest)))
