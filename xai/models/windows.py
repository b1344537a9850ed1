"""Which positions of a map one output reads: the geometry of a step, along rows and columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from xai.models.nets import Concat, Sum

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """How the positions that an output reads follow from its own.

    Attributes
    ----------
    reach : str
        ``"local"``: taps at ``position * stride - padding + dilation * (0 … kernel - 1)``;
        ``"adaptive"``: the share of the map that falls to the position;
        ``"whole"``: every position; ``"unknown"``: nobody can say.
    kernel, stride, dilation : (int, int)
        Rows and columns.
    padding : (int, int)
        Zeros above and to the left.
    """

    reach: Literal["local", "adaptive", "whole", "unknown"] = "local"
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


#: Each output reads the position where it stands.
POINT = Window()
ADAPTIVE = Window("adaptive")
WHOLE = Window("whole")
UNKNOWN = Window("unknown")

_ADAPTIVE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_PADS = (nn.ZeroPad2d, nn.ConstantPad2d)
_POINTWISE = (
    *(nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.AlphaDropout, nn.FeatureAlphaDropout, nn.LocalResponseNorm, Sum, Concat),
)
_SOFTMAX = (nn.Softmax, nn.LogSoftmax, nn.Softmin)
#: Their mean and variance are those of the image at hand, so that every pixel counts.
_STATISTICS = (nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm1d, nn.InstanceNorm2d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)

#: Functions and methods, without underscores, that move nothing along rows and columns.
_POINTWISE_FUNCTIONS = frozenset(
    {
        *("add", "iadd", "radd", "sub", "isub", "rsub", "mul", "imul", "rmul", "div", "truediv"),
        *("itruediv", "rtruediv", "true_divide", "neg", "abs", "pow", "square", "sqrt", "rsqrt"),
        *("exp", "log", "clamp", "clip", "maximum", "minimum", "relu", "relu6", "leaky_relu"),
        *("prelu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh", "softplus"),
        *("hardtanh", "hardswish", "hardsigmoid", "logsigmoid", "dropout", "dropout2d"),
        *("cat", "concat", "chunk", "split", "flatten", "view", "reshape", "squeeze"),
        *("contiguous", "clone", "detach", "to", "float", "double", "addcmul", "addcdiv", "where"),
    }
)
_POOLS: Mapping[str, type[nn.Module]] = {"max_pool2d": nn.MaxPool2d, "avg_pool2d": nn.AvgPool2d}
_ADAPTIVE_FUNCTIONS = ("adaptive_avg_pool2d", "adaptive_max_pool2d")


def module_window(module: nn.Module, before: Sequence[Shape], after: Shape) -> Window:
    """Return the window of a layer of torch's own, or of a class made of one.

    Parameters
    ----------
    module : nn.Module
    before : sequence of tuple of int
        Shapes of what it takes, without the batch axis.
    after : tuple of int
        Shape of what it gives.
    """
    if _has_a_way_of_its_own(module):
        return UNKNOWN
    if isinstance(module, nn.Linear):
        return WHOLE if len(after) == 1 else UNKNOWN
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | nn.LPPool2d):
        return _local(module, before[0], after) if _are_maps(before, after) else UNKNOWN
    if isinstance(module, _ADAPTIVE):
        return ADAPTIVE if _are_maps(before, after) else UNKNOWN
    if isinstance(module, _PADS):
        left, _, top, _ = module.padding
        return Window(padding=(int(top), int(left))) if _are_maps(before, after) else UNKNOWN
    if isinstance(module, _STATISTICS):
        return WHOLE
    if isinstance(module, _BATCH_NORMS):
        return point_window(before, after) if module.running_mean is not None else WHOLE
    if isinstance(module, _SOFTMAX):
        joined = len(after) == 3 and module.dim not in (1, -3)
        return WHOLE if joined else point_window(before, after)
    if isinstance(module, _POINTWISE) or _is_activation(module):
        return point_window(before, after)
    return UNKNOWN


def function_window(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], before: Sequence[Shape], after: Shape
) -> Window:
    """Return the window of a bare function or method that a forward pass calls.

    Parameters
    ----------
    name : str
        Such as ``"relu_"`` or ``"max_pool2d"``.
    args, kwargs
        What it is called with, the input first.
    before, after
        As for :func:`module_window`.
    """
    plain = name.strip("_")
    if plain in _POINTWISE_FUNCTIONS:
        return point_window(before, after)
    if plain == "getitem":
        return point_window(before, after) if _keeps_places(*args[:2]) else UNKNOWN
    if plain == "pad" and _are_maps(before, after):
        return _border(*args[1:], **kwargs)
    if plain in _POOLS and _are_maps(before, after):
        named = {"kernel_size", "stride", "padding", "dilation"} & set(kwargs)
        pool = _POOLS[plain](*args[1:4], **{key: kwargs[key] for key in named})
        return _local(pool, before[0], after)
    if plain in _ADAPTIVE_FUNCTIONS and _are_maps(before, after):
        return ADAPTIVE
    averaged = plain in ("mean", "sum", "amax") and all(len(shape) == 3 for shape in before)
    if averaged and math.prod(after) == before[0][0]:
        return WHOLE
    return UNKNOWN


def point_window(before: Sequence[Shape], after: Shape) -> Window:
    """Return :data:`POINT` if the shapes allow for it, else :data:`UNKNOWN`.

    Notes
    -----
    A map that becomes a vector must keep all its numbers; single numbers and
    vectors may be spread over a map, as a squeeze-and-excitation gate is.
    """
    if len(after) not in (1, 3) or not before:
        return UNKNOWN
    for shape in before:
        if len(shape) not in (1, 3):
            return UNKNOWN
        if len(shape) == 3 and len(after) == 3 and shape[1:] not in (after[1:], (1, 1)):
            return UNKNOWN
        if len(shape) == 3 and len(after) == 1 and math.prod(shape) != after[0]:
            return UNKNOWN
    return POINT


def _are_maps(before: Sequence[Shape], after: Shape) -> bool:
    return bool(before) and len(after) == 3 and all(len(shape) == 3 for shape in before)


def _is_activation(module: nn.Module) -> bool:
    of_torch = type(module).__module__ == nn.ReLU.__module__
    return of_torch and not isinstance(module, nn.MultiheadAttention)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))


def _has_a_way_of_its_own(module: nn.Module) -> bool:
    """Whether a class that is made of torch's own changes what that computes."""
    if isinstance(module, Sum | Concat):
        return False
    methods = [getattr(type(module), name, None) for name in ("forward", "_conv_forward")]
    return any(method and not method.__module__.startswith("torch.") for method in methods)


