"""From a folder to a run, believed only after it was checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from xai.datasets.spec import signature_of
from xai.training.runs.files import contents, schema
from xai.training.runs.files.contents import RefusedError, check_array, check_text, unlike, whole
from xai.training.runs.files.heading import Head, heading
from xai.training.runs.run import Ending, Epoch, Recipe, Run, Trace

if TYPE_CHECKING:
    from torch import Tensor

#: Two shares that differ by less are one, which was written with fewer digits.
_SAME = 1e-9
_INTERRUPTED = "The training was interrupted; what was recorded until then is here."


def run(folder: Path) -> Run:
    """Read a run; see :func:`xai.training.open_run`."""
    try:
        there = folder.is_dir()
    except OSError:  # a name that no disk can have
        there = False
    if not there:
        raise RefusedError(f"run: expected a folder with a {schema.HEAD}, got {str(folder)!r:.200}")
    head = heading(folder)
    images = _images(folder, head.recipe)
    epochs = _epochs(folder, head)
    predicted, right = _answers(folder, head, len(epochs), images)
    _check_agreement(head, images, epochs, predicted, right)
    _check_weights(folder, head)
    running = head.ended == "running"
    return Run(
        recipe=head.recipe,
        folder=folder,
        marks=head.marks,
        epochs=epochs,
        trace=_trace(folder),
        ended="stopped" if running else cast("Ending", head.ended),
        note=head.note or (_INTERRUPTED if running else ""),
        labels=images.labels,
        ids=images.ids,
        predicted=predicted,
        right=right,
        train_ids=images.train_ids,
        train_labels=images.train_labels,
        checksums=head.checksums,
        precision=head.precision,
    )


def weights(folder: Path, mark: float, checksum: str) -> dict[str, Tensor]:
    """Return the state dict of a mark: real numbers in float32, whatever they are kept as.

    Raises
    ------
    ValueError
        If the file is not there, or is another than that of the checksum.
    """
    import torch

    found = _numbers(folder, mark, checksum)
    state = {}
    for name, values in found.items():
        real = np.issubdtype(values.dtype, np.floating)
        state[name] = torch.from_numpy(values.astype(np.float32) if real else values.copy())
    return state


# ------------------------------------------------------------------------ the weights
def weights_content(folder: Path, mark: float, checksum: str) -> bytes:
    """Return the file of a mark's weights, if it is that of the checksum."""
    name = schema.weights_name(mark)
    content = contents.read(folder, name, schema.MOST_WEIGHTS)
    if hashlib.sha256(content).hexdigest() != checksum:
        raise RefusedError(f"run: {name}: it was changed or cut off after it was written")
    return content


def _numbers(folder: Path, mark: float, checksum: str) -> dict[str, np.ndarray]:
    content = weights_content(folder, mark, checksum)
    return contents.tensors(schema.weights_name(mark), content)


def _check_weights(folder: Path, head: Head) -> None:
    """Refuse weights that are damaged, not finite, or of another network."""
    expected = _expected(head)
    total = 0
    for mark, checksum in zip(head.marks, head.checksums, strict=True):
        name = schema.weights_name(mark)
        found = _numbers(folder, mark, checksum)
        total += sum(values.nbytes for values in found.values())
        if total > schema.MOST_RUN:
            raise unlike(schema.WEIGHTS, f"at most {schema.MOST_RUN // 2**20:,} MB", "more")
        if set(found) != set(expected):
            odd = min(set(found) ^ set(expected))
            raise unlike(name, f"weights of {head.recipe.architecture}", f"others, at {odd!r:.80}")
        for key, (dtype, shape) in expected.items():
            values = check_array(f"{name}: {key}", found[key], dtype, shape)
            if not np.isfinite(values).all():
                raise unlike(f"{name}: {key}", "finite weights", "NaN or infinity")


def _expected(head: Head) -> Mapping[str, tuple[str, tuple[int, ...]]]:
    """Return type and shape of each tensor of the network as it is trained."""
    state = head.recipe.blank().state_dict()
    return {
        name: (head.precision if value.is_floating_point() else "int64", tuple(value.shape))
        for name, value in state.items()
    }


# ------------------------------------------------------------------------- the images
@dataclass(frozen=True, eq=False)
class _Images:
    train_ids: tuple[str, ...]
    train_labels: np.ndarray
    ids: tuple[str, ...]
    labels: np.ndarray


def _images(folder: Path, recipe: Recipe) -> _Images:
    name = schema.IMAGES
    content = contents.read(folder, name, schema.MOST_TABLE)
    _, rows = contents.table(name, content, 2 * schema.MOST_IMAGES, schema.LISTED)
    parts = [row[0] for row in rows]
    trained = parts.count("train")
    if trained != recipe.images or parts != ["train"] * trained + ["test"] * (len(rows) - trained):
        raise unlike(name, f"{recipe.images:,} training images and then test images", "others")
    ids = tuple(check_text(f"{name}: id", row[1]) for row in rows)
    for half in (ids[:trained], ids[trained:]):
        if len(set(half)) < len(half):
            raise unlike(name, "each image once", "one twice")
    last = len(recipe.classes) - 1
    labels = np.array([whole(f"{name}: label", row[2], 0, last) for row in rows], np.int64)
    said = signature_of(recipe.data, recipe.classes, ids[:trained], labels[:trained])
    if said != recipe.signature:
        raise unlike(name, "the training images of the recipe", "others")
    return _Images(ids[:trained], labels[:trained], ids[trained:], labels[trained:])


