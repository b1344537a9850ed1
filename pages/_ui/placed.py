"""Paths that a visitor types: files on the machine that runs the app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def file_at(place: str, endings: Sequence[str]) -> Path:
    """Return the file that a typed path means.

    Parameters
    ----------
    place : str
        As typed; ``~`` stands for a home.
    endings : sequence of str
        What its name may end in, such as ``".h5"``.

    Raises
    ------
    ValueError
        If it is no file that can be read, or has another ending.
    """
    path = Path(os.path.expanduser(place))  # noqa: PTH111  that of pathlib raises for nobody's home
    try:
        # Devices and pipes never end.
        readable = path.is_file() and os.access(path, os.R_OK)
    except (OSError, ValueError):  # a name that no disk can have
        readable = False
    if not readable or path.suffix.lower() not in endings:
        *first, last = endings
        listing = f"{', '.join(first)} or {last}" if first else last
        raise ValueError(f"The path must be that of a file that can be read, with {listing}.")
    return path
