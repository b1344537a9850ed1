"""Where changed images part from the clean one on their way through a network, as charts.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.activations.divergence import Divergence
from xai.figures.colours import NEUTRAL
from xai.figures.encodings import (
    always_svg,
    finished,
    heading,
    line_colours,
    on_phone,
    plain_axis,
    top_legend,
)
from xai.figures.layer_axis import LayerAxis
from xai.figures.wording import distinct, number, short

if TYPE_CHECKING:
    import altair as alt

Measure = Literal["relative", "angle"]

#: How the legend names random changes.
NOISE = "noise of the same size"
_DASH = [7, 5]
# Letters of a name in the legend, and their pixels, so that two fit beside each other.
_LETTERS, _ROOM = 26, 210
# Room above the largest value for the words of a level, as a factor; if the level is further
# below it than this, the upright rule says what it is in that room too.
_HEAD = 1.12


@dataclass(frozen=True)
class _Panel:
    """What one of the two charts says in words, and from where on nothing is left in common.

    ``factor`` and ``unit`` are those of numbers in tooltips.
    """

    title: str
    axis: str
    ticks: dict[str, Any]
    factor: float
    unit: str
    level: float
    words: str

    def said(self, value: float) -> str:
        if np.isnan(value):
            return "not known"
        return f"{number(self.factor * float(value))}{self.unit}"


_PANELS: dict[str, _Panel] = {
    "relative": _Panel(
        "How far from the clean activations",
        "relative L2 distance",
        {"format": ".0%", "tickCount": 5},
        100.0,
        " %",
        1.0,
        "100 %: as much as was there",
    ),
    "angle": _Panel(
        "How far turned from the clean activations",
        "angle, in degrees",
        {"values": list(range(0, 181, 30))},
        1.0,
        "°",
        90.0,
        "90°: nothing in common",
    ),
}


def divergence_chart(
    found: Divergence,
    lines: Mapping[str, int],
    noise: Sequence[int] = (),
    *,
    of: Measure = "relative",
    chosen: str | None = "",
    mark: str = "leaves its class here",
    height: int = 440,
) -> alt.LayerChart:
    """Draw how far changed images are from the clean one, over the layers of a network.

    Parameters
    ----------
    found : Divergence
    lines : mapping of str to int
        Name and row of each image that gets a line of its own, such as
        ``{"attacked (PGD)": 0}``.
    noise : sequence of int
        Rows of random changes: their median is a dashed grey line in a band from the
        least to the largest of them.
    of : str
        ``"relative"``, the distance, or ``"angle"``, in degrees: two charts to be laid
        above or beside each other.
    chosen : str or None
        Layer that is marked by an upright rule, None for the pixels; a name that is not
        among the layers marks none.
    mark : str
        What the rule says.
    height : int
        Of the chart, in pixels.

    Raises
    ------
    ValueError
        If there is nothing to draw, a row is not there, or ``of`` is another word.
    """
    import altair as alt

    if of not in _PANELS:
        raise ValueError(f"of: expected relative or angle, got {of!r}")
    if not lines and not noise:
        raise ValueError("lines: expected at least one image or noise, got neither")
    found.check(*lines.values(), *noise)
    panel, values = _PANELS[of], getattr(found, of)
    across = LayerAxis(found.layers, chosen)
    # No line may have the name of the noise.
    names = distinct([NOISE, *(short(name, _LETTERS) for name in lines)], range(len(lines) + 1))[1:]
    band = _band(values, noise)
    series = {name: values[row] for name, row in zip(names, lines.values(), strict=True)}
    shown = np.stack([*series.values(), *(band if noise else [])])
    most = max(panel.level, float(np.max(shown, initial=0, where=np.isfinite(shown))))
    scale = alt.Scale(domain=[0, most * _HEAD], nice=False)
    y = {"title": panel.axis, "scale": scale, "axis": plain_axis(labelFlush=False, **panel.ticks)}
    rows = _rows(across, ({NOISE: band[1]} if noise else {}) | series, band, panel)
    drawn = [
        *across.level("value", panel.level, panel.words),
        *([_area(across, band, y)] if noise else []),
        *across.upright(),
        *_words(across, most if most > panel.level * _HEAD**2 else panel.level, mark),
        *_lines(across, names, rows, y, noise=bool(noise)),
    ]
    return always_svg(finished(alt.layer(*drawn).properties(title=heading(panel.title)), height))


def sentence(found: Divergence, image: int, noise: Sequence[int], name: str = "the attack") -> str:
    """Say how far an image and random changes are apart, at the pixels and at the end.

    Parameters
    ----------
    found : Divergence
    image : int
        Row of the image.
    noise : sequence of int
        Rows of random changes, at least one.
    name : str
        What was done to the image.

    Raises
    ------
    ValueError
        If a row is not there, or there is no random change.
    """
    times = found.ratio(image, noise)
    middle = np.median(found.relative[list(noise)], axis=0)
    known = np.flatnonzero(np.isfinite(times))
    if len(known) < 2 or known[0]:
        return f"{name[:1].upper()}{name[1:]} and noise cannot be compared: one moves nothing."
    said = _PANELS["relative"].said
    first, last = (
        (said(found.relative[image, place]), said(middle[place]), _times(times[place], name))
        for place in (0, known[-1])
    )
    layer = found.layers[known[-1]]
    return (
        f"In the pixels, {name} and noise are {first[0]} and {first[1]} away from the clean "
        f"image: {first[2]}. In {layer} they are {last[0]} and {last[1]} away: {last[2]}."
    )


def _times(factor: float, name: str) -> str:
    if 0.8 <= factor <= 1.25:
        return "about the same"
    return f"{name} is {factor:.2g} times as far"


def _band(values: np.ndarray, noise: Sequence[int]) -> np.ndarray:
    """Return least, median and largest of the noise, (3, L)."""
    if not noise:
        return np.full((3, values.shape[1]), np.nan)
    return np.quantile(values[list(noise)], [0, 0.5, 1], axis=0)


def _rows(
    across: LayerAxis, series: Mapping[str, np.ndarray], band: np.ndarray, panel: _Panel
) -> list[dict[str, Any]]:
    rows = []
    for turn, (name, line) in enumerate(series.items()):
        for place, value in enumerate(line):
            low, middle, high = (panel.said(part) for part in band[:, place])
            rows.append(
                {
                    "layer": across.labels[place],
                    "name": across.names[place],
                    "series": name,
                    "turn": turn,
                    "value": None if np.isnan(value) else round(float(value), 6),
                    "said": panel.said(value),
                    "noise": f"{middle} ({low} to {high})",
                }
            )
    return rows


def _area(across: LayerAxis, band: np.ndarray, y: dict[str, Any]) -> alt.Chart:
    import altair as alt

    ends = ((float(low), float(high)) for low, _, high in band.T)
    data = [
        {"layer": label, "low": None, "high": None}
        if np.isnan(low)
        else {"layer": label, "low": low, "high": high}
        for label, (low, high) in zip(across.labels, ends, strict=True)
    ]
    area = alt.Chart(alt.InlineData(values=data)).mark_area(color=NEUTRAL, opacity=0.3)
    return area.encode(x=across.x(), y=alt.Y("low:Q", **y), y2="high:Q")


def _lines(
    across: LayerAxis,
    names: Sequence[str],
    rows: list[dict[str, Any]],
    y: dict[str, Any],
    *,
    noise: bool,
) -> list[alt.Chart]:
    import altair as alt

    every = [*names, *([NOISE] if noise else [])]
    colours = [*line_colours(len(names)), *([NEUTRAL] if noise else [])]
    dashes = [*([[1, 0]] * len(names)), *([_DASH] if noise else [])]
    legend = top_legend(
        columns=on_phone(1, 2),
        labelLimit=_ROOM,
        symbolType="stroke",
        symbolStrokeWidth=3,
        rowPadding=3,
    )
    # Where two fields have one legend, its lines are dashed as those of the chart.
    shared: dict[str, Any] = {"sort": every, "title": None, "legend": legend}
    told = [("name", "layer"), ("series", "image"), ("said", "value"), ("noise", NOISE)]
    width, size = across.stroke
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=across.x(),
        y=alt.Y("value:Q", **y),
        color=alt.Color("series:N", scale=alt.Scale(domain=every, range=colours), **shared),
        detail="turn:O",
        tooltip=[alt.Tooltip(f"{field}:N", title=title) for field, title in told[: 3 + noise]],
    )
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=every, range=dashes), **shared)
    return [
        base.mark_line(strokeWidth=width).encode(strokeDash=dash),
        base.mark_point(size=size, filled=True, opacity=1),
    ]


def _words(across: LayerAxis, value: float, mark: str) -> list[alt.Chart]:
    """Return what the upright rule says, below a value and on the side that has room for it."""
    import altair as alt

    if across.place is None:
        return []
    right = across.place < len(across.labels) / 2
    row = {"layer": across.labels[across.place], "value": value, "text": mark}
    words = alt.Chart(alt.InlineData(values=[row])).mark_text(
        align="left" if right else "right", baseline="top", dx=8 if right else -8, dy=8, fontSize=14
    )
    grey = alt.value("currentColor")
    return [words.encode(x=across.x(), y="value:Q", text="text:N", color=grey)]
