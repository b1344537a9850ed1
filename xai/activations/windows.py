"""What a layer reads for one of its numbers, and what it multiplies that by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai.models.nets import Concat, Sum

#: Layers that change each number by itself.
POINTWISE = (
    *(nn.BatchNorm2d, nn.BatchNorm1d, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU),
    *(nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Sigmoid, nn.Tanh),
    *(nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Dropout, nn.Dropout2d, nn.Identity),
)


@dataclass(frozen=True, eq=False)
class Window:
    """One weighted sum.

    Attributes
    ----------
    kind : str
        See :class:`xai.activations.arithmetic.Account`.
    patch, weights : ndarray, shape (I, kH, kW), or (D,) of a dense layer, float32
    padding : ndarray, shape (kH, kW), bool
    sources : ndarray, shape (I,), int64
        Channels of the input.
    bias : float or None
    """

    kind: str
    patch: np.ndarray
    weights: np.ndarray
    padding: np.ndarray
    sources: np.ndarray
    bias: float | None = None

    def products(self) -> np.ndarray:
        """Return what each number adds; what has no weight adds nothing, infinite or not."""
        return np.where(self.weights == 0, 0, self.patch).astype(np.float64) * self.weights


def window(
    module: nn.Module, given: Sequence[Tensor], channel: int, row: int, column: int
) -> Window:
    """Return what a layer reads for one number.

    Parameters
    ----------
    module : nn.Module
    given : sequence of Tensor
        Its inputs for one image, batch axis first.
    channel, row, column : int
        Inside its output.

    Raises
    ------
    ValueError
        If the arithmetic of such a layer is not known.
    """
    if not given:
        raise ValueError(f"layer: {type(module).__name__} reads no tensor of its own")
    x, place = given[0][0], (channel, row, column)
    if isinstance(module, nn.Conv2d):
        return _convolution(module, x, channel, row, column)
    if isinstance(module, nn.Linear):
        return _dense(module, x, channel)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        return _pooling(module, x[channel], channel, row, column)
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return _adaptive(module, x[channel], channel, row, column)
    if isinstance(module, Sum):
        # A gate of one number for each map is added to all its positions.
        parts = [_one(part[0], place) for part in torch.broadcast_tensors(*given)]
        return _points("sum", parts, [channel] * len(parts))
    if isinstance(module, Concat):
        return _joined(module, given, place)
    if isinstance(module, POINTWISE):
        return _points("single", [_one(x, place)], [channel])
    known = "convolution, pooling, dense, sum, join, normalisation or activation"
    raise ValueError(f"layer: expected a {known} layer, got {type(module).__name__}")


def _one(x: Tensor, place: Sequence[int]) -> float:
    return float(x[tuple(place)] if x.dim() == 3 else x[place[0]])


def _joined(join: Concat, given: Sequence[Tensor], place: tuple[int, int, int]) -> Window:
    """Find the part of a join in which a number lies."""
    axis = join.dim % given[0].dim()
    if axis == 0:
        raise ValueError("layer: a join of images is no join of maps")
    own = list(place)
    for part in given:
        if own[axis - 1] < part.shape[axis]:
            break
        own[axis - 1] -= part.shape[axis]
    return _points("join", [_one(part[0], own)], [own[0]])


def _points(kind: str, values: list[float], sources: list[int]) -> Window:
    patch = np.array(values, np.float32).reshape(-1, 1, 1)
    return Window(kind, patch, np.ones_like(patch), np.zeros((1, 1), bool), np.array(sources))


def _convolution(conv: nn.Conv2d, x: Tensor, channel: int, row: int, column: int) -> Window:
    each = conv.in_channels // conv.groups
    first = channel // (conv.out_channels // conv.groups) * each
    inner, outside = _padded(x[first : first + each], conv)
    rows = row * conv.stride[0] + torch.arange(conv.kernel_size[0]) * conv.dilation[0]
    columns = column * conv.stride[1] + torch.arange(conv.kernel_size[1]) * conv.dilation[1]
    return Window(
        kind="convolution",
        patch=_numpy(inner[:, rows][:, :, columns]),
        weights=_numpy(conv.weight[channel]),
        padding=outside[rows][:, columns].cpu().numpy(),
        sources=np.arange(first, first + each),
        bias=None if conv.bias is None else float(conv.bias[channel]),
    )


def _padded(x: Tensor, conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return maps (I, H, W) with their padding, and where that is, (H, W)."""
    if isinstance(conv.padding, str):
        spans = zip(conv.kernel_size, conv.dilation, strict=True)
        both = [(size - 1) * step if conv.padding == "same" else 0 for size, step in spans]
        edges = (both[1] // 2, both[1] - both[1] // 2, both[0] // 2, both[0] - both[0] // 2)
    else:
        edges = (conv.padding[1],) * 2 + (conv.padding[0],) * 2
    mode = "constant" if conv.padding_mode == "zeros" else conv.padding_mode
    inside = torch.zeros(x.shape[1:], dtype=torch.bool, device=x.device)
    return F.pad(x[None], edges, mode=mode)[0], F.pad(inside, edges, value=True)


def _dense(linear: nn.Linear, x: Tensor, neuron: int) -> Window:
    if x.dim() != 1:
        got = tuple(x.shape)
        raise ValueError(f"layer: expected a dense layer that reads (D,) an image, got {got}")
    return Window(
        kind="dense",
        patch=_numpy(x),
        weights=_numpy(linear.weight[neuron]),
        padding=np.zeros((1, 1), bool),
        sources=np.arange(linear.in_features),
        bias=None if linear.bias is None else float(linear.bias[neuron]),
    )


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _pooling(
    pool: nn.MaxPool2d | nn.AvgPool2d, x: Tensor, channel: int, row: int, column: int
) -> Window:
    kernel, stride = _pair(pool.kernel_size), _pair(pool.stride)
    padding, dilation = _pair(pool.padding), _pair(getattr(pool, "dilation", 1))
    lines, inside = [], []
    for at, size, step, edge, spread, room in zip(
        (row, column), kernel, stride, padding, dilation, x.shape, strict=True
    ):
        line = at * step - edge + np.arange(size) * spread
        # A last window that reaches beyond the padding is cut there.
        line = line[line < room + edge]
        lines.append(line)
        inside.append((line >= 0) & (line < room))
    within = inside[0][:, None] & inside[1][None]
    values = _numpy(x)
    held = values[lines[0].clip(0, x.shape[0] - 1)][:, lines[1].clip(0, x.shape[1] - 1)]
    if isinstance(pool, nn.MaxPool2d):
        return _maximum(held, within, channel)
    counted = within.size if pool.count_include_pad else int(within.sum())
    divisor = pool.divisor_override or counted
    weights = within / np.float64(divisor)
    return _window("average", np.where(within, held, 0), weights, ~within, channel)


def _adaptive(
    pool: nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d,
    x: Tensor,
    channel: int,
    row: int,
    column: int,
) -> Window:
    wanted_size: Any = pool.output_size
    sizes = wanted_size if isinstance(wanted_size, tuple | list) else (wanted_size,) * 2
    spans = []
    for at, wanted, room in zip((row, column), sizes, x.shape, strict=True):
        bins = room if wanted is None else wanted
        spans.append(slice(at * room // bins, math.ceil((at + 1) * room / bins)))
    held = _numpy(x[spans[0], spans[1]])
    within = np.ones(held.shape, bool)
    if isinstance(pool, nn.AdaptiveMaxPool2d):
        return _maximum(held, within, channel)
    return _window("average", held, within / np.float64(held.size), ~within, channel)


def _maximum(held: np.ndarray, within: np.ndarray, channel: int) -> Window:
    shown = np.where(within, held, -np.inf)
    weights = np.zeros(held.shape, np.float32)
    weights.flat[int(shown.argmax())] = 1
    return _window("maximum", np.where(within, held, 0), weights, ~within, channel)


def _window(
    kind: str, patch: np.ndarray, weights: np.ndarray, padding: np.ndarray, channel: int
) -> Window:
    return Window(kind, patch[None].astype(np.float32), weights[None], padding, np.array([channel]))


def _numpy(values: Tensor) -> np.ndarray:
    return values.detach().to("cpu", torch.float32).numpy().copy()
