"""What an HDF5 file holds, believed only after it was checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from xai.flow.files.schema import (
    MOST_ATTRIBUTE,
    MOST_BYTES,
    MOST_CHUNK,
    MOST_CHUNKS,
    MOST_TEXT,
)

#: Filters that may have been at work on an array, each once. Others are programs that HDF5
#: would look for and load.
_FILTERS = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)
_KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number"}


class RefusedError(ValueError):
    """What is wrong with a file, in a sentence."""


class Contents:
    """An open file, and how much more of it may be unfolded into memory.

    Parameters
    ----------
    file : h5py.File

    Notes
    -----
    Nothing is read before its place, type, size and way of storage are known to be such as
    :mod:`xai.flow.files.writing` leaves them: a small file can promise a huge array, point into
    another file, or name a filter that is a program.
    """

    def __init__(self, file: h5py.File) -> None:
        self.root = file
        self._left = MOST_BYTES

    def group(self, name: str) -> h5py.Group:
        """Return a group of the root."""
        return self._member(self.root, name, h5py.Group, "a group")

    def array(
        self, group: h5py.Group, name: str, dtype: str, shape: tuple[int | None, ...]
    ) -> np.ndarray:
        """Return an array.

        Parameters
        ----------
        group : h5py.Group
        name : str
        dtype : str
            Such as ``"<f4"``; nothing else is taken.
        shape : tuple of int or None
            None takes any length.

        Raises
        ------
        RefusedError
            If it is not there, is another, or is stored in another way.
        """
        found = self._dataset(group, name)
        if found.dtype != np.dtype(dtype):
            raise _unlike(found.name, np.dtype(dtype).name, str(found.dtype))
        self._check_shape(found, shape)
        self._spend(found)
        values: np.ndarray = found[()]
        return values

    def optional(
        self, group: h5py.Group, name: str, dtype: str, shape: tuple[int | None, ...]
    ) -> np.ndarray | None:
        """Return an array, or None if there is none of that name."""
        return self.array(group, name, dtype, shape) if self.has(group, name) else None

    def length(self, group: h5py.Group, name: str) -> int:
        """Return how many rows an array has."""
        found = self._dataset(group, name)
        if not found.shape:
            raise _unlike(found.name, "rows", "a single value")
        return int(found.shape[0])

    def words(self, group: h5py.Group, name: str, most: int) -> tuple[str, ...]:
        """Return a list of at most so many texts."""
        found = self._dataset(group, name)
        _check_text(found.name, found.dtype, MOST_TEXT)
        self._check_shape(found, (None,))
        if found.shape[0] > most:
            raise _unlike(found.name, f"at most {most:,} texts", f"{found.shape[0]:,}")
        self._spend(found)
        return tuple(_decoded(found.name, word) for word in found[()].tolist())

    def has(self, group: h5py.Group, name: str) -> bool:
        """Tell whether a group has a member of that name, of whatever kind."""
        return group.get(name, getlink=True) is not None

    def text(self, place: h5py.Group | h5py.Dataset, name: str) -> str:
        """Return a text that is an attribute."""
        value = self._attribute(place, name, ())
        return _decoded(f"{place.name} {name}", value)

    def texts(self, place: h5py.Group | h5py.Dataset, name: str) -> tuple[str, ...]:
        """Return a list of texts that is an attribute."""
        values = self._attribute(place, name, (None,))
        return tuple(_decoded(f"{place.name} {name}", value) for value in values.tolist())

    def whole(self, place: h5py.Group | h5py.Dataset, name: str) -> int:
        """Return a whole number that is an attribute."""
        found = self._attribute_id(place, name)
        if found.dtype.kind not in "iu" or found.shape != ():
            raise _unlike(f"{place.name} {name}", "a whole number", str(found.dtype))
        return int(place.attrs[name])

    def table(self, place: h5py.Group | h5py.Dataset, name: str) -> Mapping[str, Any]:
        """Return a table that is an attribute, written as JSON."""
        return _json(f"{place.name} {name}", self.text(place, name), dict)

    def listing(self, place: h5py.Group | h5py.Dataset, name: str) -> tuple[str, ...]:
        """Return a list of texts that is an attribute, written as JSON."""
        found = _json(f"{place.name} {name}", self.text(place, name), list)
        if not all(isinstance(item, str) for item in found):
            raise _unlike(f"{place.name} {name}", "texts", "other values")
        return tuple(found)

    # ---------------------------------------------------------------- how it is stored
    def _member(self, group: h5py.Group, name: str, kind: type, said: str) -> Any:
        where = f"{group.name.rstrip('/')}/{name}"
        link = group.get(name, getlink=True)
        if link is None:
            raise _unlike(where, said, "nothing of that name")
        if type(link) is not h5py.HardLink:
            raise _unlike(where, said, "a link to another place")
        found = group.get(name)
        if not isinstance(found, kind):
            got = "what cannot be opened" if found is None else f"a {type(found).__name__.lower()}"
            raise _unlike(where, said, got)
        return found

    def _dataset(self, group: h5py.Group, name: str) -> h5py.Dataset:
        found: h5py.Dataset = self._member(group, name, h5py.Dataset, "an array")
        if found.is_virtual or found.external:
            raise _unlike(found.name, "an array in this file", "one that lies in another")
        if found.shape is None:
            raise _unlike(found.name, "an array", "an empty place")
        if found.chunks is not None:
            _check_pieces(found)
        return found

    def _check_shape(self, found: h5py.Dataset, wanted: tuple[int | None, ...]) -> None:
        fits = len(found.shape) == len(wanted) and all(
            side is None or side == length for side, length in zip(wanted, found.shape, strict=True)
        )
        if not fits:
            said = ", ".join("any" if side is None else f"{side}" for side in wanted)
            raise _unlike(found.name, f"the shape ({said})", f"{found.shape}")

    def _spend(self, found: h5py.Dataset) -> None:
        """Refuse what would fill the memory, by what the file declares."""
        self._left -= math.prod(found.shape) * found.dtype.itemsize
        if self._left < 0:
            raise RefusedError(
                f"flow file: expected at most {MOST_BYTES // 2**20} MB to read, got more with "
                f"{found.name}"
            )

    def _attribute_id(self, place: h5py.Group | h5py.Dataset, name: str) -> Any:
        if name not in place.attrs:
            raise _unlike(f"{place.name} {name}", "an attribute", "nothing of that name")
        found = place.attrs.get_id(name)
        if found.dtype.itemsize * math.prod(found.shape or ()) > 2 * MOST_ATTRIBUTE:
            raise _unlike(f"{place.name} {name}", "a small attribute", "a large one")
        return found

    def _attribute(
        self, place: h5py.Group | h5py.Dataset, name: str, shape: tuple[int | None, ...]
    ) -> Any:
        found = self._attribute_id(place, name)
        _check_text(f"{place.name} {name}", found.dtype, MOST_ATTRIBUTE)
        if found.shape is None or len(found.shape) != len(shape):
            raise _unlike(f"{place.name} {name}", "text", "another arrangement of it")
        value = np.empty(found.shape, found.dtype)
        found.read(value)
        return value if shape else value[()]


def _check_pieces(found: h5py.Dataset) -> None:
    """Refuse pieces that could unfold into more than their array declares."""
    size = math.prod(found.chunks) * found.dtype.itemsize
    plan = found.id.get_create_plist()
    filters = [plan.get_filter(place)[0] for place in range(plan.get_nfilters())]
    if any(code not in _FILTERS for code in filters) or len(set(filters)) < len(filters):
        raise _unlike(found.name, "gzip alone", "another kind of compression")
    if size > max(MOST_CHUNK, found.dtype.itemsize):
        raise _unlike(found.name, f"pieces of at most {MOST_CHUNK:,} bytes", f"{size:,}")
    if found.id.get_num_chunks() > MOST_CHUNKS:
        raise _unlike(found.name, f"at most {MOST_CHUNKS:,} pieces", "more")
    stored = 0

    def look(piece: Any) -> None:
        nonlocal stored
        stored = max(stored, int(piece.size))

    found.id.chunk_iter(look)
    # What cannot be compressed grows a little. Not checked, one stored piece of a gigabyte
    # would unfold into a thousand of them.
    if stored > size + size // 50 + 1_024:
        raise _unlike(found.name, f"pieces of at most {size:,} bytes", f"{stored:,}")


def _check_text(where: str, dtype: np.dtype[Any], most: int) -> None:
    if dtype.kind != "S" or dtype.itemsize > most:
        raise _unlike(where, f"text of at most {most:,} bytes", str(dtype))


def _decoded(where: str, word: bytes) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unlike(where, "text in UTF-8", "other bytes") from error


def _json(where: str, text: str, kind: type) -> Any:
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _unlike(where, "JSON", "other text") from error
    if type(found) is not kind:
        raise _unlike(where, _KINDS[kind], "another kind of value")
    return found


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _unlike(where: str, expected: str, got: str) -> RefusedError:
    return RefusedError(f"flow file: {where}: expected {expected}, got {got}")
