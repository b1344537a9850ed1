"""The work of ``python -m xai attribute``: from files to files, and a line to print."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from xai import images, models
from xai.attribution import METHODS, run
from xai.attribution.manifests import manifest, reading
from xai.attribution.manifests.repetition import compare, load, repeat
from xai.attribution.result import Attribution
from xai.models import statefile
from xai.models.loaded import LoadedModel
from xai.types import Params, find

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def again(place: Path, out: Path, weights: Path | None = None) -> tuple[bool, str]:
    """Repeat what a manifest describes and write the array.

    Parameters
    ----------
    place : Path
        The manifest.
    out : Path
        The ``.npz`` file to write: ``relevance`` and ``input``.
    weights : Path, optional
        The file of the user's own weights.

    Returns
    -------
    (bool, str)
        Whether it is what was expected, and a line that says so.

    Raises
    ------
    ValueError, OSError
        If a file cannot be read, is refused, or cannot be written.
    """
    _check_name(out)
    request = manifest.read(_content(place, reading.MAX_BYTES))
    model = load(request, None if weights is None else _content(weights, statefile.MAX_BYTES))
    found = repeat(request, model)
    save(out, found, request.image)
    outcome = compare(request, found)
    return outcome.close, f"{_title(found, model)}: {outcome.sentence}; {out}"


def anew(
    model: str,
    picture: Path,
    method: str,
    out: Path,
    *,
    target: int | None = None,
    contrast: int | None = None,
    settings: Sequence[str] = (),
    seed: int = 0,
    weights: Path | None = None,
) -> str:
    """Explain a picture and write the array and, beside it, its manifest.

    Parameters
    ----------
    model, method : str
        Keys of the registries; with ``weights``, the model's architecture.
    picture : Path
    out : Path
        The ``.npz`` file; the manifest gets its name with ``.json``.
    target, contrast : int, optional
        As in :func:`xai.attribution.run`.
    settings : sequence of str
        Parameters as ``name=value``.
    seed : int
    weights : Path, optional
        The file of the user's own weights.

    Returns
    -------
    str
        A line that says what was written.

    Raises
    ------
    TypeError, ValueError, OSError
        If something does not exist, is refused, or cannot be written.
    """
    _check_name(out)
    row = find(METHODS, method, "method")
    params = settled(row.params, settings)
    decoded = images.decode(_content(picture, images.MAX_BYTES), name=picture.name)
    ready = _model(model, weights)
    image = ready.prepare(decoded.pixels)
    found = run(ready, image, method, target=target, contrast=contrast, params=params, seed=seed)
    written = manifest.written(found, image, ready)
    save(out, found, image)
    beside = out.with_suffix(".json")
    _replace(beside, written.encode())
    return f"{_title(found, ready)}: logit {found.logit:.6g}; {out} and {beside}"


def settled(params: type[Params], settings: Sequence[str]) -> Params:
    """Make parameters of texts such as ``"steps=20"``.

    Raises
    ------
    TypeError, ValueError
        If one is no such pair, or has no field or no value of that kind.
    """
    fields = {item.name: item for item in dataclasses.fields(params)}
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"param: expected name=value, got {setting!r}")
        if name not in fields:
            listing = ", ".join(fields) or "no parameters"
            raise ValueError(f"param: expected {listing}; got {name!r}")
        values[name] = _typed(name, value, fields[name].default)
    return params(**values)


def _typed(name: str, value: str, default: Any) -> Any:
    """Read a text as what the field's default is."""
    if isinstance(default, str):
        return value
    if isinstance(default, bool):
        if value.lower() not in _FLAGS:
            raise ValueError(f"{name}: expected true or false, got {value!r}")
        return _FLAGS[value.lower()]
    try:
        return int(value) if isinstance(default, int) else float(value)
    except ValueError as error:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"{name}: expected {kind}, got {value!r}") from error


def save(out: Path, found: Attribution, image: np.ndarray) -> None:
    """Write a relevance and its input as an ``.npz`` file, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    packed = BytesIO()
    np.savez_compressed(packed, relevance=found.relevance, input=image)
    _replace(out, packed.getvalue())


def _replace(place: Path, content: bytes) -> None:
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(place)
    except OSError as error:
        # Of the file that was asked for, not of one that nobody knows.
        raise OSError(error.errno, error.strerror, str(place)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


def _check_name(out: Path) -> None:
    if out.suffix != ".npz":
        raise ValueError(f"out: expected a name that ends in .npz, got {out.name!r}")


def _content(place: Path, limit: int) -> bytes:
    with place.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{place.name}: expected at most {limit:,} bytes, got more")
    return content


def _model(name: str, weights: Path | None) -> LoadedModel:
    if weights is None:
        return models.load(name)
    content = _content(weights, statefile.MAX_BYTES)
    return models.load_checkpoint(content, name, name=weights.name).model


def _title(found: Attribution, model: LoadedModel) -> str:
    told = f"{METHODS[found.method].label} of {model.classes[found.target]!r}"
    if found.contrast is not None:
        told += f" and not {model.classes[found.contrast]!r}"
    return f"{told}, {model.spec.label}"
