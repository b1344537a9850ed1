"""The course of images through a network: where each layer's own map puts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.embedding.placing import place_row
from xai.embedding.results import Embedding
from xai.features.asking import answers
from xai.features.components import accepted
from xai.features.result import Features
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer of a course.

    Attributes
    ----------
    layer : str or None
        None stands for the pixels.
    points : ndarray, shape (N, 2), float32
        The layer's map of the data set.
    placed : ndarray, shape (M, 2), float32
        Where each of the further images lies on it.
    distances : ndarray, shape (M, P), float64
        From each image to the centroid of each class that is present, in the features
        of the layer and not on its map.
    nearest : ndarray, shape (M,), int64
        The class of the nearest centroid, an index in ``Course.classes``; ties go to
        the lower one.
    far : ndarray, shape (M,), bool
        Whether an image is so far from all others that its place means little.
    """

    layer: str | None
    points: np.ndarray
    placed: np.ndarray
    distances: np.ndarray
    nearest: np.ndarray
    far: np.ndarray


@dataclass(frozen=True, eq=False)
class Course:
    """The way of M images through the layers of a network.

    Attributes
    ----------
    stages : tuple of Stage
        In the order in which they were asked for, which is that of the forward pass.
    labels : ndarray, shape (N,), int64
        Classes of the images of the maps.
    classes : tuple of str
        All names of classes, in order of label.
    present : ndarray, shape (P,), int64
        Labels that have a centroid, rising.
    counts : ndarray, shape (P,), int64
        How many images each centroid is the mean of.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    stages: tuple[Stage, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    present: np.ndarray
    counts: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[str | None, ...]:
        """The layers, None for the pixels."""
        return tuple(stage.layer for stage in self.stages)

    @property
    def nearest(self) -> np.ndarray:
        """The nearest class of each image in each layer, (M, L) int64."""
        return np.stack([stage.nearest for stage in self.stages], axis=1)

    def derailment(self, image: int, label: int) -> int | None:
        """Return the place of the layer at which an image leaves a class; see there."""
        return derailment(self.nearest[image], label)


def derailment(nearest: np.ndarray, label: int) -> int | None:
    """Find the layer at which an image leaves its class for good.

    Parameters
    ----------
    nearest : ndarray, shape (L,), int
        The nearest class in each layer, in forward order.
    label : int
        The class that it should be with.

    Returns
    -------
    int or None
        The first place from which on, to the end, the nearest class is never
        ``label``. 0 if it never was; None if it is so in the last layer.

    Raises
    ------
    ValueError
        If there is no layer.

    Notes
    -----
    An excursion does not count: early layers often put an image with a class that
    looks like it, and later ones bring it back.
    """
    if nearest.ndim != 1 or not len(nearest):
        raise ValueError(f"nearest: expected shape (L,) with a layer, got {nearest.shape}")
    with_it = np.flatnonzero(nearest == label)
    left = int(with_it[-1]) + 1 if len(with_it) else 0
    return left if left < len(nearest) else None


def course(
    model: LoadedModel,
    rows: Sequence[tuple[Features, Embedding]],
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    *,
    own: int | None = None,
    progress: Progress | None = None,
) -> Course:
    """Follow images through the maps that the layers make of a data set.

    Parameters
    ----------
    model : LoadedModel
        The one that the features come from; its shared network is not touched.
    rows : sequence of (Features, Embedding)
        Of each layer, in forward order, all of the same N images.
    images : ndarray, shape (M, C, H, W), float32 in [0, 1]
        Such as one image, with noise, and attacked.
    labels : ndarray, shape (N,), int
        Classes of the images of the maps.
    classes : sequence of str
        Their names.
    own : int, optional
        Which image of the maps the further images are made of. It is no evidence of
        where they belong, so it is left out of its class's centroid, unless it is the
        only one of its class.
    progress : callable, optional
        In layers; may raise.

    Returns
    -------
    Course

    Raises
    ------
    ValueError
        If there is no layer, features or maps are not of this model and these images,
        an image does not fit the model, or a label has no name.

    Notes
    -----
    One pass of the network over the M images serves all layers. The centroid of a
    class is the mean of its images' features, which are principal components in the
    layer's own unit; the Euclidean distance to it is taken there, since on a map
    distances may mean little. That the nearest centroid bears another name is no
    decision of the network: it says on which side of the classes' middle the layer
    puts the image.
    """
    given = [(accepted(features), drawn) for features, drawn in rows]
    known, names = _checked(model, given, labels, classes, own)
    raws = answers(model, [features for features, _ in given], images)
    members, notes = _members(known, own)
    stages = []
    for place, ((features, drawn), raw) in enumerate(zip(given, raws, strict=True)):
        shown = features.layer or "pixels"
        if progress is not None:
            progress(place, len(given), f"Placing in {shown}")
        stages.append(_stage(features, drawn, raw, members))
    present = np.array(list(members), np.int64)
    counts = np.array([len(places) for places in members.values()], np.int64)
    return Course(tuple(stages), known, names, present, counts, notes)


def _checked(
    model: LoadedModel,
    rows: Sequence[tuple[Features, Embedding]],
    labels: np.ndarray,
    classes: Sequence[str],
    own: int | None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    if not rows:
        raise ValueError("rows: expected at least one layer, got none")
    for features, _ in rows:
        if features.model != model.spec.name:
            got = features.model or "rows from elsewhere"
            raise ValueError(f"rows: expected features of {model.spec.name}, got {got}")
        if len(features) != len(labels) or features.ids != rows[0][0].ids:
            raise ValueError(f"rows: expected features of the same {len(labels)} images in each")
    known = np.asarray(labels)
    if known.ndim != 1 or known.dtype.kind not in "iu":
        raise ValueError(f"labels: expected whole numbers of shape (N,), got {known.shape}")
    if known.min() < 0 or known.max() >= len(classes):
        raise ValueError(f"labels: expected 0 to {len(classes) - 1}, got another")
    if own is not None and not 0 <= own < len(known):
        raise ValueError(f"own: expected 0 to {len(known) - 1}, got {own}")
    return known.astype(np.int64), tuple(classes)


def _members(labels: np.ndarray, own: int | None) -> tuple[dict[int, np.ndarray], tuple[str, ...]]:
    """Return the images that speak for each class, and what is to be said of them."""
    members = {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
    notes: tuple[str, ...] = ()
    if own is not None:
        mine = members[int(labels[own])]
        if len(mine) > 1:
            members[int(labels[own])] = mine[mine != own]
        else:
            notes = (
                "No other image of its class is among these: the clean image stands for its "
                "class by itself.",
            )
    if all(len(places) == 1 for places in members.values()):
        notes += (
            "Each class has one image here, so the nearest class is that of the nearest image.",
        )
    return members, notes


def _stage(
    features: Features, drawn: Embedding, raw: np.ndarray, members: dict[int, np.ndarray]
) -> Stage:
    placements = [place_row(one, features, drawn) for one in raw]
    centroids = np.stack(
        [features.values[places].mean(axis=0, dtype=np.float64) for places in members.values()]
    )
    apart = features.project(raw).astype(np.float64)[:, None] - centroids
    distances = np.linalg.norm(apart, axis=2)
    return Stage(
        layer=features.layer,
        points=drawn.points,
        placed=np.stack([one.point for one in placements]),
        distances=distances,
        nearest=np.array(list(members), np.int64)[distances.argmin(axis=1)],
        far=np.array([bool(one.notes) for one in placements]),
    )
