"""The parameters of the class activation maps."""

from __future__ import annotations

from dataclasses import dataclass

from xai.types import Params, number, text

_OWN = "empty takes the model's own, its last one that is fine enough to point at something."


@dataclass(frozen=True)
class GradCamParams(Params):
    """Parameters of Grad-CAM."""

    layer: str = text("", help=f"The layer whose maps are weighed; {_OWN}")


@dataclass(frozen=True)
class GradCamPlusPlusParams(Params):
    """Parameters of Grad-CAM++."""

    layer: str = text(
        "",
        help=f"The layer whose maps are weighed, best one behind a ReLU; {_OWN}",
    )


@dataclass(frozen=True)
class SmoothGradCamPlusPlusParams(Params):
    """Parameters of Smooth Grad-CAM++."""

    layer: str = text(
        "",
        help=f"The layer whose maps are weighed, best one behind a ReLU; {_OWN}",
    )
    n: int = number(10, 1, 500, 1, help="Noisy copies of the image whose slopes are averaged.")
    sigma: float = number(
        0.15,
        0.0,
        1.0,
        0.01,
        unit="of the range [0, 1]",
        help="Standard deviation of the noise: 0 is Grad-CAM++, too much weighs the maps for "
        "another image.",
    )


@dataclass(frozen=True)
class LayerCamParams(Params):
    """Parameters of LayerCAM."""

    layer: str = text(
        "",
        help=f"The layer whose maps are weighed; an early one draws fine lines; {_OWN}",
    )


@dataclass(frozen=True)
class NegativeGradCamParams(Params):
    """Parameters of negative-evidence Grad-CAM."""

    layer: str = text("", help=f"The layer whose maps are weighed; {_OWN}")