def _answers(
    folder: Path, head: Head, epochs: int, images: _Images
) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted classes by mark, and what was right by epoch."""
    name = schema.ANSWERS
    found = contents.tensors(name, contents.read(folder, name, schema.MOST_ANSWERS))
    wide = -(-len(images.train_ids) // 8)
    predicted = check_array(
        f"{name}: predicted", found.get("predicted"), "int16", (None, len(images.ids))
    )
    packed = check_array(f"{name}: right", found.get("right"), "uint8", (None, wide))
    if len(predicted) < len(head.marks) or len(packed) < epochs:
        raise unlike(name, f"{len(head.marks)} marks and {epochs} epochs", "fewer")
    # Only what still went on can have been killed between this file and the head.
    if len(predicted) > len(head.marks) and head.ended not in ("running", "stopped"):
        raise unlike(name, f"{len(head.marks)} marks", f"{len(predicted)}")
    predicted = predicted[: len(head.marks)]
    if predicted.size and not 0 <= predicted.min() <= predicted.max() < len(head.recipe.classes):
        raise unlike(f"{name}: predicted", "classes of the recipe", "others")
    right = np.unpackbits(packed[:epochs], axis=1, count=len(images.train_ids)).astype(bool)
    return predicted, right


def _check_agreement(
    head: Head,
    images: _Images,
    epochs: tuple[Epoch, ...],
    predicted: np.ndarray,
    right: np.ndarray,
) -> None:
    """Refuse answers that give other shares of right ones than the table of epochs."""
    found = [(epoch.accuracy, float(right[epoch.number - 1].mean())) for epoch in epochs]
    for mark, answers in zip(head.marks, predicted, strict=True):
        if mark >= 1 and mark == int(mark) and len(answers):
            share = float((answers == images.labels).mean())
            found.append((epochs[int(mark) - 1].test_accuracy, share))
    if not all(abs(told - counted) < _SAME for told, counted in found):
        raise unlike(schema.ANSWERS, f"the accuracies of {schema.METRICS}", "others")


# ------------------------------------------------------------------------- the course
def _epochs(folder: Path, head: Head) -> tuple[Epoch, ...]:
    """Return the epochs up to the last mark; a later one is not part of what was recorded."""
    name = schema.METRICS
    content = contents.read(folder, name, schema.MOST_TABLE)
    header, rows = contents.table(name, content, schema.MOST_EPOCHS, schema.MEASURES)
    layers = _layers(header[len(schema.MEASURES) :])
    finished = int(head.marks[-1])
    if len(rows) < finished:
        raise unlike(name, f"{finished} epochs", f"{len(rows)}")
    found = []
    for place, row in enumerate(rows[:finished], start=1):
        if whole(name, row[0], 1, schema.MOST_EPOCHS) != place:
            raise unlike(name, f"epoch {place} in row {place}", row[0])
        loss, accuracy, test_loss, test_accuracy, rate, seconds, *norms = (
            contents.number(name, cell) for cell in row[1:]
        )
        found.append(
            Epoch(
                place,
                loss,
                accuracy,
                test_loss,
                test_accuracy,
                rate,
                seconds,
                weight_norms=dict(zip(layers, norms[: len(layers)], strict=True)),
                gradient_norms=dict(zip(layers, norms[len(layers) :], strict=True)),
            )
        )
    return tuple(found)


def _layers(columns: list[str]) -> list[str]:
    """Return the layers whose norms stand in the columns."""
    layers = [name.removeprefix(schema.WEIGHT_NORM) for name in columns[: len(columns) // 2]]
    wanted = [
        *(schema.WEIGHT_NORM + name for name in layers),
        *(schema.GRADIENT_NORM + name for name in layers),
    ]
    if columns != wanted or len(set(layers)) < len(layers) or len(layers) > schema.MOST_LAYERS:
        raise unlike(schema.METRICS, "the norms of each layer's weights and gradients", "others")
    for name in layers:
        check_text(schema.METRICS, name)
    return layers


def _trace(folder: Path) -> Trace:
    name = schema.TRACE
    content = contents.read(folder, name, schema.MOST_TABLE)
    _, rows = contents.table(name, content, schema.MOST_POINTS, schema.TRACED)
    step = np.array([whole(name, row[0], 0, 2**53) for row in rows], np.int64)
    if (np.diff(step) <= 0).any():
        raise unlike(name, "steps that grow", "others")
    loss, accuracy = (
        np.array([contents.number(name, row[place]) for row in rows], np.float32)
        for place in (1, 2)
    )
    return Trace(step, loss, accuracy)
