"""Everything that the weights of a run depend on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xai.parameters import accepted_seed
from xai.training.architectures import ARCHITECTURES, Architecture
from xai.training.params import TrainingParams
from xai.types import find

if TYPE_CHECKING:
    from torch import nn

    from xai.datasets import ImageSet


@dataclass(frozen=True)
class Recipe:
    """What makes a run another one.

    Attributes
    ----------
    architecture : str
        A key of :data:`~xai.training.ARCHITECTURES`.
    data : str
        Name of the data set.
    signature : str
        Of the training images, see :attr:`xai.datasets.ImageSet.signature`.
    images : int
        How many training images there are.
    classes : tuple of str
    test_signature : str
        Of the test images; empty without any.
    params : TrainingParams
    seed : int
        Of first weights, order, augmentation and dropout.
    pixels : str
        16 hex digits that stand for the pixels of all images: those of an altered set may
        have kept their names.
    """

    architecture: str
    data: str
    signature: str
    images: int
    classes: tuple[str, ...]
    test_signature: str
    params: TrainingParams
    seed: int
    pixels: str = ""

    @property
    def digest(self) -> str:
        """16 hex digits that stand for all of it."""
        said = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def row(self) -> Architecture:
        """The row of the architecture."""
        return ARCHITECTURES[self.architecture]

    def blank(self) -> nn.Module:
        """Return the network as it is trained, without numbers, in no memory."""
        from xai.models.loading import build

        return build(self.row.form(len(self.classes), self.params.width, trained=True))


def recipe_of(
    architecture: str,
    data: ImageSet,
    *,
    test: ImageSet | None = None,
    params: TrainingParams | Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Recipe:
    """Return the recipe of a run before it is made.

    Parameters and errors are those of :func:`xai.training.train`.
    """
    from xai.training.inputs import check, pixels

    row = find(ARCHITECTURES, architecture, "architecture")
    settled = row.resolved(params)
    check(data, test)
    return Recipe(
        architecture=architecture,
        data=data.name,
        signature=data.signature,
        images=len(data),
        classes=tuple(data.classes),
        test_signature="" if test is None else test.signature,
        params=settled,
        seed=accepted_seed(seed),
        pixels=pixels(data, test),
    )
