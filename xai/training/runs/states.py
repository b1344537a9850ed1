"""What is needed to go on with a run, on disk."""

from __future__ import annotations

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
    writing.write(folder / schema.STATE, save(whole, {"recipe": recipe}))


def read_state(folder: Path, recipe: str) -> dict[str, Tensor] | None:
    """Return what :func:`write_state` wrote for a recipe.

    Returns
    -------
    dict of str to Tensor, or None
        None if there is none, or it is damaged or another recipe's: the run is then begun
        again, and comes to the same.
    """
    from safetensors import SafetensorError, safe_open

    place = folder / schema.STATE
    try:
        with safe_open(place, framework="pt") as file:
            if (file.metadata() or {}).get("recipe") == recipe:
                names = list(file.keys())
                # Copies: the file itself is replaced while they are in use.
                return {name: file.get_tensor(name).clone() for name in names}
            reason = "it belongs to another run"
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError) as error:
        reason = f"it is damaged ({type(error).__name__})"
    _log.warning("%s is not used, the run is begun again: %s", place.name, reason)
    return None
