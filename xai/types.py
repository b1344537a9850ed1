"""The frozen dataclasses that more than one package of ``xai`` speaks in.

Nothing here imports torch: a page may import this module before the first
model is loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai.parameters import (
    FieldInfo,
    Params,
    accepted_seed,
    choice,
    flag,
    make_params,
    number,
    text,
)

__all__ = [
    "FieldInfo",
    "Layer",
    "Method",
    "Paper",
    "Params",
    "Prediction",
    "Progress",
    "accepted_seed",
    "choice",
    "find",
    "flag",
    "lazy",
    "make_params",
    "number",
    "text",
]

#: ``progress(done, total, message)``; whatever it raises stops the work.
Progress = Callable[[int, int, str], None]


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
