"""Maps and features as files: CSV for a table, npz for Python, HDF5 for everything else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from xai.embedding.courses import Course
from xai.embedding.results import Embedding
from xai.features.result import Features
from xai.tables import plain

COLUMNS = (
    *("id", "true_class", "predicted_class", "confidence", "right"),
    *("x", "y", "cluster"),
)


def csv_text(
    features: Features,
    embedding: Embedding,
    *,
    clusters: np.ndarray | None = None,
    chosen: Sequence[int] | np.ndarray | None = None,
) -> str:
    """Write the points of a map as a table.

    Parameters
    ----------
    features : Features
        Of which the map was made.
    embedding : Embedding
    clusters : ndarray, shape (N,), int, optional
        Number of each image's cluster; the column is empty without it.
    chosen : sequence of int, optional
        The rows to write, in this order; None writes all.

    Returns
    -------
    str
        CSV as of RFC 4180, with a head line of :data:`COLUMNS`; what is unknown is
        left empty. ``right`` is ``true`` or ``false``. Numbers have as many digits as
        float32 needs to be read back exactly.

    Raises
    ------
    ValueError
        If the map or the clusters are not of these images.

    Notes
    -----
    A name that a spreadsheet would take for a formula gets an apostrophe before it:
    names of folders come from whoever packed them.
    """
    count = len(features)
    _same(embedding.points, count, "embedding")
    if clusters is not None:
        _same(clusters, count, "clusters")
    columns = [
        [plain(name) for name in features.ids] or [str(place) for place in range(count)],
        _names(features.labels, features.classes, count),
        _names(features.predicted, features.model_classes, count),
        _numbers(features.confidence, count),
        _truths(features.right, count),
        _numbers(embedding.points[:, 0], count),
        _numbers(embedding.points[:, 1], count),
        _numbers(clusters, count),
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    places = range(count) if chosen is None else [int(place) for place in chosen]
    writer.writerows([column[place] for column in columns] for place in places)
    return text.getvalue()


def course_csv(course: Course, images: Sequence[str]) -> str:
    """Write which class each image of a course is nearest to, layer by layer.

    Parameters
    ----------
    course : Course
    images : sequence of str
        What its M images are called.

    Returns
    -------
    str
        CSV as of RFC 4180: a row for each layer and image, with the distance to the
        centroid of each class that has one.

    Raises
    ------
    ValueError
        If there is another number of images.
    """
    _same(course.nearest, len(images), "course")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [plain(course.classes[label]) for label in course.present]
    writer.writerow(["layer", "image", "nearest", *names])
    for stage in course.stages:
        for row, image in enumerate(images):
            nearest = plain(course.classes[stage.nearest[row]])
            distances = [f"{value:.6g}" for value in stage.distances[row]]
            writer.writerow([stage.layer or "pixels", image, nearest, *distances])
    return text.getvalue()


def npz_bytes(features: Features, embedding: Embedding | None = None) -> bytes:
    """Write features, and perhaps a map of them, as one ``.npz`` file.

    Parameters
    ----------
    features : Features
    embedding : Embedding, optional

    Returns
    -------
    bytes
        ``numpy.load`` reads it without pickle: ``values``, ``ids``, ``classes`` and
        ``model_classes``, and where they are known ``labels``, ``predicted``,
        ``confidence``, ``mean`` and ``basis``; with a map ``points``, ``trust`` and
        ``preserved``. ``recipe`` is a text in JSON that says how they were made.

    Raises
    ------
    ValueError
        If the map is not of these images.
    """
    arrays: dict[str, Any] = {
        "values": features.values,
        "ids": np.array(features.ids, dtype=np.str_),
        "classes": np.array(features.classes, dtype=np.str_),
        "model_classes": np.array(features.model_classes, dtype=np.str_),
    }
    for name in ("labels", "predicted", "confidence", "mean", "basis"):
        if getattr(features, name) is not None:
            arrays[name] = getattr(features, name)
    told = _recipe(features)
    if embedding is not None:
        _same(embedding.points, len(features), "embedding")
        for name in ("points", "trust", "preserved"):
            arrays[name] = getattr(embedding, name)
        told["map"] = {
            "method": embedding.method,
            "params": vars(embedding.params),
            "seed": embedding.seed,
            "iterations": embedding.iterations,
            "stopped": embedding.stopped,
            "quality": embedding.quality,
        }
    file = io.BytesIO()
    np.savez(file, recipe=np.array(json.dumps(told)), allow_pickle=False, **arrays)
    return file.getvalue()


def hdf5_bytes(entries: Sequence[Features]) -> bytes:
    """Write the features of any number of layers as one HDF5 file.

    Parameters
    ----------
    entries : sequence of Features
        At most one for each layer of each model.

    Returns
    -------
    bytes
        ``/<model>/<layer>/activations`` (N, D) float32, with the recipe as its
        group's attributes, ``classes`` among them; beside it ``labels`` (N,) int64
        and ``ids`` where they are known, ``predicted``, an index in ``model_classes``,
        and ``confidence``. Pixels are the layer ``pixels``.

    Raises
    ------
    ValueError
        If there is nothing to write, or two entries are of one layer.

    Notes
    -----
    The ids are a data set and no attribute, since HDF5 limits those to 64 kB.
    """
    import h5py

    if not entries:
        raise ValueError("features: expected at least one layer to export, got none")
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for features in entries:
            path = f"{_segment(features.model or 'rows')}/{_segment(features.layer or 'pixels')}"
            if path in file:
                raise ValueError(f"features: expected each layer once, got {path} twice")
            group = file.create_group(path)
            names = np.array(features.model_classes, dtype=object)
            group.create_dataset("model_classes", data=names, dtype=h5py.string_dtype())
            group.create_dataset("activations", data=features.values)
            for name in ("labels", "predicted", "confidence"):
                if getattr(features, name) is not None:
                    group.create_dataset(name, data=getattr(features, name))
            texts = h5py.string_dtype()
            if features.ids:
                group.create_dataset("ids", data=_clean(features.ids), dtype=texts)
            group.attrs.create("classes", _clean(features.classes), dtype=texts)
            group.attrs.create("notes", _clean(features.notes), dtype=texts)
            for name, value in _recipe(features).items():
                group.attrs[name] = value.replace("\0", "") if isinstance(value, str) else value
    return memory.getvalue()


def _recipe(features: Features) -> dict[str, Any]:
    """Return how features were made, as plain values."""
    return {
        "model": features.model,
        "layer": features.layer or "pixels",
        "dataset": features.dataset,
        "reduce": features.reduce,
        "grid": features.grid,
        "components": features.components,
        "raw_dim": features.raw_dim,
        "explained_variance": float(features.explained_variance),
    }


def _same(array: np.ndarray, count: int, what: str) -> None:
    if len(array) != count:
        raise ValueError(f"{what}: expected {count} images as the features have, got {len(array)}")


def _names(places: np.ndarray | None, names: tuple[str, ...], count: int) -> list[str]:
    if places is None:
        return [""] * count
    safe = [plain(name) for name in names]
    # Rows that come from elsewhere may have labels and no names for them.
    return [safe[place] if place < len(safe) else str(place) for place in places.tolist()]


def _numbers(values: np.ndarray | None, count: int) -> list[str]:
    return [""] * count if values is None else [str(value) for value in values]


def _truths(values: np.ndarray | None, count: int) -> list[str]:
    return [""] * count if values is None else [str(value).lower() for value in values]


def _segment(name: str) -> str:
    """Return a name that is one step of a path in the file."""
    cleaned = name.replace("\0", "").replace("/", "_")
    return cleaned if cleaned.strip(".") else f"_{cleaned}"


def _clean(texts: Sequence[str]) -> list[str]:
    """Return texts that HDF5 can hold: it ends them at a zero."""
    return [text.replace("\0", "") for text in texts]
