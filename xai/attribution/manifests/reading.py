"""Reading a manifest: nothing in it is believed before it is checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai import images
from xai.attribution.manifests.enclosure import disclose
from xai.attribution.manifests.manifest import FORMAT, VERSION, Expected, Request
from xai.attribution.methods import METHODS
from xai.models.registry import MODELS
from xai.models.spec import ModelSpec, weights_of
from xai.types import Params, find, make_params

#: Largest file that is read. An image of 1024 × 1024 in full precision is in it.
MAX_BYTES = 20 * 2**20

_MAX_DIGITS = 20
_MAX_WORD = 300
_MAX_CLASSES = 22_000
_MAX_THREADS = 4096
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_KINDS: dict[type, str] = {
    **{dict: "an object", list: "a list", str: "text"},
    **{int: "a whole number", float: "a number"},
}


def request(text: str | bytes) -> Request:
    """Read a manifest; see :func:`xai.attribution.manifests.manifest.read`."""
    top = _parsed(text)
    found = _word(top, "format"), _whole(top, "version")
    if found != (FORMAT, VERSION):
        expected = f"{FORMAT} {VERSION}"
        raise ValueError(f"manifest: expected {expected}, got {_got(found)}")
    described = _part(top, "model")
    base, columns = _model(described)
    classes = columns["classes"] or base.classes
    target, contrast = _class(top, "target", classes), None
    if top.get("contrast") is not None:
        contrast = _class(top, "contrast", classes)
    if target == contrast:
        raise ValueError(f"manifest: expected two classes that differ, got {target} twice")
    method = _word(top, "method")
    surroundings = _part(top, "made_with")
    return Request(
        method=method,
        params=_params(method, _part(top, "params")),
        target=target,
        contrast=contrast,
        seed=_whole(top, "seed", high=2**63 - 1),
        image=_image(_part(top, "image"), base),
        expected=_expected(_part(top, "expected"), contrast is not None),
        device=_word(surroundings, "device"),
        threads=_whole(surroundings, "threads", low=1, high=_MAX_THREADS),
        **columns,
    )


# ------------------------------------------------------------------------- the text
def _parsed(text: str | bytes) -> Mapping[str, Any]:
    if not isinstance(text, str | bytes):
        raise TypeError(f"manifest: expected text or bytes, got {type(text).__name__}")
    if len(text) > MAX_BYTES:
        raise ValueError(f"manifest: expected at most {MAX_BYTES:,} bytes, got {len(text):,}")
    try:
        words = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        top = json.loads(
            words, object_pairs_hook=_object, parse_int=_digits, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"manifest: expected JSON, but line {error.lineno} is none") from error
    except UnicodeDecodeError as error:
        raise ValueError("manifest: expected text in UTF-8, got other bytes") from error
    except RecursionError as error:
        raise ValueError("manifest: expected a few levels of JSON, got very many") from error
    if not isinstance(top, dict):
        raise ValueError("manifest: expected a JSON object, got another kind of value")
    return top


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("manifest: expected each name once, got one twice")
    return found


def _digits(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"manifest: expected numbers of up to {_MAX_DIGITS} digits, got longer")
    return int(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"manifest: expected finite numbers, got {text}")


# ------------------------------------------------------------------------ its values
def _got(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}…"


def _value(values: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a value of a kind that JSON has, and that Python does not mix up."""
    if name not in values:
        raise ValueError(f"manifest: expected {name!r}, got nothing of that name")
    value = values[name]
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"manifest: expected {_KINDS[kind]} for {name!r}, got {_got(value)}")
    return value


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = _value(values, name, dict)
    return part


def _word(values: Mapping[str, Any], name: str) -> str:
    value: str = _value(values, name, str)
    if len(value) > _MAX_WORD:
        raise ValueError(f"manifest: expected a few words for {name!r}, got {_got(value)}")
    return value


def _whole(values: Mapping[str, Any], name: str, low: int = 0, high: int = 2**31) -> int:
    value: int = _value(values, name, int)
    if not low <= value <= high:
        raise ValueError(f"manifest: expected {low} to {high} for {name!r}, got {value}")
    return value


