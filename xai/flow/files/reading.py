"""A flow read from HDF5; nothing in the file is believed before it is checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from xai.features.result import Features
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.files import FlowFile, Origin, schema
from xai.flow.files.contents import Contents, RefusedError
from xai.flow.files.writing import MEASURES, RECIPE
from xai.flow.graph import NOISE, PIXELS, SMALL, FlowGraph
from xai.types import find, make_params

_WORDS = (str, int, float, bool, type(None))


@dataclasses.dataclass(frozen=True, eq=False)
class _Images:
    """What a file tells of its images."""

    number: int
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    model_classes: tuple[str, ...]
    labels: np.ndarray | None
    predicted: np.ndarray | None
    confidence: np.ndarray | None
    right: np.ndarray | None


def flow(file: h5py.File) -> FlowFile:
    """Return the flow of an open file.

    Raises
    ------
    RefusedError
        If the file is of another schema or version, or holds what does not fit together.
    Exception
        Whatever else a damaged file makes HDF5 and numpy raise.
    """
    contents = Contents(file)
    layers = _layers(contents)
    groups = [contents.group(schema.group_name(layer)) for layer in layers]
    for column, (layer, group) in enumerate(zip(layers, groups, strict=True)):
        told = contents.text(group, "name"), contents.whole(group, "column")
        _expect(told == (layer, column), f"{group.name} as layer {column}, {layer}")
    number = contents.length(groups[0], "clusters")
    _expect(1 <= number <= schema.MOST_IMAGES, f"1 to {schema.MOST_IMAGES:,} images")
    images = _images(contents, number)
    model, dataset = contents.text(file, "model"), contents.text(file, "dataset")
    clusters = tuple(
        _clusters(contents, group, images, _Source(layer, model, dataset))
        for layer, group in zip(layers, groups, strict=True)
    )
    columns = [
        _column(contents, group, one.labels) for group, one in zip(groups, clusters, strict=True)
    ]
    positions = [contents.optional(group, "positions", "<f4", (number,)) for group in groups]
    graph = FlowGraph(
        layers=layers,
        assigned=np.stack([column.nodes for column in columns]),
        sequence=tuple(column.sequence for column in columns),
        lines=np.stack([column.order for column in columns]),
        labels=images.labels,
        classes=images.classes,
        ids=images.ids,
        predicted=images.predicted,
        model_classes=images.model_classes,
        right=images.right,
        model=model,
        clusters=clusters,
    )
    known = [one for one in positions if one is not None]
    return FlowFile(
        graph,
        Origin(contents.text(file, "weights"), contents.text(file, "data")),
        np.stack(known) if len(known) == len(layers) else None,
    )


def activations(file: h5py.File, layer: str) -> np.ndarray:
    """Return a layer's averaged answers, (N, D) float32.

    Raises
    ------
    RefusedError
        If the file has none of that layer, or as for :func:`flow`.
    """
    contents = Contents(file)
    known = _layers(contents)
    if layer not in known:
        raise RefusedError(f"layer: expected one of {', '.join(known)}; got {layer!r}")
    group = contents.group(schema.group_name(layer))
    return contents.array(group, "activations", "<f4", (None, None))


def _layers(contents: Contents) -> tuple[str, ...]:
    root = contents.root
    if "format" not in root.attrs or "version" not in root.attrs:
        raise RefusedError(
            f"flow file: expected {schema.FORMAT} {schema.VERSION}, got HDF5 of another program"
        )
    told = contents.text(root, "format"), contents.whole(root, "version")
    if told != (schema.FORMAT, schema.VERSION):
        expected = f"{schema.FORMAT} {schema.VERSION}"
        raise RefusedError(f"flow file: expected {expected}, got {told[0][:40]} {told[1]}")
    layers = contents.texts(root, "layers")
    _expect(1 <= len(layers) <= schema.MOST_LAYERS, f"1 to {schema.MOST_LAYERS} layers")
    _expect(len(set(layers)) == len(layers), "each layer once")
    return layers


def _images(contents: Contents, number: int) -> _Images:
    group = contents.group(schema.IMAGES)
    ids = contents.words(group, "ids", number)
    _expect(len(ids) in (0, number), f"a name for each of {number} images, or none")
    classes = contents.words(group, "classes", schema.MOST_CLASSES)
    said = contents.words(group, "model_classes", schema.MOST_CLASSES)
    labels = contents.optional(group, "labels", "<i8", (number,))
    predicted = contents.optional(group, "predicted", "<i8", (number,))
    confidence = contents.optional(group, "confidence", "<f4", (number,))
    right = contents.optional(group, "right", "|u1", (number,))
    _within(labels, 0, len(classes) - 1, "true classes")
    _within(predicted, 0, len(said) - 1, "predicted classes")
    _within(confidence, 0, 1, "probabilities")
    _within(right, 0, 1, "right or wrong")
    hits = None if right is None else right.astype(bool)
    return _Images(number, ids, classes, said, labels, predicted, confidence, hits)


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where features come from, as the file tells it elsewhere."""

    layer: str
    model: str
    dataset: str


