"""What a drawn flow sends: the picture once, the lines to draw, and how it is looked at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pages._ui import carrier, network_view, value_view
from xai.figures.flow_marks import Highlight, Track, track_nodes
from xai.figures.flow_picture import FlowPicture, Placement, cluster_name
from xai.figures.wording import ending, short

_HERE = Path(__file__).parent
# Gestures are the same for all that is zoomed; cards and buttons those of the networks.
_SHARED = Path(value_view.__file__).parent
_NETWORK = Path(network_view.__file__).parent
#: The files of the drawing side in the order in which they are put together. They share one
#: scope: each may use what an earlier one defines.
SCRIPTS = (
    _NETWORK / "elements.js",
    _NETWORK / "card.js",
    _SHARED / "gestures.js",
    *(
        _HERE / name
        for name in (
            "inks.js",
            "model.js",
            "frame.js",
            "ribbons.js",
            "boxes.js",
            "tracks.js",
            "labels.js",
            "facts.js",
            "bar.js",
            "legend.js",
            "sheet.js",
            "stage.js",
            "view.js",
        )
    ),
)

_LONGEST = 20  # characters of a layer's name above its column


@cache
def engine() -> carrier.Part:
    """Return the script and the style sheet that draw the flow."""
    return carrier.engine(SCRIPTS, _HERE / "flow.css")


# ------------------------------------------------------------------------- what is large
def picture_part(picture: FlowPicture) -> carrier.Part:
    """Pack a picture: words in the header, numbers behind it, each of four bytes.

    Of the mixes, only what is not zero travels, as three numbers: node or flow, group, images.
    """
    arrays: dict[str, np.ndarray] = {
        "group": picture.group,
        "assigned": picture.assigned,
        "columns": picture.columns,
        "clusters": picture.clusters,
        "sources": picture.sources,
        "targets": picture.targets,
        "nodeMix": _sparse(picture.node_mix),
        "flowMix": _sparse(picture.flow_mix),
        "nodeRight": picture.node_right,
        "flowRight": picture.flow_right,
    }
    for order, placement in (("raw", picture.raw), ("found", picture.found)):
        for name in ("tops", "bottoms", "starts", "ends", "lines"):
            arrays[f"{order}.{name}"] = getattr(placement, name)
    packed = {name: _packed(array) for name, array in arrays.items()}
    header = {
        "images": len(picture),
        "layers": [short(layer, 80) for layer in picture.layers],
        "names": [ending(layer, _LONGEST) for layer in picture.layers],
        "clusterNames": [cluster_name(cluster) for cluster in picture.clusters.tolist()],
        "groups": picture.groups,
        "colours": picture.colours,
        "by": picture.by,
        "raw": _facts(picture.raw),
        "found": _facts(picture.found),
        "arrays": [(name, one.dtype.kind, one.size) for name, one in packed.items()],
    }
    return carrier.part(header, b"".join(one.tobytes() for one in packed.values()))


def _facts(placement: Placement) -> dict[str, float]:
    return {
        "height": placement.height,
        "crossings": placement.crossings,
        "lineCrossings": placement.line_crossings,
    }


def _sparse(mix: np.ndarray) -> np.ndarray:
    rows, groups = mix.nonzero()
    return np.stack([rows, groups, mix[rows, groups]], axis=1)


def _packed(array: np.ndarray) -> np.ndarray:
    kind = "<f4" if array.dtype.kind == "f" else "<i4"
    return np.ascontiguousarray(array, kind).reshape(-1)


def lines_part(highlight: Highlight, images: int) -> carrier.Part:
    """Pack the images whose lines are drawn.

    Raises
    ------
    ValueError
        If one of them is not in the picture.
    """
    places: list[int] = highlight.places(images).tolist()
    return carrier.raw(json.dumps(places).encode("ascii"))


# ------------------------------------------------------------------------- what is small
def tracks_view(tracks: Sequence[Track], picture: FlowPicture) -> list[dict[str, Any]]:
    """Return the paths of single images as JSON: a node for each column, -1 where there is none.

    Raises
    ------
    ValueError
        If a path does not fit the columns, or a confidence is not in [0, 1].
    """
    return [_track(track, picture) for track in tracks]


def _track(track: Track, picture: FlowPicture) -> dict[str, Any]:
    return {
        "label": short(track.label, 40),
        "look": track.look,
        "nodes": track_nodes(picture, track),
        "confidences": [float(confidence) for confidence in track.confidences],
        "far": [bool(far) for far in track.far],
        "image": track.image,
    }
