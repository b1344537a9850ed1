"""The channels of a layer as one picture that can be pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pages._ui import cached
from pages._ui.channel_grid import channel_grid
from xai.activations import statistics
from xai.figures import legends, sheets
from xai.figures.wording import number

if TYPE_CHECKING:
    from xai.activations.statistics import ChannelStatistics
    from xai.types import Layer

_SIDE = 72
# Pixels of a map that are sent at most, along its longer side.
_FINEST = 112
_HEIGHT, _FEW, _LOW = 560, 16, 270


@dataclass(frozen=True, eq=False)
class Answer:
    """What a layer of a model answers to an image: maps of shape (C, H, W)."""

    model: str
    digest: str
    layer: Layer
    maps: np.ndarray

    @cached_property
    def facts(self) -> ChannelStatistics:
        """What each channel holds."""
        return statistics(self.maps)

    @cached_property
    def signed(self) -> bool:
        """Whether some value lies below zero."""
        return bool((self.maps < 0).any())

    @cached_property
    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest finite value; None if there is none."""
        known = self.maps[np.isfinite(self.maps)]
        return (float(known.min()), float(known.max())) if known.size else None


@dataclass(frozen=True, eq=False)
class Ranked:
    """Channels in an order, and the number that they were ordered by."""

    by: str
    order: tuple[int, ...]
    numbers: np.ndarray


def ranked(by: str, numbers: np.ndarray | None, count: int) -> Ranked:
    """Return channels by a number, the highest first; by index without one.

    Numbers that are not finite go to the end.
    """
    if numbers is None:
        return Ranked("index", tuple(range(count)), np.arange(count))
    held = np.where(np.isfinite(numbers), numbers, -np.inf)
    return Ranked(by, tuple(np.argsort(-held, kind="stable").tolist()), numbers)


def grid(
    answer: Answer,
    ranking: Ranked,
    ends: tuple[float, float] | None,
    chosen: int | None,
    *,
    key: str,
    signed: bool | None = None,
    height: int | None = None,
) -> int | None:
    """Draw the channels of a layer; return the one that is chosen.

    Parameters
    ----------
    answer : Answer
    ranking : Ranked
    ends : tuple of float, or None
        Raw values at the ends of the colours; None gives each channel its own.
    chosen : int or None
    key : str
    signed : bool or None
        Colours on both sides of zero; None follows the values. Layers that share a legend
        share this as well.
    height : int or None
        In CSS pixels; None is what the number of channels asks for.
    """
    signed = answer.signed if signed is None else signed
    order = list(ranking.order)
    sheet, columns, tile = cached.channel_sheet(
        (answer.model, answer.digest, answer.layer.name, ranking.order, ends, signed),
        lambda: sheets.channel_sheet(
            answer.maps,
            order=order,
            scale="channel" if ends is None else ends,
            zero_centred=signed,
            side=_FINEST,
            gap=0,
            enlarge=False,
        ),
    )
    by_index = ranking.by == "index"
    return channel_grid(
        sheet,
        columns=columns,
        tile=tile,
        order=order,
        captions=[""] * len(order) if by_index else _written(ranking.numbers, order),
        selected=chosen,
        facts=_facts(answer, ranking),
        marks=[_mark(answer.facts, place) for place in order],
        key=key,
        height=height or (_LOW if len(order) <= _FEW else _HEIGHT),
        shown=_SIDE,
        label=f"Channels of {answer.layer.name}",
    )


def legend(ends: tuple[float, float], *, signed: bool) -> str:
    """Return the colour bar of a scale as HTML."""
    if signed:
        return legends.signed_legend(max(map(abs, ends)), words=("negative", "positive"))
    return legends.magnitude_legend(*ends, words=("weak", "strong"))


def _written(values: np.ndarray, order: list[int]) -> list[str]:
    return [number(float(value)) for value in values[order]]


def _facts(answer: Answer, ranking: Ranked) -> dict[str, list[str]]:
    facts, order = answer.facts, list(ranking.order)
    named = {"score": facts.score, "mean": facts.mean, "min": facts.low, "max": facts.high}
    words = {name: _written(values, order) for name, values in named.items()}
    if ranking.by in ("index", *words):
        return words
    return {ranking.by: _written(ranking.numbers, order), **words}


def _mark(facts: ChannelStatistics, place: int) -> str:
    if facts.broken[place]:
        return "NaN"
    # Maps of one number are all constant: that is nothing to point at.
    if facts.constant[place] and not facts.constant.all():
        return "silent" if facts.high[place] == 0 else "constant"
    return ""
