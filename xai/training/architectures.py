"""The networks that can be trained here. Importing this module loads no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xai.models.registry import MODELS
from xai.models.spec import ModelSpec
from xai.parameters import make_params
from xai.training.params import TrainingParams

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture:
    """One row of :data:`ARCHITECTURES`.

    Attributes
    ----------
    label : str
        Name for people.
    model : str
        Key of the row of :data:`xai.models.MODELS` that has its form, its input and its
        preparation of images.
    rate : float
        Learning rate that suits it.
    epochs : int
        Epochs after which it reads digits well.
    """

    label: str
    model: str
    rate: float
    epochs: int

    @property
    def spec(self) -> ModelSpec:
        """The row of the registry of models."""
        return MODELS[self.model]

    @property
    def params(self) -> TrainingParams:
        """Settings that suit it."""
        return TrainingParams(epochs=self.epochs, rate=self.rate)

    def resolved(self, given: TrainingParams | Mapping[str, Any] | None) -> TrainingParams:
        """Return what a caller gave as settings; what a mapping leaves out is this row's.

        Raises
        ------
        TypeError, ValueError
            If it is of another kind, names what there is not, or is out of range.
        """
        if given is None:
            return self.params
        if isinstance(given, Mapping):
            return make_params(TrainingParams, {"epochs": self.epochs, "rate": self.rate, **given})
        return make_params(TrainingParams, given)

    def form(self, classes: int = 10, width: float = 1.0, *, trained: bool = False) -> ModelSpec:
        """Return the spec of the network of so many classes and that width.

        Parameters
        ----------
        classes : int
        width : float
        trained : bool
            As it is trained, with batch norms where it has them; else as it is used.
        """
        options = dict(self.spec.trained_options if trained else self.spec.options)
        # What is as shipped is not said, so that the form is the shipped one.
        if classes != 10:
            options[self.spec.class_option] = classes
        if width != 1.0:
            options["width"] = width
        return dataclasses.replace(self.spec, options=tuple(options.items()))

    def build(self, classes: int = 10, width: float = 1.0, seed: int = 0) -> nn.Module:
        """Return the untrained network, as it is trained; equal seeds give equal weights."""
        from xai.training.initialisation import untrained

        return untrained(self.form(classes, width, trained=True), seed)


ARCHITECTURES: dict[str, Architecture] = {
    "lenet5-mnist": Architecture("LeNet-5", "lenet5-mnist", rate=4e-3, epochs=10),
    "vgg16-mnist": Architecture("Narrow VGG-16", "vgg16-mnist", rate=2e-3, epochs=10),
}
