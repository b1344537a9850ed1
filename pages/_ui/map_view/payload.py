"""How a map travels: large parts that are sent once, and a small message that names them.

Streamlit sends a message of more than ten thousand bytes again only if it has changed. So
whatever is large is a message of its own, known by its digest, and what changes with every
click is small.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from pages._ui.map_view.panel import MOST_POINTS, Colouring, Panel, check
from xai.images import data_url

_HERE = Path(__file__).parent
#: The files of the drawing side in the order in which they are put together. They share one
#: scope: a class may use what an earlier file defines.
SCRIPTS = (
    "arrays.js",
    "model.js",
    "points.js",
    "stamps.js",
    "play.js",
    "trails.js",
    "paint.js",
    "pins.js",
    "card.js",
    "legend.js",
    "toolbar.js",
    "gestures.js",
    "playbar.js",
    "panel.js",
    "map.js",
)
_DIGEST = 12  # bytes; the browser counts on twice as many characters
_STEPS = 65_534  # codes of an amount; one more stands for no value


@dataclass(frozen=True)
class Part:
    """A large message: JSON, and its digest."""

    digest: str
    text: str

    @property
    def message(self) -> bytes:
        """What is sent: the digest, by which the browser sees what it has, and the JSON."""
        return f"{self.digest}{self.text}".encode()


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a map consists of: ``view`` names the ``parts`` by their digests."""

    view: dict[str, Any]
    parts: dict[str, Part]


def engine() -> Part:
    """Return the script and the style sheet that draw the map."""
    script = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (_HERE / "map.css").read_text(encoding="utf-8")
    return _part({"script": script, "style": style})


@lru_cache(maxsize=4)
def _images(
    ids: tuple[str, ...],
    labels: bytes,
    classes: tuple[str, ...],
    sprite: bytes,
    columns: int,
    tile: int,
    crisp: bool,
) -> Part:
    # The largest part, and the same in every run of a page.
    return _part(
        {
            "ids": ids,
            "labels": _places(np.frombuffer(labels, np.int64), len(classes)),
            "classes": classes,
            "sprite": data_url(sprite),
            "columns": columns,
            "tile": tile,
            "crisp": crisp,
        }
    )


def scene(
    ids: Sequence[str],
    labels: np.ndarray,
    classes: Sequence[str],
    sprite: bytes,
    columns: int,
    tile: int,
    crisp: bool,
    panels: Sequence[Panel],
    visible: np.ndarray | None,
    label: str,
) -> Scene:
    """Check everything and pack it.

    Raises
    ------
    ValueError
        If something does not fit the rest.
    """
    labels, count = np.asarray(labels), len(ids)
    if not 1 <= count <= MOST_POINTS or len(set(ids)) != count:
        raise ValueError(f"ids: expected 1 to {MOST_POINTS:,} that differ, got {count:,}")
    if labels.shape != (count,) or labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(f"labels: expected {count} places in the {len(classes)} classes")
    if not 1 <= len(panels) <= 2:
        raise ValueError(f"panels: expected 1 or 2, got {len(panels)}")
    if columns < 1 or tile < 1:
        raise ValueError(f"columns, tile: expected at least 1, got {columns}, {tile}")
    if visible is not None and visible.shape != (count,):
        raise ValueError(f"visible: expected shape ({count},), got {visible.shape}")
    for panel in panels:
        check(panel, count, len(classes))
    numbers = labels.astype(np.int64).tobytes()
    images = _images(tuple(ids), numbers, tuple(classes), sprite, columns, tile, crisp)
    parts, shown = {"images": images}, []
    for place, panel in enumerate(panels):
        own = dict(_parts_of(panel, len(classes)))
        parts |= {f"{name}-{place}": part for name, part in own.items()}
        shown.append(_head(panel) | {name: part.digest for name, part in own.items()})
    view = {
        "images": images.digest,
        "panels": shown,
        "visible": None if visible is None else mask(visible),
        "label": label,
    }
    return Scene(view, parts)


