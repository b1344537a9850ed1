"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(place: Path) -> Iterator[Path]:
    """Give a name to write to, which becomes ``place`` if all goes well.

    Parameters
    ----------
    place : Path
        A file of that name is replaced in one step.

    Yields
    ------
    Path
        A name in the same folder. What is left of it after an error is removed.

    Raises
    ------
    OSError
        If it cannot be written: of the file that was asked for, not of one that nobody
        knows.
    """
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        yield unfinished
        unfinished.replace(place)
    except OSError as error:
        if error.filename not in (None, str(unfinished)):  # HDF5 names none
            raise
        reason = os.strerror(error.errno) if error.errno else "it cannot be written"
        raise OSError(error.errno, reason, str(place)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
