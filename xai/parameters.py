"""Parameters as frozen dataclasses: defaults, ranges, units and help in one place.

Widgets are drawn from what a field says of itself, and its range is checked whenever an
instance is made. Nothing here imports torch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


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


def settled(params: type[ParamsT], settings: Sequence[str]) -> ParamsT:
    """Make parameters of texts such as ``"steps=20"``.

    Raises
    ------
    TypeError, ValueError
        If one is no such pair, or has no field or no value of that kind.
    """
    fields = {item.name: item for item in dataclasses.fields(params)}
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"param: expected name=value, got {setting!r}")
        if name not in fields:
            listing = ", ".join(fields) or "no parameters"
            raise ValueError(f"param: expected {listing}; got {name!r}")
        values[name] = _typed(name, value, fields[name].default)
    return params(**values)


def _typed(name: str, value: str, default: Any) -> Any:
    """Read a text as what the field's default is."""
    if isinstance(default, str):
        return value
    if isinstance(default, bool):
        if value.lower() not in _FLAGS:
            raise ValueError(f"{name}: expected true or false, got {value!r}")
        return _FLAGS[value.lower()]
    try:
        return int(value) if isinstance(default, int) else float(value)
    except ValueError as error:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"{name}: expected {kind}, got {value!r}") from error


def accepted_seed(seed: Any) -> int:
    """Return a seed as an int.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is not in [0, 2^32 - 1].
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed: expected a whole number, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected 0 to {2**32 - 1}, got {seed}")
    return int(seed)
