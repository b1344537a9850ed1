"""What is needed to go on with a run, on disk."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from xai.training.runs.files import schema, writing

if TYPE_CHECKING:
    from torch import Tensor

_log = logging.getLogger(__name__)


def write_state(folder: Path, state: Mapping[str, Tensor], recipe: str) -> None:
    """Write ``state.safetensors``.

    Parameters
    ----------
    folder : Path
    state : mapping of str to Tensor
        All that the next step depends on.
    recipe : str
        Digest of the recipe, by which it is known again.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from safetensors.torch import save

    whole = {name: value.contiguous() for name, value in state.items()}
    said = {"recipe": recipe, "sha256": _checksum(whole)}
    writing.write(folder / schema.STATE, save(whole, said))


def read_state(folder: Path, recipe: str) -> dict[str, Tensor] | None:
    """Return what :func:`write_state` wrote for a recipe.

    Returns
    -------
    dict of str to Tensor, or None
        None if there is none, or it is damaged or another recipe's: the run is then begun
        again, and comes to the same.
    """
    state, reason = _found(folder, recipe)
    if reason:
        _log.warning("%s is not used, the run is begun again: %s", schema.STATE, reason)
    return state


def _found(folder: Path, recipe: str) -> tuple[dict[str, Tensor] | None, str]:
    """Return the state, or None and why it is not used."""
    from safetensors import safe_open

    place = folder / schema.STATE
    try:
        with safe_open(place, framework="pt") as file:
            said = file.metadata() or {}
            # Copies: the file itself is replaced while they are in use.
            state = {name: file.get_tensor(name).clone() for name in list(file.keys())}
    except FileNotFoundError:
        return None, ""
    except Exception as error:
        # Damage makes its reader raise nearly anything, and each of it means the same.
        return None, f"it is damaged ({type(error).__name__})"
    if said.get("recipe") != recipe:
        return None, "it belongs to another run"
    # Numbers that changed on the disk would train on, to other weights.
    if said.get("sha256") != _checksum(state):
        return None, "it is damaged"
    return state, ""


def _checksum(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of names, types, shapes and numbers, in hexadecimal."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].numpy()
        digest.update(repr((name, values.dtype.str, values.shape)).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
