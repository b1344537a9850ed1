"""A key as text, and a value as one ``.npz`` file without a single pickle.

The file is an ordinary uncompressed zip: ``header.json`` says which key the
value belongs to and how it is put together, and each array is a ``.npy``
member beside it, so that ``numpy.load(path, allow_pickle=False)`` reads the
arrays as well.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np

#: Raised by one whenever the layout of the file changes: older files are then recomputed.
FORMAT_VERSION = 1

_HEADER = "header.json"
_PLAIN = (str, int, float, bool, type(None))
#: Kinds of dtype that survive a ``.npy`` file as they are. Objects would need a
#: pickle, and foreign types such as bfloat16 come back as raw bytes.
_KINDS = "biufcSU"
#: No leading underscore in a part, so that neither ``xai.__main__`` nor a dunder is reached.
_CLASS_NAME = re.compile(r"xai(\.[a-z]\w*)*:[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)


class DamagedError(Exception):
    """A file that does not hold the value that was asked for, and why."""


# ----------------------------------------------------------------------- keys
def key_text(key: object) -> str:
    """Write a key as text: equal keys give equal text, different keys different text.

    Parameters
    ----------
    key : frozen dataclass
        Its fields are str, int, float, bool, None, tuples of these, or frozen
        dataclasses of these (any :class:`~xai.types.Params`). A numpy scalar
        counts as the Python number it holds.

    Returns
    -------
    str
        ASCII JSON with the class's module and name and every field by name.

    Raises
    ------
    TypeError
        If the key is no frozen dataclass, or a field holds anything else; the
        field is named.

    Notes
    -----
    ``1``, ``1.0`` and ``True`` are equal in Python and make different texts.
    """
    if isinstance(key, type) or not _is_frozen(type(key)):
        raise TypeError(f"key: expected a frozen dataclass, got {type(key).__name__}")
    return json.dumps(_key_tree(key, type(key).__name__), separators=(",", ":"))


def _key_tree(value: Any, where: str) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    if type(plain) in _PLAIN:
        return plain
    if isinstance(value, tuple):
        return [_key_tree(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if _is_frozen(type(value)):
        fields = [
            [item.name, _key_tree(getattr(value, item.name), f"{where}.{item.name}")]
            for item in dataclasses.fields(value)
        ]
        return {"class": _class_name(type(value)), "fields": fields}
    raise TypeError(
        f"{where}: expected a string, a number, True or False, None, a tuple or a frozen "
        f"dataclass of these; got {type(value).__name__}"
    )


def _is_frozen(cls: type) -> bool:
    return dataclasses.is_dataclass(cls) and bool(cls.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _class_name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


# --------------------------------------------------------------------- values
def registered(types: Sequence[type]) -> dict[str, type]:
    """Return the classes by ``module:qualname``, as a file names them.

    Raises
    ------
    TypeError
        If one is not a frozen dataclass.
    """
    for cls in types:
        if not isinstance(cls, type) or not _is_frozen(cls):
            raise TypeError(f"types: expected frozen dataclasses, got {cls!r}")
    return {_class_name(cls): cls for cls in types}


@dataclasses.dataclass(frozen=True, eq=False)
class Packed:
    """A value taken apart.

    Attributes
    ----------
    tree : object
        What ``json`` can write; an array is ``{"array": index}``.
    arrays : tuple of ndarray
        The arrays that the tree points to.
    """

    tree: Any
    arrays: tuple[np.ndarray, ...]

    @property
    def nbytes(self) -> int:
        """Size of the arrays, in bytes."""
        return sum(array.nbytes for array in self.arrays)


def pack(value: object, types: Mapping[str, type]) -> Packed:
    """Take a value apart into a tree and its arrays.

    Parameters
    ----------
    value : object
        An array, a string, a number, True or False, None, or a tuple, list,
        dict or frozen dataclass of these.
    types : mapping of str to type
        Frozen dataclasses outside ``xai`` that may be kept too, by
        ``module:qualname``.

    Raises
    ------
    TypeError
        If a part is of another kind; the part is named.
    """
    arrays: list[np.ndarray] = []
    tree = _value_tree(value, type(value).__name__, arrays, types)
    return Packed(tree, tuple(arrays))


def _value_tree(value: Any, where: str, arrays: list[np.ndarray], types: Mapping[str, type]) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.generic):
        return {"scalar": _keep(np.asarray(value), where, arrays)}
    # A masked array or another subclass would silently come back as a plain one.
    if type(value) in (np.ndarray, np.memmap):
        return {"array": _keep(value, where, arrays)}
    if type(value) in (tuple, list):
        items = [_value_tree(v, f"{where}[{i}]", arrays, types) for i, v in enumerate(value)]
        return {type(value).__name__: items}
    if type(value) is dict:
        pairs = [
            [_dict_key(k, where), _value_tree(v, f"{where}[key {i}]", arrays, types)]
            for i, (k, v) in enumerate(value.items())
        ]
        return {"dict": pairs}
    if _is_frozen(type(value)):
        name = _class_name(type(value))
        if _find_class(name, types) is not type(value):
            raise TypeError(f"{where}: expected a class of the xai package, got {name}")
        fields = {
            item.name: _value_tree(getattr(value, item.name), f"{where}.{item.name}", arrays, types)
            for item in _own_fields(type(value))
        }
        return {"class": name, "fields": fields}
    raise TypeError(
        f"{where}: expected an array, a string, a number, True or False, None, or a tuple, list, "
        f"dict or frozen dataclass of these; got {type(value).__name__}"
    )


def _keep(array: np.ndarray, where: str, arrays: list[np.ndarray]) -> int:
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"{where}: expected an array of numbers or text, got dtype {array.dtype}")
    arrays.append(array)
    return len(arrays) - 1


def _dict_key(key: object, where: str) -> object:
    if type(key) not in (str, int):
        got = type(key).__name__
        raise TypeError(f"{where}: expected names or whole numbers as dict keys, got {got}")
    return key


def _own_fields(cls: type) -> list[dataclasses.Field[Any]]:
    return [item for item in dataclasses.fields(cls) if item.init]


def _build(tree: Any, arrays: list[np.ndarray], types: Mapping[str, type]) -> Any:
    if type(tree) in _PLAIN:
        return tree
    if "class" in tree:
        cls = _find_class(tree["class"], types)
        if cls is None:
            raise DamagedError("it names a class that may not be restored")
        if {item.name for item in _own_fields(cls)} != set(tree["fields"]):
            raise DamagedError("its class has other fields by now")
        return cls(**{k: _build(v, arrays, types) for k, v in tree["fields"].items()})
    ((tag, content),) = tree.items()
    if tag == "array":
        return arrays[content]
    if tag == "scalar":
        return arrays[content][()]
    if tag == "dict":
        return {key: _build(item, arrays, types) for key, item in content}
    if tag in ("tuple", "list"):
        items = [_build(item, arrays, types) for item in content]
        return tuple(items) if tag == "tuple" else items
    raise DamagedError("it holds a part of an unknown kind")


def _find_class(name: str, types: Mapping[str, type]) -> type | None:
    """Return the frozen dataclass of that name, or None if it may not be restored.

    A file must never choose what is called: only frozen dataclasses that are
    defined in ``xai`` itself, under exactly this name, or registered ones.
    """
    if name in types:
        return types[name]
    if not isinstance(name, str) or not _CLASS_NAME.fullmatch(name):
        return None
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and _is_frozen(found) and _class_name(found) == name:
        return found
    return None


# ---------------------------------------------------------------------- files
def write(file: IO[bytes], text: str, packed: Packed) -> None:
    """Write a packed value and the text of its key to an open file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    header = {"format": FORMAT_VERSION, "key": text, "value": packed.tree}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER), json.dumps(header))
        for index, array in enumerate(packed.arrays):
            # A ZipInfo carries no clock: equal values make equal files.
            with archive.open(zipfile.ZipInfo(f"{index}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(file: IO[bytes], text: str, types: Mapping[str, type]) -> Any:
    """Read the value of a key from an open file.

    Parameters
    ----------
    file : binary file
        What :func:`write` wrote, or anything else.
    text : str
        The key's :func:`key_text`; the file must carry exactly this.
    types : mapping of str to type
        Registered classes, as for :func:`pack`.

    Raises
    ------
    DamagedError
        If the file is of another version or key, or names a class that may not
        be restored.
    Exception
        Whatever else a damaged file makes ``zipfile``, ``json`` or ``numpy`` raise.
    """
    with zipfile.ZipFile(file) as archive:
        # Every member is stored as it is, so no small file can unfold into a huge one.
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise DamagedError("it is compressed")
        header = json.loads(archive.read(_HEADER))
        if header["format"] != FORMAT_VERSION:
            raise DamagedError("it is of another format version")
        if header["key"] != text:
            raise DamagedError("it belongs to another key")
        arrays = [_read_array(archive, index) for index in range(len(archive.namelist()) - 1)]
    return _build(header["value"], arrays, types)


def _read_array(archive: zipfile.ZipFile, index: int) -> np.ndarray:
    with archive.open(f"{index}.npy") as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        if member.read(1):
            raise DamagedError("an array is shorter than its member")
        return array
