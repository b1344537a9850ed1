"""Widgets drawn from a parameter class: default, range, step, unit and help are its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages._ui import link
from xai.types import FieldInfo, Params, make_params

#: Steps that a slider can tell apart.
_FINEST = 2000

ParamsT = TypeVar("ParamsT", bound=Params)


def drawable(cls: type[Params]) -> bool:
    """Say whether :func:`params` would draw anything."""
    fields = [field for field in dataclasses.fields(cls) if "info" in field.metadata]
    return any(_shown(field.default, field.metadata["info"]) for field in fields)


def _shown(default: Any, info: FieldInfo) -> bool:
    # Where the default is left to the model, nobody has asked to say otherwise.
    return default is not None and (not isinstance(default, str) or bool(info.options))


def params(
    cls: type[ParamsT],
    key: str,
    *,
    only: Sequence[str] = (),
    fixed: Mapping[str, Any] | None = None,
    defaults: ParamsT | None = None,
) -> ParamsT:
    """Draw a widget for each field of a parameter class; return what they say.

    Parameters
    ----------
    cls : type
        A subclass of :class:`xai.types.Params`.
    key : str
        Prefix of the widgets' keys and of their names in the address bar.
    only : sequence of str
        Fields to draw; the others keep their defaults. None given means all.
    fixed : mapping
        Values that the page chose elsewhere; no widget is drawn for them.
    defaults : Params, optional
        What the widgets begin with, and fields that are not drawn keep, in place of the
        class's own defaults.

    Raises
    ------
    ValueError
        If the values do not go together.
    """
    given: dict[str, Any] = dict(fixed or {})
    for field in dataclasses.fields(cls):
        info = field.metadata.get("info")
        default: Any = field.default if defaults is None else getattr(defaults, field.name)
        if isinstance(field.default, float) and default is not None:
            default = float(default)  # a whole number may stand for one
        if info is None or field.name in given:
            continue
        if (only and field.name not in only) or not _shown(field.default, info):
            given[field.name] = default
            continue
        given[field.name] = _widget(field.name, default, info, f"{key}.{field.name}")
    return make_params(cls, given)


def select(key: str, label: str, options: Mapping[str, str], *, default: str) -> str:
    """Draw a choice of one of several words, bound to the link; ``options`` has the labels."""
    name: str = st.selectbox(label, _bound(key, label, options, default), **_plain(key, options))
    link.publish(key, name)
    return name


def segments(key: str, label: str, options: Mapping[str, str], *, default: str) -> str:
    """Draw a choice of one of a few words as buttons, bound to the link."""
    words = _bound(key, label, options, default)
    name: str = st.segmented_control(label, words, required=True, **_plain(key, options))
    link.publish(key, name)
    return name


def amount(key: str, sizes: Sequence[int], there: int, *, usual: int, least: int, most: int) -> int:
    """Draw the choice of how many images, as far as the data set goes, bound to the link.

    A link that was made with another number opens with the nearest that is offered.

    Parameters
    ----------
    key : str
        Of the choice, in the session and in the link.
    sizes : sequence of int
        What is offered, where there are more images than that.
    there : int
        Images that there are; they are offered, too, up to ``most``.
    usual : int
        The nearest to this is the default.
    least, most : int
        What a link may ask for.
    """
    offered = [size for size in sizes if size < there] + [min(there, most)]
    default = min(offered, key=lambda size: abs(size - usual))

    def read(text: str) -> str | None:
        whole = text.isdecimal() and least <= int(text) <= most
        return str(int(text)) if whole else None

    options = {str(size): f"{size:,}" for size in offered}
    asked = link.restore(key, read, what="number of images", default=str(default))
    if asked not in options:
        st.session_state[key] = str(min(offered, key=lambda size: abs(size - int(asked))))
    return int(select(key, "Images", options, default=str(default)))


def _bound(key: str, label: str, options: Mapping[str, str], default: str) -> list[str]:
    words = list(options)
    link.restore(key, link.one_of(tuple(words)), what=label.lower(), default=default)
    if st.session_state[key] not in options:
        st.session_state[key] = default
    return words


def _plain(key: str, options: Mapping[str, str]) -> dict[str, Any]:
    return {"key": key, "format_func": options.__getitem__, "persist_state": "session"}


def _widget(name: str, default: Any, info: FieldInfo, key: str) -> Any:
    label = name.replace("_", " ").capitalize()
    link.restore(key, lambda text: _parse(text, default, info), what=label.lower(), default=default)
    common: dict[str, Any] = {"key": key, "help": info.help, "persist_state": "session"}
    value: Any
    if info.options:
        value = st.selectbox(label, info.options, format_func=_in_words, **common)
    elif isinstance(default, bool):
        value = st.toggle(label, **common)
    else:
        kind = int if isinstance(default, int) else float
        low, high, step = kind(info.low or 0), kind(info.high or 1), kind(info.step or 1)
        # A pixel of a slider's track must not be worth many steps.
        field = st.slider if (high - low) / step <= _FINEST else st.number_input
        value = field(
            label + (f" ({info.unit})" if info.unit else ""),
            min_value=low,
            max_value=high,
            step=step,
            format=None if kind is int else "%.4g",
            **common,
        )
    link.publish(key, None if value == default else value)
    return value


def _in_words(option: str) -> str:
    return option.replace("_", " ")


def _parse(text: str, default: Any, info: FieldInfo) -> Any:
    """Return the value that a link's text stands for, or None if it is out of range."""
    if info.options:
        return text if text in info.options else None
    if isinstance(default, bool):
        return {"True": True, "False": False}.get(text)
    try:
        value = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return None
    low, high = info.low, info.high
    inside = (low is None or value >= low) and (high is None or value <= high)
    return value if inside else None
