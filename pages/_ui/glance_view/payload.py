"""What the rows send: script, names, values and marks, each by itself.

Another image sends only its values, and a click none of them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pages._ui import carrier
from pages._ui.glance_view.palette import tables
from pages._ui.glance_view.rows import FAMILIES, MARKS, GlanceRow
from xai.figures.sheets import BROKEN

_HERE = Path(__file__).parent
#: The files of the drawing side in the order in which they are put together. They share one
#: scope: each may use what an earlier one defines.
SCRIPTS = (
    "model.js",
    "layout.js",
    "squares.js",
    "paint.js",
    "card.js",
    "legend.js",
    "picture.js",
    "keys.js",
    "glance.js",
)


@cache
def engine() -> carrier.Part:
    """Return the script and the style sheet that draw."""
    return carrier.engine((_HERE / name for name in SCRIPTS), _HERE / "glance.css")


def parts(rows: Sequence[GlanceRow], names: Sequence[str] | None) -> dict[str, carrier.Part]:
    """Pack everything that is large.

    Parameters
    ----------
    rows : sequence of GlanceRow
        Checked before.
    names : sequence of str, or None
        Names of the last row's units.

    Returns
    -------
    dict
        ``"rows"``, JSON; ``"values"``, float32, little-endian, one row after the other;
        ``"marks"``, a byte a unit, only if a row has marks.
    """
    found = {"rows": carrier.raw(_rows(rows, names)), "values": carrier.raw(_values(rows))}
    if any(row.marks is not None for row in rows):
        found["marks"] = carrier.raw(_marks(rows))
    return found


def _rows(rows: Sequence[GlanceRow], names: Sequence[str] | None) -> bytes:
    shown = [
        {
            "layer": row.layer,
            "title": row.title or row.layer,
            "count": len(row.values),
            "marked": row.marks is not None,
            "note": row.note,
            "group": row.group,
            "family": row.family,
            "word": row.word,
        }
        for row in rows
    ]
    text: dict[str, Any] = {
        "rows": shown,
        "names": None if names is None else list(names),
        "families": FAMILIES,
        "marks": MARKS,
        "broken": BROKEN,
        "tables": {
            paper: b64encode(table.tobytes()).decode("ascii") for paper, table in tables().items()
        },
    }
    return json.dumps(text).encode()


def _values(rows: Sequence[GlanceRow]) -> bytes:
    if not rows:
        return b""
    # Beyond the range of float32 lies infinity, which is drawn as broken: no warning needed.
    with np.errstate(over="ignore"):
        return np.concatenate([np.asarray(row.values).astype("<f4") for row in rows]).tobytes()


def _marks(rows: Sequence[GlanceRow]) -> bytes:
    codes = (np.zeros(len(row.values)) if row.marks is None else row.marks for row in rows)
    return b"".join(np.asarray(code).astype(np.uint8).tobytes() for code in codes)
