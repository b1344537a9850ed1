"""The work of ``python -m xai attribute``: from files to files, and a line to print."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from xai import images, models
from xai.attribution import METHODS, run
from xai.attribution.manifests import manifest, reading
from xai.attribution.manifests.repetition import compare, load, repeat
from xai.attribution.result import Attribution
from xai.models import statefile
from xai.models.loaded import LoadedModel
from xai.parameters import settled
from xai.store.replacing import replacing
from xai.types import find


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
    with replacing(place) as unfinished:
        unfinished.write_bytes(content)


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
