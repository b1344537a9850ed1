"""The networks: what there is, how to load one, what a loaded one can do.

Importing this package loads no torch; :func:`load` does.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xai.downloads import DownloadError, NotFetched
from xai.models import zoo
from xai.models.registry import MODELS
from xai.models.spec import ModelSpec
from xai.types import Progress, find

if TYPE_CHECKING:
    from xai.models.checkpoint import Checkpoint
    from xai.models.loaded import LoadedModel

__all__ = [
    "MODELS",
    "Checkpoint",
    "DownloadError",
    "LoadedModel",
    "ModelSpec",
    "NotFetched",
    "checkpoints_allowed",
    "download_size",
    "fetch",
    "is_ready",
    "load",
    "load_checkpoint",
]

#: Environment variable that says that strangers can reach the app.
PUBLIC_VARIABLE = "LAYERSCOPE_PUBLIC"


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
        If there is no such model or device, or its weights are missing or
        damaged.
    NotFetched
        If its weights have to be downloaded first.
    """
    spec = find(MODELS, name, "model")
    from xai.models.loading import load_spec

    return load_spec(spec, device=device)


def is_ready(name: str) -> bool:
    """Return whether a model can be loaded without the network.

    Raises
    ------
    TypeError, ValueError
        If there is no such model.
    """
    return zoo.is_ready(find(MODELS, name, "model"))


def download_size(name: str) -> int:
    """Return about how many bytes a model's weights are to download; 0 for what ships.

    Raises
    ------
    TypeError, ValueError
        If there is no such model.
    """
    return find(MODELS, name, "model").download_bytes


def fetch(name: str, *, progress: Progress | None = None) -> None:
    """Download a model's weights into ``cache/``, unless they are here.

    Parameters
    ----------
    name : str
        A key of :data:`MODELS`.
    progress : callable, optional
        ``progress(done, total, message)`` in bytes; what it raises ends the
        download and leaves nothing behind.

    Raises
    ------
    TypeError, ValueError
        If there is no such model.
    DownloadError
        If there is no network, the file arrives damaged, or the disk is full.
    """
    zoo.fetch(find(MODELS, name, "model"), progress=progress)


def checkpoints_allowed() -> bool:
    """Return whether users may bring weights of their own: not where the app is public."""
    return os.environ.get(PUBLIC_VARIABLE, "").strip().lower() in ("", "0", "false", "no")


def load_checkpoint(
    content: bytes,
    architecture: str,
    *,
    name: str,
    classes: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    device: str | None = None,
) -> Checkpoint:
    """Load weights of the user's own into one of the architectures, and try them out.

    Parameters
    ----------
    content : bytes
        A ``.safetensors`` file, or a ``.pth`` file with a state dict.
    architecture : str
        A key of :data:`MODELS`.
    name : str
        What to call it, such as the file's name; for people only.
    classes : sequence of str, optional
        Class names in the order of the outputs. None takes the architecture's
        own where their number agrees, else ``"class 0"`` and so on.
    mean, std : sequence of float, optional
        One number a channel, for images in [0, 1]; None takes the architecture's.
    device : str, optional
        As in :func:`load`.

    Returns
    -------
    Checkpoint
        The model, and a report of what works with it.

    Raises
    ------
    TypeError, ValueError
        If the app is public, the file is refused (the reason is said), it does
        not fit the architecture, or the network answers with NaN.
    """
    spec = find(MODELS, architecture, "architecture")
    if not checkpoints_allowed():
        raise ValueError("own weights are switched off, since this app is public")
    from xai.models import checkpoint

    return checkpoint.load_own(
        content, spec, name=name, classes=classes, mean=mean, std=std, device=device
    )


_LAZY = {"LoadedModel": "xai.models.loaded", "Checkpoint": "xai.models.checkpoint"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
