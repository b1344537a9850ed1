"""What one output of a layer sees of the image: its receptive field, worked out backwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.models.doors import checked_layer
from xai.models.sights import share

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step
    from xai.models.windows import Window

#: Functions that may put numbers in another order.
_PICKING = ("getitem", "__getitem__")


@dataclass(frozen=True)
class Field:
    """The rectangle of input pixels that one output of a layer depends on.

    Attributes
    ----------
    layer : str
    row, column : int
        The position of the output in the layer's map.
    top, left, bottom, right : int
        In input pixels, half open (``image[:, top:bottom, left:right]``), inside the
        image. All 0 for an output that sees nothing but padding.
    full_top, full_left, full_bottom, full_right : int
        The same in theory: what the padding stands for counts, so that it may lie
        outside of the image.
    """

    layer: str
    row: int
    column: int
    top: int
    left: int
    bottom: int
    right: int
    full_top: int
    full_left: int
    full_bottom: int
    full_right: int

    @property
    def rows(self) -> int:
        """Height in theory, in input pixels; see :attr:`visible_rows`."""
        return self.full_bottom - self.full_top

    @property
    def columns(self) -> int:
        """Width in theory, in input pixels; see :attr:`visible_columns`."""
        return self.full_right - self.full_left

    @property
    def visible_rows(self) -> int:
        """Height inside the image, in input pixels."""
        return self.bottom - self.top

    @property
    def visible_columns(self) -> int:
        """Width inside the image, in input pixels."""
        return self.right - self.left


def field(
    model: LoadedModel, layer: str, row: int = 0, column: int = 0, *, unit: int | None = None
) -> Field:
    """Return what one output of a layer sees of the image.

    Parameters
    ----------
    model : LoadedModel
    layer : str
        A name of ``model.layers``; of a layer that is called several times, the
        last call counts.
    row, column : int
        Position in the layer's map; 0 for a layer without rows and columns.
    unit : int, optional
        A neuron of a layer without rows and columns: as long as nothing but reshaping and
        activation lies between it and a map, it sees what its own position there does.
        None is what any of the neurons sees; a layer with a map takes no unit, since all
        its channels see the same.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model, or a position is not a whole number.
    ValueError
        If the model has no such layer, or its map no such position.

    Notes
    -----
    Kernel, stride, padding, dilation and the shares of adaptive pooling are followed
    step by step from the layer back to the image, for rows and columns apart; where
    branches meet, everything that any of them sees counts. A dense layer sees all,
    and so does, to be safe, a step whose geometry is not known. Positions in the
    padding between the layers see nothing, which the field in theory leaves out of
    account.
    """
    shape = checked_layer(model, layer).shape
    steps = model.steps
    last = max(index for index, step in enumerate(steps) if step.module == layer)
    position = (_place("row", row, _side(shape, 0)), _place("column", column, _side(shape, 1)))
    place = position
    if unit is not None and len(shape) == 1:
        last, place = _unflattened(steps, last, _place("unit", unit, shape[0]))
    spans = [_spans(steps[: last + 1], axis, place[axis]) for axis in (0, 1)]
    (top, bottom), (full_top, full_bottom) = spans[0]
    (left, right), (full_left, full_right) = spans[1]
    if top == bottom or left == right:
        top = left = bottom = right = 0
    return Field(
        layer=layer,
        row=position[0],
        column=position[1],
        top=top,
        left=left,
        bottom=bottom,
        right=right,
        full_top=full_top,
        full_left=full_left,
        full_bottom=full_bottom,
        full_right=full_right,
    )


def _place(what: str, value: Any, side: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{what}: expected a whole number, got {value!r}")
    if not 0 <= value < side:
        raise ValueError(f"{what}: expected 0 to {side - 1}, got {value}")
    return int(value)


def _side(shape: tuple[int, ...], axis: int) -> int:
    """Return the positions along rows (0) or columns (1); what has no map has one."""
    return shape[axis + 1] if len(shape) == 3 else 1


def _unflattened(steps: tuple[Step, ...], last: int, unit: int) -> tuple[int, tuple[int, int]]:
    """Return the step with a map that a neuron comes from unmixed, and where it lies there.

    The step itself and (0, 0) if there is none.
    """
    places = {step.name: at for at, step in enumerate(steps)}
    step = steps[last]
    while len(step.inputs) == 1 and step.window.reach == "local" and step.kind not in _PICKING:
        at = places[step.inputs[0]]
        if math.prod(steps[at].shape) != math.prod(step.shape):
            break
        step = steps[at]
        if len(step.shape) == 3:
            _, rows, columns = step.shape
            return at, (unit // columns % rows, unit % columns)
    return last, (0, 0)


Span = tuple[int, int]


def _spans(steps: tuple[Step, ...], axis: int, position: int) -> tuple[Span, Span]:
    """Follow one position of the last step back to the image, along one axis.

    Returns
    -------
    (int, int), (int, int)
        The positions of the image that it depends on, and those in theory.
    """
    target, image = steps[-1], steps[0]
    seen = {target.name: np.arange(_side(target.shape, axis)) == position}
    full = {target.name: (position, position + 1)}
    by_name = {step.name: step for step in steps}
    for step in reversed(steps):
        for name in dict.fromkeys(step.inputs) if step.name in seen else ():
            source = by_name[name]
            read = _read(step, source, axis, seen[step.name])
            seen[name] = seen[name] | read if name in seen else read
            low, high = _reach(step, source, axis, full[step.name])
            if name in full:
                low, high = min(low, full[name][0]), max(high, full[name][1])
            full[name] = (low, high)
    if image.name not in seen:
        return (0, 0), (0, 0)
    found = np.flatnonzero(seen[image.name])
    visible = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)
    return visible, full[image.name]


def _reads_all(step: Step, source: Step) -> bool:
    """Whether a step reads every position of a source, wherever it stands itself."""
    flattened = len(source.shape) == 3 and len(step.shape) != 3
    return step.window.reach in ("whole", "unknown") or flattened


def _read(step: Step, source: Step, axis: int, outputs: np.ndarray) -> np.ndarray:
    """Return which positions of a source some positions of a step depend on."""
    before, after = _side(source.shape, axis), len(outputs)
    if not outputs.any() or _reads_all(step, source):
        return np.full(before, bool(outputs.any()))
    if before == 1:
        # One number that is spread over a map.
        return np.ones(1, bool) if step.window.kernel[axis] == 1 else _taps(step, axis, outputs, 1)
    if step.window.reach == "adaptive":
        inputs = np.zeros(before, bool)
        for place in np.flatnonzero(outputs):
            inputs[slice(*share(int(place), before, after))] = True
        return inputs
    return _taps(step, axis, outputs, before)


def _taps(step: Step, axis: int, outputs: np.ndarray, before: int) -> np.ndarray:
    window = step.window
    starts = np.flatnonzero(outputs) * window.stride[axis] - window.padding[axis]
    taps = starts[:, None] + np.arange(window.kernel[axis]) * window.dilation[axis]
    inputs = np.zeros(before, bool)
    inputs[taps[(taps >= 0) & (taps < before)]] = True
    return inputs


def _reach(step: Step, source: Step, axis: int, outputs: Span) -> Span:
    """Return the same as :func:`_read` in theory: from the first tap to the last."""
    before, after = _side(source.shape, axis), _side(step.shape, axis)
    if _reads_all(step, source):
        return 0, before
    if step.window.reach == "adaptive":
        first, last = share(outputs[0], before, after), share(outputs[1] - 1, before, after)
        return first[0], last[1]
    if before == 1 and after > 1 and step.window.kernel[axis] == 1:
        return 0, 1
    return _ends(step.window, axis, outputs)


def _ends(window: Window, axis: int, outputs: Span) -> Span:
    stride, padding = window.stride[axis], window.padding[axis]
    wide = (window.kernel[axis] - 1) * window.dilation[axis] + 1
    return outputs[0] * stride - padding, (outputs[1] - 1) * stride - padding + wide
