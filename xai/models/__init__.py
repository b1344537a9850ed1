"""The networks: what there is, how to load one, what a loaded one can do.

Importing this package loads no torch; :func:`load` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xai.models.registry import MODELS
from xai.models.spec import ModelSpec
from xai.types import find

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel

__all__ = ["MODELS", "LoadedModel", "ModelSpec", "load"]


def load(name: str, *, device: str | None = None) -> LoadedModel:
    """Load a model: build it, read its weights, freeze it.

    Parameters
    ----------
    name : str
        A key of :data:`MODELS`.
    device : str, optional
        Such as ``"cpu"`` or ``"cuda"``; None takes a GPU if there is one.

    Raises
    ------
    TypeError, ValueError
        If there is no such model or device, or its weights are missing,
        damaged or not fetched yet.
    """
    spec = find(MODELS, name, "model")
    from xai.models.loading import load_spec

    return load_spec(spec, device=device)


def __getattr__(name: str) -> Any:
    if name == "LoadedModel":
        from xai.models.loaded import LoadedModel

        return LoadedModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
