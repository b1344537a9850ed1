"""How maps change while the network forgets what it learned, as a chart.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xai.attribution.checks.randomisation import MEASURES
from xai.figures.encodings import finished, line_colours, plain_axis, top_legend
from xai.figures.wording import distinct, ending, hundredths

if TYPE_CHECKING:
    import altair as alt

    from xai.attribution.checks.randomisation import Randomisation

#: Name of the step before the first reset.
TRAINED = "trained"
#: What each measure is called on its axis.
TITLES = {
    "spearman_abs": "rank correlation, absolute values",
    "spearman": "rank correlation, with sign",
    "ssim": "structural similarity",
}
_KINDS = ("explanation", "edge detector")
_DASHES = ([1, 0], [6, 5])
# Room for names side by side above the plot, in letters.
_LETTERS = 90


def lines(
    found: Randomisation,
    *,
    measure: str = "spearman_abs",
    chosen: int | None = None,
    edges: bool = True,
    height: int = 480,
) -> alt.LayerChart:
    """Draw how like the trained network's map each map is, step by step.

    Parameters
    ----------
    found : Randomisation
        May be unfinished; steps that are not made yet keep their place.
    measure : str
        One of :data:`~xai.attribution.checks.randomisation.MEASURES`.
    chosen : int or None
        Step that is marked by an upright rule.
    edges : bool
        Whether a dashed line in each method's colour tells how like its map an edge
        detector's is.
    height : int
        Of the chart, in pixels.

    Raises
    ------
    ValueError
        If there is no such measure or step.
    """
    import altair as alt

    if measure not in MEASURES:
        raise ValueError(f"measure: expected one of {', '.join(MEASURES)}; got {measure!r}")
    steps = _step_labels(found.layers)
    if chosen is not None and not 0 <= chosen < len(steps):
        raise ValueError(f"chosen: expected 0 to {len(steps) - 1}, got {chosen}")
    names = list(found.labels)
    x = _across(steps, found.order)
    base = alt.Chart(alt.InlineData(values=_rows(found, measure, steps))).encode(
        x=x,
        y=_upward(found, measure),
        color=alt.Color(
            "method:N",
            scale=alt.Scale(domain=names, range=line_colours(len(names))),
            legend=top_legend(labelLimit=320, columns=_columns(names)),
            title=None,
        ),
        strokeDash=alt.StrokeDash(
            "kind:N",
            scale=alt.Scale(domain=list(_KINDS), range=list(_DASHES)),
            legend=None,  # the page says what is dashed: a legend of grey dashes cannot be seen
            title=None,
        ),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=title)
            for field, title in (("method", "map"), ("reset", "reset"), ("written", measure))
        ],
    )
    drawn = base.transform_filter(alt.datum.kind == _KINDS[0]).mark_line(
        strokeWidth=3, point=alt.OverlayMarkDef(size=70, filled=True)
    )
    dashed = base.transform_filter(alt.datum.kind == _KINDS[1]).mark_line(strokeWidth=1.5)
    marked = [] if chosen is None else [_upright(steps[chosen], x)]
    # The rule goes below the lines, and the dashes below the points.
    layered = alt.layer(*marked, *([dashed] if edges else []), drawn)
    return finished(layered, height)


def _step_labels(layers: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a name for each step: its layer, or the block that holds these layers alone."""
    every = [name for names in layers for name in names]
    named = [ending(_block(names, every), 18) for names in layers[1:]]
    return distinct([TRAINED, *named], range(len(layers)))


def _block(names: tuple[str, ...], every: list[str]) -> str:
    common: list[str] = []
    for parts in zip(*(name.split(".") for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    prefix = ".".join(common)
    within = sum(name == prefix or name.startswith(f"{prefix}.") for name in every)
    # In a cascade what counts is how far down it has come: the first in forward order.
    return prefix if within == len(names) else names[0]


def _rows(found: Randomisation, measure: str, steps: list[str]) -> list[dict[str, Any]]:
    values, level = getattr(found, measure), getattr(found.edges, measure)
    rows = []
    for place, name in enumerate(found.labels):
        for step, label in enumerate(steps):
            value = float(values[place, step])
            reset = _listed(found.layers[step])
            shared = {"method": name, "step": label, "place": step, "reset": reset}
            rows.append(shared | {"kind": _KINDS[0]} | _number(value))
            rows.append(
                shared
                | {"kind": _KINDS[1], "reset": "edge detector"}
                | _number(float(level[place]))
            )
    return rows


def _number(value: float) -> dict[str, Any]:
    if not math.isfinite(value):
        return {"value": None, "written": "not known"}
    return {"value": round(value, 5), "written": hundredths(value)}


def _listed(names: tuple[str, ...]) -> str:
    if len(names) < 3:
        return " and ".join(names) or "nothing"
    return f"{names[0]} to {names[-1]}, {len(names)} layers"


def _across(steps: list[str], order: str) -> alt.X:
    import altair as alt

    title = {
        "cascade": "reset from the output down to …",
        "independent": "reset alone",
    }[order]
    axis = plain_axis(
        labelAngle=-35, labelAlign="right", labelLimit=180, labelOverlap=False, grid=False
    )
    return alt.X("step:N", sort=steps, title=title, scale=alt.Scale(domain=steps), axis=axis)


def _upward(found: Randomisation, measure: str) -> alt.Y:
    import altair as alt

    shown = [getattr(found, measure).ravel(), getattr(found.edges, measure).ravel()]
    lowest = min((float(v) for values in shown for v in values if math.isfinite(v)), default=0.0)
    # Quarters, so that the axis does not move with each step of an unfinished check.
    low = min(0.0, math.floor(lowest * 4) / 4)
    axis = plain_axis(tickCount=5, format=".2~f")
    scale = alt.Scale(domain=[low, 1], nice=False)
    return alt.Y("value:Q", title=TITLES[measure], scale=scale, axis=axis)


def _columns(names: Sequence[str]) -> int:
    longest = max(map(len, names), default=1) + 4
    return max(1, min(len(names), _LETTERS // longest))


def _upright(label: str, x: alt.X) -> alt.Chart:
    import altair as alt

    rule = alt.Chart(alt.InlineData(values=[{"step": label}])).mark_rule(strokeWidth=2, opacity=0.6)
    return rule.encode(x=x, color=alt.value("currentColor"))
