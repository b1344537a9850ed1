"""Images to train on: checked, told apart, made what a network takes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.datasets import ImageSet
from xai.training.runs.files import schema

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models.spec import ModelSpec

_BATCH = 256


@dataclass(frozen=True, eq=False)
class Inputs:
    """Images as a network takes them.

    Attributes
    ----------
    images : Tensor, shape (N, C, H, W), float32, normalised
    labels : Tensor, shape (N,), int64
    """

    images: Tensor
    labels: Tensor


def check(data: Any, test: Any = None) -> None:
    """Refuse images that nothing can be learned from.

    Raises
    ------
    TypeError
        If one is no image set.
    ValueError
        If there are no images, or of one class alone, labels are no classes, the test images
        have other classes, or what a folder of the run would hold could not be read again:
        too many images or classes, or names that nobody can see.
    """
    for images, what in ((data, "data"), (test, "test")):
        if what == "test" and test is None:
            continue
        if not isinstance(images, ImageSet):
            raise TypeError(f"{what}: expected an image set, got {type(images).__name__}")
        if not len(images):
            raise ValueError(f"{what}: expected at least one image, got none")
        _check_names(images, what)
        low, high, count = int(images.labels.min()), int(images.labels.max()), len(images.classes)
        if low < 0 or high >= count:
            raise ValueError(
                f"{what}: expected labels from 0 to {count - 1}, since there are {count} classes; "
                f"got {low if low < 0 else high}"
            )
    present = np.unique(data.labels)
    if len(present) < 2:
        raise ValueError(
            "data: expected images of at least two classes, since there is nothing to tell "
            f"apart in one; all are of {data.classes[present[0]]!r}"
        )
    if test is not None and tuple(test.classes) != tuple(data.classes):
        raise ValueError(
            f"test: expected the classes of the training images, {_listed(data.classes)}; "
            f"got {_listed(test.classes)}"
        )


def _check_names(images: ImageSet, what: str) -> None:
    """Refuse what the reader of run folders refuses."""
    for count, most, things in (
        (len(images), schema.MOST_IMAGES, "images"),
        (len(images.classes), schema.MOST_CLASSES, "classes"),
    ):
        if count > most:
            raise ValueError(f"{what}: expected at most {most:,} {things}, got {count:,}")
    for name in (images.name, *images.classes, *images.ids):
        if len(name) > schema.MOST_TEXT or not name.isprintable():
            raise ValueError(
                f"{what}: expected names of at most {schema.MOST_TEXT:,} letters that can be "
                f"shown, got {name!r:.60}"
            )


def _listed(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:10]) + (f" and {len(classes) - 10} more" if len(classes) > 10 else "")


def pixels(*sets: ImageSet | None) -> str:
    """Return 16 hex digits that stand for the pixels of images, in their order."""
    digest = hashlib.sha256()
    for images in sets:
        digest.update(b"none" if images is None else f"{len(images)}".encode())
        for image in () if images is None else images.images:
            digest.update(repr(image.shape).encode())
            digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()[:16]


def inputs(spec: ModelSpec, images: ImageSet) -> Inputs:
    """Return images as a network takes them: of its size, in its colours, normalised."""
    import torch
    from torch import nn

    from xai.datasets.batches import batches
    from xai.models.loaded import LoadedModel

    # What a model does to an image needs no network.
    model = LoadedModel(spec, nn.Identity())
    ready = torch.cat([model.normalize(batch) for batch in batches(model, images, _BATCH)])
    return Inputs(ready, torch.from_numpy(np.array(images.labels)))
