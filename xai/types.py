"""The frozen dataclasses that more than one package of ``xai`` speaks in.

Nothing here imports torch: a page may import this module before the first
model is loaded.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

#: ``progress(done, total, message)``; whatever it raises stops the work.
Progress = Callable[[int, int, str], None]


# --------------------------------------------------------------- parameters
@dataclass(frozen=True)
class FieldInfo:
    """What a widget and a range check need to know of one parameter.

    Attributes
    ----------
    low, high : float or None
        Closed range of a number.
    step : float or None
        Step of the widget; not enforced.
    unit : str
        Unit shown behind the label, such as ``"1/255"``.
    help : str
        One sentence for the reader who has never met the parameter.
    options : tuple of str
        The choices, for a parameter that is one of a few words.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    help: str = ""
    options: tuple[str, ...] = ()


def number(
    default: float | None, low: float, high: float, step: float, *, help: str, unit: str = ""
) -> Any:
    """Declare a numeric field of a :class:`Params` class.

    A default of ``None`` means that the model decides (a column of its spec).
    """
    info = FieldInfo(low=low, high=high, step=step, unit=unit, help=help)
    return field(default=default, metadata={"info": info})


def choice(default: str, options: Sequence[str], *, help: str) -> Any:
    """Declare a field of a :class:`Params` class that is one of a few words."""
    info = FieldInfo(options=tuple(options), help=help)
    return field(default=default, metadata={"info": info})


def flag(default: bool, *, help: str) -> Any:
    """Declare a yes/no field of a :class:`Params` class."""
    return field(default=default, metadata={"info": FieldInfo(help=help)})


def text(default: str, *, help: str) -> Any:
    """Declare a field of a :class:`Params` class that is free text, such as a layer's name."""
    return field(default=default, metadata={"info": FieldInfo(help=help)})


@dataclass(frozen=True)
class Params:
    """Base of all parameter classes: ranges are checked when one is made.

    Raises
    ------
    TypeError
        If a value is not of its field's kind.
    ValueError
        If a value is out of its range, not finite, or not among its choices.
    """

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            info = item.metadata.get("info")
            if info is not None:
                _check(item.name, getattr(self, item.name), item.default, info)

    @classmethod
    def infos(cls) -> dict[str, FieldInfo]:
        """Return the description of each field, in order of declaration."""
        return {
            item.name: item.metadata["info"]
            for item in dataclasses.fields(cls)
            if "info" in item.metadata
        }


def _check(name: str, value: Any, default: Any, info: FieldInfo) -> None:
    if info.options:
        if value not in info.options:
            listing = ", ".join(info.options)
            raise ValueError(f"{name}: expected one of {listing}; got {value!r}")
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise TypeError(f"{name}: expected True or False, got {value!r}")
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise TypeError(f"{name}: expected text, got {value!r}")
    elif value is None and default is None:
        return
    else:
        _check_number(name, value, isinstance(default, int), info)


def _check_number(name: str, value: Any, whole: bool, info: FieldInfo) -> None:
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds):
        kind = "a whole number" if whole else "a number"
        raise TypeError(f"{name}: expected {kind}, got {value!r}")
    low = -math.inf if info.low is None else info.low
    high = math.inf if info.high is None else info.high
    if not low <= value <= high or not math.isfinite(value):
        raise ValueError(f"{name}: expected {info.low} to {info.high}, got {value}")


ParamsT = TypeVar("ParamsT", bound=Params)


def make_params(cls: type[ParamsT], given: Params | Mapping[str, Any] | None) -> ParamsT:
    """Turn what a caller gave into an instance of ``cls``.

    Parameters
    ----------
    cls : type
        The parameter class of the method.
    given : Params, mapping or None
        An instance of ``cls``, its fields by name, or None for the defaults.

    Raises
    ------
    TypeError
        If ``given`` is of another class.
    ValueError
        If it names a field that ``cls`` does not have, or a value is out of range.
    """
    if given is None:
        return cls()
    if isinstance(given, cls):
        return given
    if not isinstance(given, Mapping):
        got = type(given).__name__
        raise TypeError(f"params: expected {cls.__name__}, a mapping or None; got {got}")
    names = [item.name for item in dataclasses.fields(cls)]
    unknown = [str(name) for name in given if name not in names]
    if unknown:
        listing = ", ".join(names) or "no parameters"
        raise ValueError(f"params: expected {listing}; got {', '.join(unknown)}")
    return cls(**given)


