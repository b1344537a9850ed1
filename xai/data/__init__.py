"""The files that ship with Layerscope: data sets, class names, trained weights.

Each has a data card or model card (``.md``) beside it that names its source
and licence.
"""

from __future__ import annotations

import functools
from pathlib import Path

_HERE = Path(__file__).parent


def path(name: str) -> Path:
    """Return where the bundled file or folder ``name`` lies.

    Parameters
    ----------
    name : str
        File name relative to ``xai/data``, such as ``"mnist-10k.npz"``.

    Raises
    ------
    ValueError
        If ``name`` would lead out of ``xai/data``.
    """
    place = _HERE / name
    if not place.resolve().is_relative_to(_HERE.resolve()):
        raise ValueError(f"bundled file: expected a name inside xai/data, got {name!r}")
    return place


@functools.cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the 1,000 class names of ImageNet-1k, in order of class index.

    Notes
    -----
    One short English name a class, no two alike: "crane bird" (134) and "crane"
    (517, the machine), "maillot" (638) and "maillot tank suit" (639). The names
    are torchvision's, so that its models and ours agree on them.
    "Cardigan" (264, the dog) and "cardigan" (474, the garment) differ by case only.
    """
    text = path("imagenet-classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