def _keeps_places(taken_from: Any, index: Any) -> bool:
    """Whether ``taken_from[index]`` leaves rows and columns where they are."""
    if not isinstance(taken_from, Tensor) or taken_from.dim() != 4:
        # One of several outputs, or of a vector's numbers.
        return True
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(part is None or isinstance(part, bool) for part in parts):
        return False
    if any(isinstance(part, Tensor) and part.dtype == torch.bool for part in parts):
        return False
    place = next((at for at, part in enumerate(parts) if part is ...), len(parts))
    parts[place : place + 1] = [slice(None)] * (4 - len(parts) + (place < len(parts)))
    return all(isinstance(part, slice) and part == slice(None) for part in parts[2:])


def _border(pad: Any, mode: str = "constant", value: Any = None) -> Window:
    """Return the window of a bare ``pad``; only a border of one number sees nothing."""
    if mode != "constant" or not isinstance(pad, Sequence) or len(pad) not in (2, 4, 6):
        return UNKNOWN
    top = int(pad[2]) if len(pad) > 2 else 0
    return Window(padding=(top, int(pad[0])))


def _local(module: Any, before: Shape, after: Shape) -> Window:
    kernel = _pair(module.kernel_size)
    dilation = _pair(getattr(module, "dilation", 1))
    padding = getattr(module, "padding", 0)
    if padding == "same":
        # torch puts the odd zero at the end.
        rows, columns = (d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        padding = (rows, columns)
    window = Window(
        kernel=kernel,
        stride=_pair(module.stride),
        dilation=dilation,
        padding=(0, 0) if padding == "valid" else _pair(padding),
    )
    mode = getattr(module, "padding_mode", "zeros")
    if mode == "zeros" or all(_is_held(window, mode, a, before, after) for a in (0, 1)):
        return window
    # A border that reads what lies beyond the kernel: no window says that.
    return WHOLE


def _is_held(window: Window, mode: str, axis: int, before: Shape, after: Shape) -> bool:
    """Whether all that a border stands for lies between the taps inside the map."""
    side = before[axis + 1]
    starts = np.arange(after[axis + 1]) * window.stride[axis] - window.padding[axis]
    for taps in starts[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]:
        inside = taps[(taps >= 0) & (taps < side)]
        if len(inside) == len(taps):
            continue
        if mode == "circular" or not len(inside):
            return False
        read = np.clip(taps, 0, side - 1)
        if mode == "reflect":
            read = side - 1 - np.abs(side - 1 - np.abs(taps))
        if read.min() < inside.min() or read.max() > inside.max():
            return False
    return True