# ------------------------------------------------------------------- methods
@dataclass(frozen=True)
class Paper:
    """The source of a method, as the help popover cites it."""

    authors: str
    title: str
    year: int
    arxiv: str = ""


@dataclass(frozen=True)
class Method:
    """One row of a registry.

    Attributes
    ----------
    label : str
        Name for people.
    function : callable
        The implementation; its signature is the package's own.
    params : type
        A subclass of :class:`Params`.
    paper : Paper
        Where the method comes from.
    summary : str
        One sentence: what is seen and how to read it.
    formula : str
        LaTeX, without dollar signs.
    needs : tuple of str
        What a model must have: ``"conv"`` (a layer with a spatial map), ``"relu"``
        (rectifiers alone), ``"lrp"`` (rules for every module). A page disables a
        pairing that lacks one and says why.
    signed : bool
        Whether negative values carry meaning.
    relative : bool
        Whether only differences within a map count.
    """

    label: str
    function: Callable[..., Any]
    params: type[Params]
    paper: Paper
    summary: str
    formula: str = ""
    needs: tuple[str, ...] = ()
    signed: bool = True
    relative: bool = False


def lazy(path: str) -> Callable[..., Any]:
    """Return a function that imports ``"module:function"`` when it is first called.

    A registry stays a literal table that costs nothing.
    """
    module, _, name = path.partition(":")

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    call.__name__ = name
    call.__qualname__ = path
    return call


def find(registry: Mapping[str, Any], name: str, what: str) -> Any:
    """Return ``registry[name]`` or say what there is.

    Raises
    ------
    TypeError
        If ``name`` is not a string.
    ValueError
        If the registry has no such row.
    """
    if not isinstance(name, str):
        raise TypeError(f"{what}: expected a name, got {type(name).__name__}")
    if name not in registry:
        raise ValueError(f"{what}: expected one of {', '.join(registry)}; got {name!r}")
    return registry[name]


@dataclass(frozen=True)
class Layer:
    """One layer that a user would pick.

    Attributes
    ----------
    name : str
        Dotted module path in the network.
    kind : str
        Class of the module, such as ``"Conv2d"``.
    shape : tuple of int
        Output shape without the batch axis: ``(C, H, W)`` or ``(D,)``.
    parameters : int
        Number of trainable numbers in the layer itself.
    macs : int
        Multiply-accumulate operations for one image.
    receptive_field : int
        Side length, in input pixels, of the square that one output sees, in
        theory: it may exceed the image, since padding counts.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    receptive_field: int

    @property
    def spatial(self) -> bool:
        """Whether the output has rows and columns."""
        return len(self.shape) == 3


# ------------------------------------------------------------------- results
@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one image.

    Attributes
    ----------
    logits : ndarray, shape (K,), float32
        Scores before the softmax.
    probabilities : ndarray, shape (K,), float32
        Softmax of the logits; sums to 1.
    classes : tuple of str
        The K class names.
    """

    logits: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]

    @property
    def label(self) -> int:
        """Index of the most probable class."""
        return int(self.logits.argmax())

    @property
    def confidence(self) -> float:
        """Probability of the most probable class, in [0, 1]."""
        return float(self.probabilities[self.label])

    @property
    def name(self) -> str:
        """Name of the most probable class."""
        return self.classes[self.label]

    def top(self, k: int = 10) -> tuple[int, ...]:
        """Return the indices of the ``k`` most probable classes, best first."""
        order = np.argsort(-self.logits, kind="stable")[:k]
        return tuple(int(index) for index in order)
