"""Single images in a drawing of cluster flow: which lines are drawn, and paths on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.figures.flow_picture import FlowPicture, Look, Placement


@dataclass(frozen=True, eq=False)
class Highlight:
    """Images whose lines are drawn, while everything else is dimmed.

    Attributes
    ----------
    images : ndarray, shape (K,), int64
        Places in the data set; none at all dims everything.
    title : str
        What they are, such as ``"the 37 misclassified images"``.
    """

    images: np.ndarray
    title: str

    def places(self, count: int) -> np.ndarray:
        """Return the images, each once and rising, (K,) int64.

        Raises
        ------
        ValueError
            If they are not places in a data set of ``count`` images.
        """
        found = np.unique(np.asarray(self.images).reshape(-1))
        if not len(found):
            return np.zeros(0, np.int64)
        if found.dtype.kind not in "iu" or found[0] < 0 or found[-1] >= count:
            expected = f"places in a data set of {count}"
            raise ValueError(f"highlight: expected {expected}, got {found[0]} to {found[-1]}")
        return found.astype(np.int64)


@dataclass(frozen=True)
class Track:
    """The path of one image, drawn thick on top of everything.

    Attributes
    ----------
    label : str
        What the path is called, such as ``"clean"``.
    clusters : tuple of int
        L clusters, one a column. A cluster that no image of the column is in breaks the path.
    confidences : tuple of float
        How sure each step is, in [0, 1]; none at all if that is not known.
    far : tuple of bool
        Where the image lies far from all others; none at all if that is not known.
    image : int or None
        Place in the data set, if it is one of it: then its own line is followed.
    look : {"clean", "attacked"}
        Colour and dash.
    """

    label: str
    clusters: tuple[int, ...]
    confidences: tuple[float, ...] = ()
    far: tuple[bool, ...] = ()
    image: int | None = None
    look: Look = "clean"


def track_nodes(picture: FlowPicture, track: Track) -> list[int]:
    """Return the node of each column that a path passes, -1 where there is none.

    Raises
    ------
    ValueError
        If the path does not fit the columns, or a confidence is not in [0, 1].
    """
    columns = len(picture.layers)
    for name in ("clusters", "confidences", "far"):
        given = getattr(track, name)
        if len(given) != columns and (given or name == "clusters"):
            raise ValueError(f"{name}: expected {columns}, one a column; got {len(given)}")
    if not all(0 <= confidence <= 1 for confidence in track.confidences):
        raise ValueError("confidences: expected numbers from 0 to 1")
    if track.image is not None and not 0 <= track.image < len(picture):
        raise ValueError(f"image: expected 0 to {len(picture) - 1}, got {track.image}")
    places = zip(picture.columns.tolist(), picture.clusters.tolist(), strict=True)
    node_at = {place: node for node, place in enumerate(places)}
    return [
        node_at.get((column, int(cluster)), -1) for column, cluster in enumerate(track.clusters)
    ]


def track_places(
    picture: FlowPicture, placement: Placement, track: Track, tracks: Sequence[Track]
) -> list[float]:
    """Return where a path lies in each column, NaN where it has no node.

    Paths of ``tracks`` that share a node lie beside each other; that of an image of the data
    set is the line of this image.
    """
    free = [one for one in tracks if one.image is None]
    nodes_of = [track_nodes(picture, one) for one in free]
    own = track_nodes(picture, track)
    found = []
    for column, node in enumerate(own):
        if node < 0:
            found.append(float("nan"))
        elif track.image is not None:
            found.append(float(placement.lines[column, track.image]))
        else:
            sharing = [at for at, nodes in enumerate(nodes_of) if nodes[column] == node]
            share = (sharing.index(free.index(track)) + 1) / (len(sharing) + 1)
            top, bottom = float(placement.tops[node]), float(placement.bottoms[node])
            found.append(top + share * (bottom - top))
    return found
