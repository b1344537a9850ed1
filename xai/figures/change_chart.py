"""What small changes leave of a grown image and of the best real one, as a chart.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    kind_marks,
    name_axis,
    on_phone,
    plain_axis,
)
from xai.figures.wording import number, percent, short
from xai.visualization.studies.judgement import in_percent

if TYPE_CHECKING:
    import altair as alt

    from xai.visualization.studies.reality import Trial

#: What is drawn of a change: the share of the lead, or the score itself.
What = Literal["kept", "score"]
#: The images side by side, with one colour and one shape on all charts of the question.
KINDS = ("grown image", "best real image", "adversarial pattern")
_COLOURS = (CHANGED, ACCENT, NEUTRAL)
_SHAPES = ("triangle-up", "circle", "diamond")
# A share below or above is drawn at the edge.
_LOW, _HIGH = -1.0, 2.0


def change_chart(
    found: Sequence[Trial], of: What = "kept", *, unit: str = "", row_height: int = 34
) -> alt.LayerChart:
    """Draw what each change leaves of the images, row by row.

    Parameters
    ----------
    found : sequence of Trial
        The untouched images first.
    of : str
        ``"kept"``: the share of the lead over the average real image; ``"score"``.
    unit : str
        What the score is, for its axis.
    row_height : int
        Pixels for each row.

    Returns
    -------
    altair.LayerChart
        A line joins grown and real image. Upright rules: all is kept, and nothing; or the
        score of the real image untouched.

    Raises
    ------
    ValueError
        If there is no change, or ``of`` is another word.
    """
    import altair as alt

    if of not in ("kept", "score"):
        raise ValueError(f"of: expected kept or score, got {of!r}")
    if len(found) < 2:
        raise ValueError("found: expected at least one change")
    rows = _changes(found, of)
    if not rows:
        raise ValueError("found: expected an image with a lead")
    names = [one.label for one in found[1:]]
    x = _across(rows, of, unit)
    y = name_axis(names, limit=on_phone(95, 200))
    rules = [1.0, 0.0] if of == "kept" else [float(found[0].scores[1])]
    border = (
        alt.Chart(alt.InlineData(values=[{"value": value} for value in rules]))
        .mark_rule(strokeWidth=2, strokeDash=[6, 4])
        .encode(x=x, color=alt.value(ACCENT if of == "score" else NEUTRAL))
    )
    join = (
        alt.Chart(alt.InlineData(values=_joins(rows)))
        .mark_rule(strokeWidth=3, opacity=0.45, color=NEUTRAL)
        .encode(x=x, x2="end:Q", y=y)
    )
    told = [
        alt.Tooltip(f"{field}:N", title=title)
        for field, title in (
            ("label", "change"),
            ("kind", "image"),
            ("share", "of its lead"),
            ("score", "score"),
            ("said", "the network says"),
        )
    ]
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    places = [KINDS.index(kind) for kind in kinds]
    looks = [[table[place] for place in places] for table in (_COLOURS, _SHAPES)]
    marks = kind_marks(rows, kinds, *looks).encode(x=x, y=y, tooltip=told)
    height = row_height * len(names) + AXIS_HEIGHT + LEGEND_HEIGHT
    return always_svg(finished(alt.layer(border, join, marks), height))


def _changes(found: Sequence[Trial], of: What) -> list[dict[str, Any]]:
    # The grown image is drawn last, and so in front.
    order = range(min(len(KINDS), len(found[0].scores)) - 1, -1, -1)
    return [
        {
            "label": one.label,
            "kind": KINDS[place],
            "value": float(one.kept[place] if of == "kept" else one.scores[place]),
            "share": in_percent(float(one.kept[place])),
            "score": number(float(one.scores[place])),
            "said": f"{short(one.said[place].name)}, {percent(one.said[place].confidence)}",
        }
        for place in order
        for one in found[1:]
        if np.isfinite(one.kept[place] if of == "kept" else one.scores[place])
    ]


def _joins(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines between grown and real image."""
    ends: dict[str, dict[str, float]] = {}
    for row in rows:
        ends.setdefault(row["label"], {})[row["kind"]] = row["value"]
    return [
        {"label": label, "value": pair[KINDS[0]], "end": pair[KINDS[1]]}
        for label, pair in ends.items()
        if KINDS[0] in pair and KINDS[1] in pair
    ]


def _across(rows: Sequence[dict[str, Any]], of: What, unit: str) -> alt.X:
    import altair as alt

    values = [row["value"] for row in rows]
    if of == "score":
        pad = 0.05 * (max(values) - min(values)) or 1.0
        domain, title, form = [min(values) - pad, max(values) + pad], f"score ({unit})", "~g"
    else:
        domain = [max(_LOW, min(-0.08, *values)), min(_HIGH, max(1.08, *values))]
        title, form = "share of the lead that is kept", "%"
    scale = alt.Scale(domain=domain, nice=False, clamp=True)
    return alt.X("value:Q", title=title, scale=scale, axis=plain_axis(format=form, tickCount=6))
