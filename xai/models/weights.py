"""Reading weights from disk: checked, finite, never unpickled into code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch

from xai import data

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from xai.models.spec import ModelSpec


def bundled_state(spec: ModelSpec) -> dict[str, Tensor]:
    """Read a model's bundled weights.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or holds NaN or infinity.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    place = data.path(spec.weights)
    if not place.is_file():
        raise ValueError(f"{spec.label}: the file {place.name} is missing from xai/data")
    if spec.sha256 and sha256(place) != spec.sha256:
        raise ValueError(f"{spec.label}: the file {place.name} is damaged (wrong checksum)")
    try:
        state = load_file(place)
    except SafetensorError as error:
        raise ValueError(f"{spec.label}: the file {place.name} is damaged ({error})") from error
    check_finite(state, place.name)
    return state


def sha256(place: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_finite(state: dict[str, Tensor], name: str) -> None:
    """Refuse weights with NaN or infinity.

    Raises
    ------
    ValueError
        Naming the first bad tensor.
    """
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name}: expected finite weights, got NaN or infinity in {key}")
