"""What each regulariser costs and brings, as bars: one run a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from xai.figures.colours import ACCENT, CHANGED
from xai.figures.encodings import (
    AXIS_HEIGHT,
    always_svg,
    finished,
    name_axis,
    numbers,
    on_phone,
    percent_axis,
    plain_axis,
)
from xai.figures.wording import distinct, number, percent

if TYPE_CHECKING:
    import altair as alt

    from xai.visualization.studies.ablation import Outcome

Of = Literal["score", "fine"]
_TITLES = {"score": "score of the grown image", "fine": "energy in fine grain"}
# Room behind the longest bar for its number.
_ROOM = 1.35


def ablation_bars(
    found: Sequence[Outcome], labels: Sequence[str], of: Of, *, row_height: int = 30
) -> alt.LayerChart:
    """Draw one number of every run of a comparison.

    Parameters
    ----------
    found : sequence of Outcome
        A row each.
    labels : sequence of str
        Their names for people.
    of : {"score", "fine"}
        The objective, or the share of energy in fine grain.
    row_height : int
        Pixels for each row.

    Returns
    -------
    altair.LayerChart
        The first bar, with which all others are to be compared, has a colour of its own and
        is prolonged by an upright line.

    Raises
    ------
    ValueError
        If there is no run, or not a label for each, or the number is unknown.
    """
    import altair as alt

    if not found or len(labels) != len(found):
        raise ValueError(f"labels: expected one a run, got {len(labels)} for {len(found)} runs")
    if of not in _TITLES:
        raise ValueError(f"of: expected {' or '.join(_TITLES)}, got {of!r}")
    names = distinct(list(labels), range(len(labels)))
    values = [one.score if of == "score" else one.roughness.fine for one in found]
    write = number if of == "score" else percent
    rows = [
        {"label": name, "probability": value, "text": write(value), "first": not place}
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    y = name_axis(names, limit=on_phone(95, 200))
    x = percent_axis(_TITLES[of]) if of == "fine" else _score_axis(values)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=x, y=y, tooltip=[alt.Tooltip("label:N", title="run"), alt.Tooltip("text:N", title=of)]
    )
    colour = alt.Color(
        "first:N", scale=alt.Scale(domain=[True, False], range=[CHANGED, ACCENT]), legend=None
    )
    # Behind a bar that goes to the left the number would lie on it.
    written = numbers(
        base.encode(x=alt.X("end:Q")).transform_calculate(end="max(0, datum.probability)")
    )
    line = (
        alt.Chart(alt.InlineData(values=rows[:1]))
        .mark_rule(strokeWidth=2, strokeDash=[5, 4], color=CHANGED)
        .encode(x=x)
    )
    bars = base.mark_bar(height=0.62 * row_height).encode(color=colour)
    height = row_height * len(names) + AXIS_HEIGHT
    return always_svg(finished(alt.layer(bars, line, written), height))


def _score_axis(values: Sequence[float]) -> alt.X:
    """Return an axis that begins at 0, or below it, with room for the numbers."""
    import altair as alt

    low, high = min(0.0, *values), max(0.0, *values)
    far = high + (_ROOM - 1) * ((high - low) or 1.0)
    scale = alt.Scale(domain=[low, far], nice=False)
    axis = plain_axis(titleAnchor="start", tickCount=5)
    return alt.X("probability:Q", title=_TITLES["score"], scale=scale, axis=axis)