def _clusters(contents: Contents, group: h5py.Group, images: _Images, source: _Source) -> Clusters:
    labels = contents.array(group, "clusters", "<i8", (images.number,))
    _within(labels, NOISE, images.number - 1, "clusters")
    numbers = np.unique(labels[labels != NOISE])
    _expect(np.array_equal(numbers, np.arange(len(numbers))), "clusters numbered from 0")
    ordering = contents.optional(group, "ordering", "<i8", (images.number,))
    reachability = contents.optional(group, "reachability", "<f8", (images.number,))
    if ordering is not None:
        _expect_each(ordering, f"the ordering of {group.name}")
    _within(reachability, 0, math.inf, "reachability")
    place = group["clusters"]
    method = contents.text(place, "method")
    measures = contents.table(place, "measures")
    _expect(set(measures) == set(MEASURES), f"the measures {', '.join(MEASURES)}")
    for name, value in measures.items():
        fits = value is None or (type(value) in (int, float) and math.isfinite(value))
        _expect(fits, f"a number for {name}")
    return Clusters(
        labels=labels,
        method=method,
        params=_params(method, contents.table(place, "params")),
        seed=contents.whole(place, "seed"),
        features=_features(contents, group, images, source),
        notes=contents.listing(place, "notes"),
        ordering=ordering,
        reachability=reachability,
        **{name: None if value is None else float(value) for name, value in measures.items()},
    )


def _params(method: str, values: Mapping[str, Any]) -> Any:
    _expect(all(isinstance(value, _WORDS) for value in values.values()), "plain parameters")
    try:
        return make_params(find(METHODS, method, "method").params, values)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"flow file: {str(error)[:300]}") from error


def _features(
    contents: Contents, group: h5py.Group, images: _Images, source: _Source
) -> Features | None:
    values = contents.optional(group, "features", "<f4", (images.number, None))
    if values is None:
        return None
    recipe = dict(contents.table(group["features"], "recipe"))
    _expect(set(recipe) == set(RECIPE), f"the recipe {', '.join(RECIPE)}")
    for name, kinds in RECIPE.items():
        _expect(type(recipe[name]) in kinds, f"another kind of value for {name}")
    _expect(all(isinstance(note, str) for note in recipe["notes"]), "notes that are texts")
    recipe["notes"] = tuple(recipe["notes"])
    _expect(recipe["components"] == values.shape[1] >= 1, "as many components as features")
    _expect(0 < recipe["explained_variance"] <= 1, "a share of the variance in (0, 1]")
    _expect(recipe["grid"] >= 0, "a grid of at least 0")
    wide = recipe["raw_dim"]
    mean = contents.optional(group, "mean", "<f4", (wide,))
    basis = contents.optional(group, "basis", "<f4", (wide, values.shape[1]))
    _expect((mean is None) == (basis is None), "a mean and a basis, or neither")
    _expect(basis is not None or wide == values.shape[1], "features as wide as the answers")
    for array in (values, mean, basis):
        _expect(array is None or bool(np.isfinite(array).all()), "finite features")
    return Features(
        values=values,
        model=source.model,
        layer=None if source.layer == PIXELS else source.layer,
        dataset=source.dataset,
        ids=images.ids,
        labels=images.labels,
        classes=images.classes,
        predicted=images.predicted,
        confidence=images.confidence,
        model_classes=images.model_classes,
        mean=mean,
        basis=basis,
        **recipe,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Column:
    """The nodes of a layer and their order."""

    nodes: np.ndarray
    sequence: tuple[int, ...]
    order: np.ndarray


def _column(contents: Contents, group: h5py.Group, labels: np.ndarray) -> _Column:
    """Read a column; its nodes and lines must hold each image just once."""
    number = len(labels)
    nodes = contents.array(group, "nodes", "<i8", (number,))
    kept = nodes != SMALL
    _expect(bool((nodes[kept] == labels[kept]).all()), f"the nodes of {group.name} as its clusters")
    sequence = contents.array(group, "sequence", "<i8", (None,))
    order = contents.array(group, "order", "<i8", (number,))
    present, counts = np.unique(nodes, return_counts=True)
    fits = np.array_equal(np.sort(sequence), present)
    _expect(fits, f"each node of {group.name} once in its sequence")
    _expect_each(order, f"the order of {group.name}")
    sizes = counts[np.searchsorted(present, sequence)]
    together = np.array_equal(nodes[order], np.repeat(sequence, sizes))
    _expect(together, f"the images of each node of {group.name} together, in its sequence")
    return _Column(nodes, tuple(int(cluster) for cluster in sequence), order)


def _expect_each(places: np.ndarray, what: str) -> None:
    """Refuse an order that does not hold each image once."""
    each = np.array_equal(np.sort(places), np.arange(len(places)))
    _expect(each, f"each image once in {what}")


def _within(values: np.ndarray | None, low: float, high: float, what: str) -> None:
    # Not "< or >", so that what is no number is refused as well.
    if values is not None and not ((values >= low) & (values <= high)).all():
        raise RefusedError(f"flow file: {what}: expected {low} to {high}, got others")


def _expect(fits: bool, what: str) -> None:
    if not fits:
        raise RefusedError(f"flow file: expected {what}, got something else")
