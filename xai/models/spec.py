"""What is known of a model before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from xai import data
from xai.types import Paper

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelSpec:
    """One row of :data:`xai.models.MODELS`: all differences between models are columns here.

    Attributes
    ----------
    name, label : str
        Key of the registry; name for people.
    summary : str
        One sentence for the sidebar.
    builder : str
        ``"module:function"`` that makes the network, imported when it is needed.
    options : tuple of (str, value)
        Keyword arguments of the builder.
    trained_options : tuple of (str, value)
        The same for the network as it is trained, where its batch norms are
        folded afterwards.
    class_option : str
        The builder's keyword for the number of classes.
    rewrite : bool
        Whether activations, sums and joins have to be made modules of their own.
    renames : str
        ``"module:function"`` that turns the names in published weights into the
        network's; empty where they agree.
    weights : str
        A file under ``xai/data``, ``"torchvision:<name>"`` for published
        weights that are fetched on request, or ``""`` for the user's own.
    sha256 : str
        Checksum of a bundled weights file, or of the user's own.
    download_bytes : int
        Size of published weights; 0 for what ships.
    vocabulary : str
        ``"digits"``, ``"imagenet"`` or ``"own"``: what the outputs mean.
    input_size : (H, W)
        Size that the network takes, in pixels.
    resize : int
        Side that an image's shorter side is scaled to before the centre crop.
    interpolation : str
        ``"bicubic"`` or ``"bilinear"``.
    channels : int
        1 for grey, 3 for colour.
    mean, std : tuple of float
        Per channel, for images in [0, 1].
    cam_layer : str
        The layer whose maps Grad-CAM weighs: the last one with a spatial map
        that is fine enough to point at something.
    eps : float
        Default L-infinity strength of an attack, in [0, 1].
    fits : tuple of str
        Data sets that it makes sense to show it.
    paper : Paper
    licence, source : str
        Of the weights.
    own_classes : tuple of str
        Class names of the user's own weights, in the order of the outputs.
    """

    name: str
    label: str
    summary: str
    builder: str
    weights: str
    vocabulary: str
    input_size: tuple[int, int]
    resize: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    cam_layer: str
    eps: float
    fits: tuple[str, ...]
    paper: Paper
    licence: str
    source: str
    sha256: str = ""
    interpolation: Literal["bicubic", "bilinear"] = "bilinear"
    options: tuple[tuple[str, Any], ...] = ()
    trained_options: tuple[tuple[str, Any], ...] = ()
    class_option: str = "classes"
    rewrite: bool = False
    renames: str = ""
    download_bytes: int = 0
    own_classes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the outputs."""
        if self.own_classes:
            return self.own_classes
        if self.vocabulary == "digits":
            return tuple("0123456789")
        return data.imagenet_classes()

    @property
    def bundled(self) -> bool:
        """Whether the weights ship with the project."""
        return self.download_bytes == 0


def weights_of(spec: ModelSpec) -> str:
    """Return what a model's weights are: their checksum, or the name of published ones."""
    return spec.sha256 or spec.weights
