"""The files of a run folder, each written whole or not at all."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.store.replacing import replacing
from xai.training.runs.files import schema

if TYPE_CHECKING:
    from torch import Tensor

    from xai.training.runs.run import Epoch, Recipe, Trace


def write_head(
    folder: Path,
    recipe: Recipe,
    marks: Sequence[tuple[float, str]],
    *,
    ended: str,
    note: str = "",
    precision: str = "float32",
    versions: Mapping[str, str],
    threads: int,
) -> None:
    """Write ``run.json``, after all else that it tells of.

    Parameters
    ----------
    folder : Path
    recipe : Recipe
    marks : sequence of (float, str)
        Each mark and the SHA-256 of its weights, as :func:`write_weights` returns it.
    ended : str
        One of :data:`schema.ENDINGS`.
    note : str
        A sentence.
    precision : str
        One of :data:`schema.PRECISIONS`.
    versions : mapping of str to str
        Such as ``{"torch": "2.14.1"}``.
    threads : int
        Of torch.

    Raises
    ------
    OSError
        If it cannot be written; as all functions here.
    """
    head = {
        "format": schema.FORMAT,
        "version": schema.VERSION,
        "recipe": dataclasses.asdict(recipe),
        "precision": precision,
        "marks": marked(marks),
        "ended": ended,
        "note": note,
        "versions": dict(versions),
        "threads": threads,
    }
    write(folder / schema.HEAD, head_content(head))


def head_content(head: Mapping[str, Any]) -> bytes:
    """Return what ``run.json`` holds."""
    text = json.dumps(head, allow_nan=False, ensure_ascii=False, indent=1)
    return (text + "\n").encode()


def marked(marks: Iterable[tuple[float, str]]) -> list[dict[str, Any]]:
    """Return what ``run.json`` says of the marks."""
    return [
        {"mark": mark, "file": schema.weights_name(mark), "sha256": checksum}
        for mark, checksum in marks
    ]


def write_weights(folder: Path, mark: float, state: Mapping[str, Tensor]) -> str:
    """Write the state dict of a mark; return its SHA-256 in hexadecimal."""
    from safetensors.torch import save

    content = save({name: value.contiguous() for name, value in state.items()})
    place = folder / schema.weights_name(mark)
    place.parent.mkdir(exist_ok=True)
    write(place, content)
    return hashlib.sha256(content).hexdigest()


def write_metrics(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Write ``metrics.csv``: a row of each epoch."""
    layers = [] if not epochs else list(epochs[0].weight_norms)
    header = [
        *schema.MEASURES,
        *(schema.WEIGHT_NORM + name for name in layers),
        *(schema.GRADIENT_NORM + name for name in layers),
    ]
    rows = (
        (
            epoch.number,
            epoch.loss,
            epoch.accuracy,
            epoch.test_loss,
            epoch.test_accuracy,
            epoch.rate,
            epoch.seconds,
            *(epoch.weight_norms[name] for name in layers),
            *(epoch.gradient_norms[name] for name in layers),
        )
        for epoch in epochs
    )
    numbers = ([_cell(value) for value in row] for row in rows)
    write(folder / schema.METRICS, _table(header, numbers))


def write_trace(folder: Path, trace: Trace) -> None:
    """Write ``trace.csv``: a row of each point."""
    rows = zip(trace.step.tolist(), trace.loss, trace.accuracy, strict=True)
    numbers = ([_cell(value) for value in row] for row in rows)
    write(folder / schema.TRACE, _table(schema.TRACED, numbers))


def write_images(
    folder: Path,
    train_ids: Sequence[str],
    train_labels: np.ndarray,
    ids: Sequence[str],
    labels: np.ndarray,
) -> None:
    """Write ``images.csv``: which images the network was trained on, and tried on.

    Parameters
    ----------
    folder : Path
    train_ids, ids : sequence of str
        Of the training images and of the test images.
    train_labels, labels : ndarray, shapes (N,) and (M,), int64

    Raises
    ------
    ValueError
        If the names are so long that the table could not be read again.
    """
    trained = (("train", *row) for row in zip(train_ids, train_labels.tolist(), strict=True))
    tried = (("test", *row) for row in zip(ids, labels.tolist(), strict=True))
    content = _table(schema.LISTED, (*trained, *tried))
    if len(content) > schema.MOST_TABLE:
        most = schema.MOST_TABLE // 2**20
        raise ValueError(f"data: expected ids of at most {most} MB together, got more")
    write(folder / schema.IMAGES, content)


def write_answers(folder: Path, predicted: np.ndarray, right: np.ndarray) -> None:
    """Write ``answers.safetensors``.

    Parameters
    ----------
    folder : Path
    predicted : ndarray, shape (A, M), int16
        Class of each test image at each mark.
    right : ndarray, shape (E, N), bool
        Whether a training image was right when it was shown.
    """
    from safetensors.numpy import save

    arrays: dict[str, np.ndarray] = {
        "predicted": np.ascontiguousarray(predicted, np.int16),
        "right": np.packbits(right, axis=1),
    }
    write(folder / schema.ANSWERS, save(arrays))


def _table(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return text.getvalue().encode()


def _cell(value: float | np.floating[Any]) -> str:
    """Return a number as text from which it comes back; nothing where there is none."""
    if isinstance(value, np.floating):
        # The shortest text of a float32 is not that of the float64 of equal value.
        return np.format_float_scientific(value, trim="-") if np.isfinite(value) else ""
    return repr(value) if math.isfinite(value) else ""


def write(place: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(place) as unfinished:
        unfinished.write_bytes(content)
