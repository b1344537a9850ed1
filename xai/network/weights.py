"""The numbers that a layer has learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.models.doors import checked_layer

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """What a layer has learned.

    Attributes
    ----------
    layer, kind : str
        Dotted path and class, as in ``model.layers``.
    kernel : ndarray, float32, read only
        ``(O, I, kH, kW)`` of a convolution (``I`` channels that each filter reads: of
        its group), ``(O, D)`` of a dense layer, ``(C,)`` of a normalisation.
    bias : ndarray, shape (O,), float32, read only, or None
    norms : ndarray, shape (O,), float32, read only
        Euclidean length of each filter, without its bias.
    """

    layer: str
    kind: str
    kernel: np.ndarray
    bias: np.ndarray | None
    norms: np.ndarray


def weights(model: LoadedModel, layer: str) -> LayerWeights:
    """Return the weights of a layer, as copies.

    Parameters
    ----------
    model : LoadedModel
    layer : str
        A name of ``model.layers``.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If the model has no such layer, or the layer no weights.

    Notes
    -----
    torch keeps the kernel of a transposed convolution by input; here it is by output,
    as all others.
    """
    checked_layer(model, layer)
    kinds = {known.name: known.kind for known in model.layers}
    modules: dict[str, Any] = dict(model.net.named_modules())
    if getattr(modules[layer], "weight", None) is None:
        having = [name for name in kinds if getattr(modules[name], "weight", None) is not None]
        listing = ", ".join(having[:4]) or "none in this network"
        got = f"{layer} ({kinds[layer]})"
        raise ValueError(f"layer: expected one with weights, such as {listing}; got {got}")
    kernel = _by_output(modules[layer])
    bias = getattr(modules[layer], "bias", None)
    rows = kernel.reshape(len(kernel), -1).astype(np.float64)
    norms = np.sqrt(np.square(rows).sum(1)).astype(np.float32)
    norms.setflags(write=False)
    return LayerWeights(
        layer=layer,
        kind=kinds[layer],
        kernel=kernel,
        bias=None if bias is None else _copy(bias),
        norms=norms,
    )


def _by_output(module: Any) -> np.ndarray:
    """Return a layer's weights with one entry for each output in front."""
    kernel = _copy(module.weight)
    if not getattr(module, "transposed", False):
        return kernel
    inputs, outputs, *sides = kernel.shape
    parts = kernel.reshape(module.groups, inputs // module.groups, outputs, *sides)
    turned = np.ascontiguousarray(parts.swapaxes(1, 2))
    kernel = turned.reshape(module.groups * outputs, -1, *sides)
    kernel.setflags(write=False)
    return kernel


def _copy(tensor: Any) -> np.ndarray:
    values = np.array(tensor.detach().cpu().numpy(), np.float32)
    values.setflags(write=False)
    return values
