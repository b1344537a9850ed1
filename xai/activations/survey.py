"""What all images of a data set do to every unit: results, key, and the door to the pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.models.doors import checked_model
from xai.models.spec import weights_of
from xai.store.keeping import Keeper, kept
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

#: Of data sets with more classes there are no means by class: they would take a row of
#: every unit each.
MOST_CLASSES = 128


@dataclass(frozen=True, eq=False)
class Survey:
    """Every unit of some layers over all images; nothing in it can be written to.

    A unit is a channel of a map, or a neuron. U stands for the units of a layer, K for
    the classes of the data set.

    Attributes
    ----------
    model, dataset : str
        Names; the latter is empty for images that came as an array.
    images : int
        How many there were.
    layers : tuple of str
        The layers, in the order in which they were asked for.
    positions : dict of str to int
        Numbers that a unit has in an image: rows times columns.
    mean : dict of str to ndarray (U,), float32
        Over positions and images. NaN or infinite where one value is.
    classes : tuple of str
        Class names in order of label; empty without means by class.
    class_counts : ndarray, shape (K,), int64
        Images of each class.
    class_mean : dict of str to ndarray (K, U), float32
        Means over the images of each true class; NaN for a class without images.
    active_images : dict of str to (ndarray (U,), int64, or None)
        In how many images the unit is above 0 somewhere. None where no unit can be off: in a
        convolution, a batch norm or a dense layer before its activation, a sum of them,
        a sigmoid and tanh.
    ceilings : dict of str to tuple of float
        Ends of the layer's range; empty where there is none, as for ReLU.
    at_ceiling : dict of str to (ndarray (U,), int64, or None)
        Positions in all images at a ceiling; None where there is none.
    broken : dict of str to ndarray (U,), int64
        Values in all images that are NaN or infinite.
    left_out : dict of str to str
        Layers of the model that have no numbers here, and why, as a part of a sentence.
    """

    model: str
    dataset: str
    images: int
    layers: tuple[str, ...]
    positions: dict[str, int]
    mean: dict[str, np.ndarray]
    classes: tuple[str, ...]
    class_counts: np.ndarray
    class_mean: dict[str, np.ndarray]
    active_images: dict[str, np.ndarray | None]
    ceilings: dict[str, tuple[float, ...]]
    at_ceiling: dict[str, np.ndarray | None]
    broken: dict[str, np.ndarray]
    left_out: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        held: list[dict[str, Any]] = [self.mean, self.class_mean, self.active_images]
        for arrays in [*held, self.at_ceiling, self.broken, {"": self.class_counts}]:
            for array in arrays.values():
                if array is not None:
                    array.setflags(write=False)

    def active(self, layer: str) -> np.ndarray | None:
        """Return the share of images in which each unit is active, (U,) float32, or None.

        Raises
        ------
        ValueError
            If the survey has no such layer.
        """
        counts = self.active_images[self.known(layer)]
        return None if counts is None else (counts / self.images).astype(np.float32)

    def saturation(self, layer: str) -> np.ndarray | None:
        """Return the share of positions at the ceiling, (U,) float32, or None.

        Raises
        ------
        ValueError
            If the survey has no such layer.
        """
        counts = self.at_ceiling[self.known(layer)]
        whole = self.images * self.positions[layer]
        return None if counts is None else (counts / whole).astype(np.float32)

    def known(self, layer: str) -> str:
        """Return ``layer`` if the survey has it.

        Raises
        ------
        ValueError
            If not.
        """
        if layer not in self.mean:
            listing = ", ".join(self.layers[:3])
            raise ValueError(f"layer: expected one of the survey such as {listing}; got {layer!r}")
        return layer


def survey(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    *,
    layers: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Count over all images what every unit does, in one pass.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet or ndarray, shape (N, C, H, W), in [0, 1]
        An image set may hold images of differing sizes: each is prepared as the model
        takes it.
    layers : sequence of str, optional
        Dotted module paths; None is every layer of ``model.layers``.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Returns
    -------
    Survey
        Memory beside it does not depend on the number of images.

    Raises
    ------
    TypeError
        If ``model``, ``images`` or ``layers`` is of another kind.
    ValueError
        If there is no image, one does not fit the model or has a label without a class,
        the model has no such layer, or a layer that was asked for does not give one array
        an image.

    Notes
    -----
    Sums over a map are float32, those over images float64. The mean of a batch norm
    behind a convolution follows from the convolution's: the mean of a shifted map is the
    shifted mean. Values that are not finite make a batch be read again, number by number.
    A module that is called twice counts at its last call, of several outputs the first.
    A unit is active in an image if it is above 0 at one position at least. Within 0.01 of its
    end a sigmoid or tanh counts as at its ceiling, and others when they reach it.
    """
    from xai.activations.census import take_census

    return take_census(checked_model(model), images, layers, progress)


@dataclass(frozen=True)
class SurveyKey:
    """Everything that a survey depends on.

    Attributes
    ----------
    data : str
        ``ImageSet.signature``.
    model, weights : str
        Name of the model and what its weights are, see :func:`xai.models.spec.weights_of`.
    layers : tuple of str
        Empty for every layer.
    version : int
        Of the way they are counted: what was kept by an earlier one is not served.
    """

    data: str
    model: str
    weights: str
    layers: tuple[str, ...] = ()
    version: int = 1

    @classmethod
    def of(cls, model: LoadedModel, images: ImageSet, layers: Sequence[str] = ()) -> SurveyKey:
        """Return the key of a model, a data set and perhaps some layers."""
        return cls(images.signature, model.spec.name, weights_of(model.spec), tuple(layers))


def survey_of(
    key: SurveyKey,
    model: LoadedModel,
    images: ImageSet,
    shelf: Keeper | None = None,
    *,
    progress: Progress | None = None,
) -> Survey:
    """Return the survey of a key: from the store, else counted and kept there.

    Parameters
    ----------
    key : SurveyKey
    model : LoadedModel
    images : ImageSet
    shelf : Store, optional
        None keeps nothing.
    progress : callable, optional
        In images; may raise.

    Raises
    ------
    ValueError
        If the model or the images are not those of the key; and as :func:`survey`.
    """
    if SurveyKey.of(model, images, key.layers) != key:
        raise ValueError(
            f"key: expected the model {key.model} and the images {key.data}, "
            f"got {model.spec.name} and {images.signature}"
        )

    def make() -> Survey:
        return survey(model, images, layers=key.layers or None, progress=progress)

    return kept(key, Survey, shelf, make)
