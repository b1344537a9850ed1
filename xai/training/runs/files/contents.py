"""The files of a run folder, believed only after they were checked."""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xai.training.runs.files import schema

_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
}
#: A link is not followed, a pipe is not waited for. Not every system can say so.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class RefusedError(ValueError):
    """What is wrong with a run folder, in a sentence."""


def unlike(where: str, expected: str, got: str) -> RefusedError:
    """Return the sentence that says what is not as it should be."""
    return RefusedError(f"run: {where}: expected {expected}, got {got}")


def read(folder: Path, name: str, most: int) -> bytes:
    """Return what is in a file of the folder.

    Parameters
    ----------
    folder : Path
    name : str
        One that :mod:`xai.training.runs.files.schema` knows, never one that a file told.
    most : int
        Bytes that it may have.

    Raises
    ------
    RefusedError
        If it is not there, is no plain file of the folder, or is larger.
    """
    place = folder / name
    inner = place.parent != folder and place.parent.is_symlink()
    if inner or place.is_symlink():
        raise unlike(name, "a file of this folder", "a link to another place")
    try:
        descriptor = os.open(place, _FLAGS | _BINARY)
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
        reason = "nothing of that name" if gone else os.strerror(error.errno or errno.EIO)
        raise unlike(name, "a file", reason) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise unlike(name, "a file", "something else")
        # Never by the size it declares alone: it may grow meanwhile.
        try:
            content = file.read(most + 1)
        except OSError as error:
            reason = os.strerror(error.errno or errno.EIO)
            raise unlike(name, "a file that can be read", reason) from error
    if len(content) > most:
        raise unlike(name, f"at most {most // 2**20:,} MB", "more")
    return content


def document(name: str, content: bytes) -> dict[str, Any]:
    """Return the object that a JSON file holds."""
    try:
        found = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise unlike(name, "JSON", "another kind of file, or a part of one") from error
    if type(found) is not dict:
        raise unlike(name, "an object", "another kind of value")
    return found


def take(where: str, table: dict[str, Any], name: str, kind: type) -> Any:
    """Return a value of an object that is of a kind; a whole number is a number, too."""
    if name not in table:
        raise unlike(f"{where}: {name}", _KINDS[kind], "nothing of that name")
    value: Any = table[name]
    # JSON has whole numbers of any length, which no float can be.
    if kind is float and type(value) is int and abs(value) < 2**53:
        value = float(value)
    if type(value) is not kind:
        raise unlike(f"{where}: {name}", _KINDS[kind], f"{type(value).__name__} {value!r:.40}")
    if isinstance(value, str):
        check_text(f"{where}: {name}", value)
    return value


def check_text(where: str, text: str) -> str:
    """Return a text that can be shown: short, and without signs that no reader sees."""
    if len(text) > schema.MOST_TEXT:
        raise unlike(where, f"at most {schema.MOST_TEXT:,} letters", f"{len(text):,}")
    if not text.isprintable():
        raise unlike(where, "text that can be shown", "signs that cannot")
    return text


def table(
    name: str, content: bytes, most: int, columns: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Return the header of a CSV file and its rows.

    Parameters
    ----------
    name : str
    content : bytes
    most : int
        Rows that it may have.
    columns : sequence of str
        What its header begins with.

    Raises
    ------
    RefusedError
        If it is another table, has more rows, or rows of other lengths.
    """
    # A line that was cut off lacks its end, though all its cells may be there.
    if not content.endswith(b"\n"):
        raise unlike(name, "whole rows", "one that was cut off")
    if max(map(len, content.split(b"\n"))) > schema.MOST_LINE:
        raise unlike(name, f"rows of at most {schema.MOST_LINE:,} bytes", "longer ones")
    body: list[list[str]] = []
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        header = next(reader, [])
        if header[: len(columns)] != list(columns):
            raise unlike(name, f"the columns {', '.join(columns)}", "others")
        # Row by row: a small file can hold more cells than the memory does.
        for row in reader:
            if len(row) != len(header):
                raise unlike(name, f"{len(header)} cells in each row", f"{len(row)}")
            if len(body) == most:
                raise unlike(name, f"at most {most:,} rows", "more")
            body.append(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise unlike(name, "a table", "another kind of file, or a part of one") from error
    return header, body


def number(name: str, cell: str) -> float:
    """Return the number in a cell; NaN where it is empty."""
    if not cell:
        return math.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise unlike(name, "a number in each cell", f"{cell!r:.40}") from error
    if not math.isfinite(value):
        raise unlike(name, "finite numbers", cell)
    return value


def whole(name: str, cell: str, low: int, high: int) -> int:
    """Return the whole number in a cell, in [low, high]."""
    # int() takes spaces, underscores and the digits of every script.
    digits = cell.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise unlike(name, "a whole number", f"{cell!r:.40}")
    value = int(cell)
    if not low <= value <= high:
        raise unlike(name, f"{low:,} to {high:,}", f"{value:,}")
    return value


def tensors(name: str, content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file.

    Raises
    ------
    RefusedError
        If it is none, or not all of one.
    """
    from safetensors.numpy import load

    if int.from_bytes(content[:8], "little") > schema.MOST_LISTING:
        raise unlike(name, "safetensors", "another kind of file")
    try:
        found: dict[str, np.ndarray] = load(content)
    except Exception as error:
        # Damage makes its reader raise nearly anything, and each of it means the same.
        raise unlike(name, "safetensors", "another kind of file, or a part of one") from error
    return found


def check_array(
    where: str, found: np.ndarray | None, dtype: str, shape: tuple[int | None, ...]
) -> np.ndarray:
    """Return an array of a type and shape; None takes any length."""
    if found is None:
        raise unlike(where, "an array", "nothing of that name")
    if found.dtype != np.dtype(dtype):
        raise unlike(where, dtype, str(found.dtype))
    fits = len(found.shape) == len(shape) and all(
        side is None or side == length for side, length in zip(shape, found.shape, strict=True)
    )
    if not fits:
        said = ", ".join("any" if side is None else f"{side}" for side in shape)
        raise unlike(where, f"the shape ({said})", f"{found.shape}")
    return found


def _no_constant(text: str) -> float:
    raise ValueError(text)
