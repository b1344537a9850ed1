"""Reading weights from disk: checked, finite, never unpickled into code."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import re
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import torch

from xai import data
from xai.downloads import NotFetched
from xai.models import zoo

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from xai.models.spec import ModelSpec

#: torchvision's DenseNet once had dots in the names of its layers; its file still does.
_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..+)$")


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


def published_state(spec: ModelSpec) -> dict[str, Tensor]:
    """Read weights that were fetched before, without copying them into memory.

    Raises
    ------
    NotFetched
        If they were not.
    ValueError
        If the file is damaged; it is deleted, so that it can be fetched again.

    Notes
    -----
    The file is mapped, and pages of it are read when they are first used. Its
    checksum is verified each time: a flipped bit would be a wrong answer that
    nobody notices.
    """
    place = zoo.place(spec)
    if not place.is_file():
        raise NotFetched(zoo.how_to_fetch(spec))
    if not sha256(place).startswith(zoo.published(spec).sha256):
        with suppress(OSError):
            place.unlink()
        raise ValueError(
            f"{spec.label}: the downloaded weights are damaged (wrong checksum) and were "
            "deleted; fetch them again"
        )
    # The oldest files on torchvision's server are no zip files and cannot be mapped.
    mapped = zipfile.is_zipfile(place)
    try:
        loaded = torch.load(place, map_location="cpu", weights_only=True, mmap=mapped)
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(f"{spec.label}: the downloaded weights cannot be read") from error
    state = {name: value.detach() for name, value in loaded.items()}
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


# --------------------------------------------------------------------- fitting
def renamed(spec: ModelSpec, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give published weights the names that the network of a spec uses."""
    if not spec.renames:
        return state
    module, _, function = spec.renames.partition(":")
    return getattr(importlib.import_module(module), function)(state)


def densenet_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Write ``norm1`` for ``norm.1``, as torchvision does for its DenseNets."""
    return {_DENSENET.sub(r"\1\2", name): value for name, value in state.items()}


def without_auxiliary_heads(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop GoogLeNet's two auxiliary classifiers, which serve in training alone."""
    return {name: value for name, value in state.items() if not name.startswith(("aux1.", "aux2."))}


def check_fit(state: dict[str, Tensor], net: nn.Module, label: str) -> None:
    """Compare the names and shapes of a state dict with a network's.

    Raises
    ------
    ValueError
        If they differ; the first few are listed.

    Notes
    -----
    The batch norms' counters of training steps may be missing: old files have
    none, and inference does not read them.
    """
    expected = net.state_dict()
    missing = [n for n in expected if n not in state and not _is_counter(n)]
    surplus = [n for n in state if n not in expected]
    wrong = [n for n in expected if n in state and state[n].shape != expected[n].shape]
    for what, names in (
        ("it lacks {}", missing),
        ("it has {}, which the network has not", surplus),
        ("the network has other shapes for {}", wrong),
    ):
        if names:
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            listing = what.format(", ".join(names[:3]) + rest)
            raise ValueError(f"weights: the file does not fit {label}: {listing}")


def fill(net: nn.Module, state: dict[str, Tensor]) -> None:
    """Put a state dict that fits into a network that is still on the meta device.

    Numbers of another precision are converted; others become the network's
    own storage without a copy.
    """
    ready = {}
    for name, wanted in net.state_dict().items():
        if name in state:
            ready[name] = state[name].to(wanted.dtype)
        else:
            ready[name] = torch.zeros(wanted.shape, dtype=wanted.dtype)
    net.load_state_dict(ready, assign=True)


def _is_counter(name: str) -> bool:
    return name.endswith("num_batches_tracked")
