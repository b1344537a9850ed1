"""The runs that ship, and how the recorded one is made again."""

from __future__ import annotations

from xai import data
from xai.training.runs import files
from xai.training.runs.run import Run

#: Where they lie under ``xai/data``.
FOLDER = "runs"


def run(name: str) -> Run:
    """Open a run that came with the program; see :func:`xai.training.shipped_run`."""
    known = names()
    if name not in known:
        raise ValueError(f"run: expected one of {', '.join(known)}; got {name!r}")
    return files.opened(data.path(f"{FOLDER}/{name}"))


def names() -> tuple[str, ...]:
    """Return the names of the runs that ship, in alphabetical order."""
    return tuple(sorted(place.parent.name for place in data.path(FOLDER).glob("*/run.json")))
