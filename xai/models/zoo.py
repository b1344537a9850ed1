"""Published weights: what they are, whether they are here, and how to get them.

torchvision is imported when something is fetched or loaded, not to say how big
it is.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

from xai import downloads
from xai.models.spec import ModelSpec
from xai.store import cache_root
from xai.types import Progress

_HASH = re.compile(r"-([0-9a-f]{8,64})\.pth$")


@dataclass(frozen=True)
class Published:
    """Where weights come from.

    Attributes
    ----------
    url : str
    sha256 : str
        The first digits of the file's checksum.
    size : int
        About how many bytes.
    """

    url: str
    sha256: str
    size: int


def published(spec: ModelSpec) -> Published:
    """Ask torchvision for the address, checksum and size of a model's default weights.

    Raises
    ------
    ValueError
        If torchvision does not know the model, or names no checksum.
    """
    models = importlib.import_module("torchvision.models")
    weights = models.get_model_weights(spec.weights.partition(":")[2]).DEFAULT
    found = _HASH.search(weights.url)
    if found is None:
        raise ValueError(f"{spec.label}: expected a checksum in the address {weights.url}")
    size = round(weights.meta["_file_size"] * 1024**2)
    return Published(url=weights.url, sha256=found[1], size=size)


def place(spec: ModelSpec) -> Path:
    """Return where the fetched weights of a model lie."""
    return cache_root() / "weights" / f"{spec.name}.pth"


def is_ready(spec: ModelSpec) -> bool:
    """Return whether a model can be loaded without the network."""
    return spec.bundled or place(spec).is_file()


def how_to_fetch(spec: ModelSpec) -> str:
    """Say what is missing, how big it is and how to get it."""
    size = downloads.megabytes(spec.download_bytes)
    return (
        f"{spec.label}: its weights ({size}) are not on this computer yet. Fetch them on a "
        f"page, or with: python -m xai fetch {spec.name}"
    )


def fetch(spec: ModelSpec, *, progress: Progress | None = None) -> None:
    """Download the weights of a model, unless they are here.

    Raises
    ------
    DownloadError
        If that fails; nothing half-written is left.
    """
    if spec.bundled:
        return
    source = published(spec)
    downloads.fetch(
        source.url,
        place(spec),
        sha256=source.sha256,
        size=source.size,
        label=f"{spec.label} weights",
        hint="The bundled models work without a network.",
        progress=progress,
    )