def _numbers(values: Mapping[str, Any], name: str, count: int) -> tuple[float, ...]:
    listed = _value(values, name, list)
    if len(listed) != count:
        raise ValueError(f"manifest: expected {count} numbers for {name!r}, got {len(listed)}")
    return tuple(_value({name: item}, name, float) for item in listed)


def _checksum(values: Mapping[str, Any], name: str) -> str:
    value = _word(values, name)
    if not _CHECKSUM.fullmatch(value):
        raise ValueError(f"manifest: expected a SHA-256 for {name!r}, got {_got(value)}")
    return value


# ------------------------------------------------------------------- what it asks for
def _model(values: Mapping[str, Any]) -> tuple[ModelSpec, dict[str, Any]]:
    """Return the row that the network is built from, and what is said of the model."""
    name = _word(values, "name")
    if values.get("architecture") is None:
        raise ValueError(
            f"manifest: {name!r} is none of the models here, nor weights for one of their "
            "architectures; only the program that made it can repeat this"
        )
    base = find(MODELS, _word(values, "architecture"), "model")
    columns = {
        "model": name,
        "architecture": base.name,
        "weights": _word(values, "weights"),
        "classes": _classes(values),
        "mean": _numbers(values, "mean", base.channels),
        "std": _numbers(values, "std", base.channels),
    }
    if name != base.name:
        _checksum(values, "weights")
        if min(columns["std"]) <= 0:
            raise ValueError("manifest: expected numbers above 0 for 'std'")
    elif columns["weights"] != weights_of(base):
        raise ValueError(
            f"manifest: {base.label} has other weights here than those that were explained"
        )
    elif (columns["mean"], columns["std"], columns["classes"]) != (base.mean, base.std, ()):
        raise ValueError(f"manifest: {base.label} is prepared otherwise here than it was then")
    return base, columns


def _classes(values: Mapping[str, Any]) -> tuple[str, ...]:
    names = _value(values, "classes", list)
    if len(names) > _MAX_CLASSES or not all(isinstance(name, str) for name in names):
        raise ValueError(f"manifest: expected up to {_MAX_CLASSES} names for 'classes'")
    return tuple(names)


def _class(values: Mapping[str, Any], name: str, classes: Sequence[str]) -> int:
    part = _part(values, name)
    index = _whole(part, "index", high=len(classes) - 1)
    if _word(part, "name") != classes[index]:
        raise ValueError(
            f"manifest: class {index} is {classes[index]!r} here, got {_got(part['name'])}"
        )
    return index


def _params(method: str, values: Mapping[str, Any]) -> Params:
    row = find(METHODS, method, "method")
    for name, value in values.items():
        if len(name) > _MAX_WORD or not isinstance(value, str | int | float | bool | None):
            raise ValueError(f"manifest: expected one word or number for {_got(name)}")
        if isinstance(value, str) and len(value) > _MAX_WORD:
            raise ValueError(f"manifest: expected one word for {name!r}, got {_got(value)}")
    try:
        return make_params(row.params, values)
    except TypeError as error:
        # In a file, a value of the wrong kind is as wrong as one out of range.
        raise ValueError(str(error)) from error


def _image(values: Mapping[str, Any], base: ModelSpec) -> np.ndarray:
    listed, wanted = _value(values, "shape", list), [base.channels, *base.input_size]
    if listed != wanted or any(type(side) is not int for side in listed):
        raise ValueError(f"manifest: {base.label} takes images of {wanted}, got {_got(listed)}")
    data = _value(values, "data", str)
    image = disclose(tuple(listed), _word(values, "encoding"), data)
    if images.digest(image) != _checksum(values, "digest"):
        raise ValueError("manifest: the image is not the one whose digest it names")
    return image


def _expected(values: Mapping[str, Any], contrasted: bool) -> Expected:
    return Expected(
        logit=_value(values, "logit", float),
        contrast_logit=_value(values, "contrast_logit", float) if contrasted else None,
        sum=_value(values, "sum", float),
        min=_value(values, "min", float),
        max=_value(values, "max", float),
        digest=_checksum(values, "digest"),
    )
