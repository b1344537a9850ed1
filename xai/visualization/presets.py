"""Settings that were tested: with them the first click gives something recognisable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xai.visualization.parameters import VisualizationParams

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.models.spec import ModelSpec

#: Digits of 28 pixels: strokes are wide, and a little blur keeps them so.
_DIGITS = VisualizationParams(
    schedule="fixed",
    pace=8.0,
    momentum=0.5,
    weight_decay=0.015,
    blur_sigma=0.4,
    jitter=2,
    rotation=8.0,
    scale=0.1,
)
#: Small images for a deep network, whose score hangs more on the exact place.
_SMALL = VisualizationParams(
    schedule="fixed",
    pace=6.0,
    momentum=0.5,
    weight_decay=0.002,
    jitter=1,
    rotation=3.0,
    scale=0.03,
)
_PHOTOGRAPHS = VisualizationParams(
    pace=2.0, momentum=0.5, weight_decay=0.005, jitter=12, rotation=8.0, scale=0.1
)
#: Sides up to which images are digits of 28 pixels, and small, in pixels.
_TINY_SIDE, _SMALL_SIDE = 28, 64


def preset(model: LoadedModel | ModelSpec, objective: str = "class") -> VisualizationParams:
    """Return settings that suit a model's images.

    Parameters
    ----------
    model : LoadedModel or ModelSpec
    objective : str
        A key of ``OBJECTIVES``.

    Notes
    -----
    They follow from the size of the images. Tested on the bundled networks: LeNet-5 and the
    narrow VGG-16 (grey, 28 and 32 pixels), EfficientNet-Lite0 (colour, 224 pixels); see
    ``benchmarks/class_visualization.py``.
    """
    given: Any = model
    spec: ModelSpec = getattr(given, "spec", given)
    side = max(spec.input_size)
    small = _DIGITS if side <= _TINY_SIDE else _SMALL
    found = small if side <= _SMALL_SIDE else _PHOTOGRAPHS
    return replace(found, pace=found.pace / 2) if objective == "layer" else found
