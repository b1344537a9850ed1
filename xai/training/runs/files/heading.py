"""What ``run.json`` says of a run: its recipe, and at which marks there are weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai.parameters import accepted_seed, make_params
from xai.training.architectures import ARCHITECTURES
from xai.training.params import TrainingParams
from xai.training.runs.files import schema
from xai.training.runs.files.contents import (
    RefusedError,
    check_text,
    document,
    read,
    take,
    unlike,
    whole,
)
from xai.training.runs.run import Recipe

_LETTERS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Head:
    """What the other files of a folder are held against.

    Attributes
    ----------
    recipe : Recipe
    marks : tuple of float
    checksums : tuple of str
        SHA-256 of each mark's weights, in hexadecimal.
    precision : str
        Of the weights.
    ended, note : str
        ``ended`` may still be ``"running"``.
    """

    recipe: Recipe
    marks: tuple[float, ...]
    checksums: tuple[str, ...]
    precision: str
    ended: str
    note: str


def heading(folder: Path) -> Head:
    """Read the ``run.json`` of a folder.

    Raises
    ------
    RefusedError
        If there is none, or it is not one of this version.
    """
    found = document(schema.HEAD, read(folder, schema.HEAD, schema.MOST_HEAD))
    if found.get("format") != schema.FORMAT:
        raise unlike(schema.HEAD, f"a {schema.FORMAT}", "another kind of object")
    version = take(schema.HEAD, found, "version", int)
    if version != schema.VERSION:
        raise unlike(schema.HEAD, f"version {schema.VERSION} of the format", f"{version}")
    marks, checksums = _marks(take(schema.HEAD, found, "marks", list))
    return Head(
        recipe=_recipe(take(schema.HEAD, found, "recipe", dict)),
        marks=marks,
        checksums=checksums,
        precision=_one_of(found, "precision", schema.PRECISIONS),
        ended=_one_of(found, "ended", schema.ENDINGS),
        note=take(schema.HEAD, found, "note", str),
    )


def _one_of(found: dict[str, Any], name: str, words: tuple[str, ...]) -> str:
    word: str = take(schema.HEAD, found, name, str)
    if word not in words:
        raise unlike(f"{schema.HEAD}: {name}", f"one of {', '.join(words)}", f"{word!r:.40}")
    return word


def _recipe(found: dict[str, Any]) -> Recipe:
    where = f"{schema.HEAD}: recipe"
    architecture = take(where, found, "architecture", str)
    if architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise unlike(f"{where}: architecture", f"one of {known}", f"{architecture!r:.80}")
    classes = take(where, found, "classes", list)
    if not 2 <= len(classes) <= schema.MOST_CLASSES:
        raise unlike(
            f"{where}: classes", f"2 to {schema.MOST_CLASSES:,} names", f"{len(classes):,}"
        )
    if not all(isinstance(name, str) for name in classes):
        raise unlike(f"{where}: classes", "names", "other values")
    images = take(where, found, "images", int)
    return Recipe(
        architecture=architecture,
        data=take(where, found, "data", str),
        signature=take(where, found, "signature", str),
        images=whole(f"{where}: images", f"{images}", 1, schema.MOST_IMAGES),
        classes=tuple(check_text(f"{where}: classes", name) for name in classes),
        test_signature=take(where, found, "test_signature", str),
        params=_params(take(where, found, "params", dict)),
        seed=_seed(take(where, found, "seed", int)),
        pixels=take(where, found, "pixels", str),
    )


def _params(found: Mapping[str, Any]) -> TrainingParams:
    try:
        return make_params(TrainingParams, found)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"run: {schema.HEAD}: {error}") from error


def _seed(found: int) -> int:
    try:
        return accepted_seed(found)
    except ValueError as error:
        raise RefusedError(f"run: {schema.HEAD}: {error}") from error


def _marks(found: list[Any]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Return the marks, which grow, and the checksums of their weights."""
    where = f"{schema.HEAD}: marks"
    if not 1 <= len(found) <= schema.MOST_MARKS:
        raise unlike(where, f"1 to {schema.MOST_MARKS:,}", f"{len(found):,}")
    marks: list[float] = []
    checksums = []
    for row in found:
        if type(row) is not dict:
            raise unlike(where, "objects", "other values")
        mark, checksum = take(where, row, "mark", float), take(where, row, "sha256", str)
        if not (math.isfinite(mark) and 0 <= mark <= schema.MOST_EPOCHS):
            raise unlike(where, f"0 to {schema.MOST_EPOCHS} epochs", f"{mark}")
        # Two that are nearly the same would have one file.
        if marks and mark < marks[-1] + schema.LEAST_STEP:
            raise unlike(where, "later ones after earlier ones", f"{mark} after {marks[-1]}")
        if len(checksum) != 64 or not set(checksum) <= _LETTERS:
            raise unlike(f"{where}: sha256", "64 letters and digits", f"{checksum!r:.40}")
        # The name is for other readers; ours is the one that belongs to the mark.
        if take(where, row, "file", str) != schema.weights_name(mark):
            raise unlike(f"{where}: file", schema.weights_name(mark), f"{row['file']!r:.80}")
        marks.append(mark)
        checksums.append(checksum)
    return tuple(marks), tuple(checksums)