def mask(chosen: np.ndarray) -> str:
    """Return booleans as base64, eight in a byte, the first in the lowest bit."""
    return b64encode(np.packbits(chosen, bitorder="little").tobytes()).decode("ascii")


def unmask(text: object, count: int) -> np.ndarray | None:
    """Return what :func:`mask` packed, or None if it cannot have packed this."""
    size = -(-count // 8)
    if not isinstance(text, str) or len(text) != -(-size // 3) * 4:
        return None
    try:
        packed = b64decode(text, validate=True)
    except ValueError:
        return None
    if len(packed) != size:
        return None
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=count, bitorder="little")
    return bits.astype(bool)


def _part(data: dict[str, Any]) -> Part:
    text = json.dumps(data)
    return Part(blake2b(text.encode(), digest_size=_DIGEST).hexdigest(), text)


def _head(panel: Panel) -> dict[str, Any]:
    return {
        "title": panel.title,
        "run": panel.run,
        "live": panel.live,
        "replayable": panel.replayable,
        "status": panel.status,
        "trails": panel.trails,
    }


def _parts_of(panel: Panel, classes: int) -> Iterator[tuple[str, Part]]:
    count = len(panel.points)
    yield (
        "facts",
        _part(
            {
                "predicted": None if panel.predicted is None else _places(panel.predicted, classes),
                "confidence": None
                if panel.confidence is None
                else _amounts(panel.confidence, 0.0, 1.0),
                "colourings": [_colouring(colouring) for colouring in panel.colourings],
            }
        ),
    )
    # While frames come in they say where the points are.
    if panel.frames is None or not panel.live:
        yield "points", _part({"points": _packed(panel.points)})
    if panel.placed:
        yield "placed", _part({"placed": [_placed(placed) for placed in panel.placed]})
    if panel.neighbours is not None:
        found = {"count": panel.neighbours.shape[1], "rows": _places(panel.neighbours, count)}
        yield "neighbours", _part(found)
    if panel.frames is not None and len(panel.frames.iterations):
        frames = {
            "run": panel.run,
            "first": int(panel.frames.first),
            "iterations": np.asarray(panel.frames.iterations).tolist(),
            "points": _packed(panel.frames.points),
            "words": list(panel.frames.words),
        }
        yield "frames", _part(frames)


def _placed(placed: Any) -> dict[str, Any]:
    return {
        "x": float(placed.x),
        "y": float(placed.y),
        "label": placed.label,
        "picture": data_url(placed.picture),
        "neighbours": [int(index) for index in placed.neighbours],
    }


def _colouring(colouring: Colouring) -> dict[str, Any]:
    amount = colouring.kind == "scale"
    values = colouring.values
    return {
        "key": colouring.key,
        "label": colouring.label,
        "kind": colouring.kind,
        "values": _amounts(values) if amount else _places(values, len(colouring.names)),
        "names": list(colouring.names),
        "colours": list(colouring.colours),
        "low": float(colouring.low),
        "high": float(colouring.high),
        "lowWord": colouring.low_word,
        "highWord": colouring.high_word,
        "explain": colouring.explain,
    }


def _places(values: np.ndarray, below: int) -> dict[str, Any]:
    """Pack whole numbers of 0 and more; negative ones are the largest code, no value."""
    kind, none = ("u1", 255) if below <= 255 else ("u2", 65_535)
    values = np.asarray(values)
    return _packed(np.where(values < 0, none, values).astype(kind))


def _amounts(
    values: np.ndarray, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    """Pack numbers as codes from ``low`` to ``high``, 16 bits each; 65,535 is no value."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    least, most = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    low, high = float(least if low is None else low), float(most if high is None else high)
    span = (high - low) or 1.0
    codes = np.full(len(values), _STEPS + 1, np.uint16)
    codes[known] = np.rint((values[known] - low).clip(0, span) / span * _STEPS)
    return _packed(codes) | {"low": low, "high": low + span}


def _packed(values: np.ndarray) -> dict[str, Any]:
    small = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    text = b64encode(small.tobytes()).decode("ascii")
    return {"type": f"{values.dtype.kind}{values.dtype.itemsize}", "data": text}
