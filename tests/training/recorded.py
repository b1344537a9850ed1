"""A small recorded run, made in a second, for tests of its files."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from xai.training import Run
from xai.training.runs.files import schema


def copy(run: Run, folder: Path) -> Path:
    """Return a copy of a run's folder, to be spoiled."""
    return Path(shutil.copytree(run.folder, folder))


def change_head(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what ``run.json`` says."""
    place = folder / schema.HEAD
    head = json.loads(place.read_text())
    change(head)
    place.write_text(json.dumps(head))


def change_table(folder: Path, name: str, change: Callable[[list[list[str]]], object]) -> None:
    """Change the rows of a table, the header being the first."""
    place = folder / name
    rows = list(csv.reader(place.read_text().splitlines()))
    change(rows)
    place.write_text("".join(",".join(row) + "\n" for row in rows))


def change_arrays(
    folder: Path, name: str, change: Callable[[dict[str, np.ndarray]], object]
) -> None:
    """Change the arrays of a safetensors file; of weights the checksum is set right."""
    place = folder / name
    arrays = dict(load(place.read_bytes()))
    change(arrays)
    content = save(arrays)
    place.write_bytes(content)
    checksum = hashlib.sha256(content).hexdigest()

    def set_right(head: dict[str, Any]) -> None:
        for row in head["marks"]:
            if row["file"] == name:
                row["sha256"] = checksum

    change_head(folder, set_right)
