"""Who is fooled, as charts: one image under many changes or networks, and many images.

No text colour is fixed: it is the page's, in the light theme and in the dark one. Names
are data to Vega, never markup or expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from xai.figures.attack_lines import NOISE
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.figures.encodings import (
    AXIS_HEIGHT,
    LEGEND_HEIGHT,
    always_svg,
    finished,
    kind_marks,
    name_axis,
    numbers,
    on_phone,
    percent_axis,
    plain_axis,
)
from xai.figures.wording import distinct, number, percent, short

if TYPE_CHECKING:
    import altair as alt

    from xai.attacks.goal import Goal
    from xai.attacks.studies.survival import Survival
    from xai.attacks.studies.transfer import Transfer, TransferRate

#: Clean, noise and attacked have one colour and one shape in all charts of this page.
_WORDS = ("clean", NOISE, "attacked")
_COLOURS = (ACCENT, NEUTRAL, CHANGED)
_SHARE = ["share fooled, of the images", "read rightly when clean"]
# Marks of the axis, about as far from each other on its scale.
_TICKS = (*(-(10**power) for power in range(9, -1, -1)), 0, *(10**power for power in range(10)))
# Pixels of the second line of an axis title.
_LINE = 18
_SHAPES = ("circle", "diamond", "triangle-up")


def margin_chart(
    found: Sequence[Survival | Transfer], goal: Goal, *, row_height: int = 44
) -> alt.LayerChart:
    """Draw by how much clean, noisy and attacked image meet an attack's goal, row by row.

    Parameters
    ----------
    found : sequence of Survival or Transfer
        A row each.
    goal : Goal
        What the attack was to reach.
    row_height : int
        Pixels for each row.

    Returns
    -------
    altair.LayerChart
        Right of the upright line at 0 the goal is met. A line joins clean and attacked.

    Raises
    ------
    ValueError
        If there is no row.

    Notes
    -----
    The margin is a difference of logits (:meth:`Goal.margin`), on a scale that is
    linear near 0 and logarithmic far from it, so that a sure network does not press all
    others against the line.
    """
    import altair as alt

    if not found:
        raise ValueError("found: expected at least one row, got none")
    names = distinct([short(one.label, 30) for one in found], range(len(found)))
    rows, joins = _margins(found, names, goal)
    low, high = _reach(row["margin"] for row in rows)
    scale = alt.Scale(type="symlog", constant=1, domain=[low, high], nice=False)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    lead = f"lead of {_leader(goal, found[0].clean.classes)} (logits)"
    axis = plain_axis(values=ticks, labelOverlap=True, titleAnchor=on_phone("end", "middle"))
    x = alt.X("margin:Q", title=["← not fooled · fooled →", lead], scale=scale, axis=axis)
    y = name_axis(names, limit=on_phone(95, 260))
    line = (
        alt.Chart(alt.InlineData(values=joins))
        .mark_rule(strokeWidth=3, opacity=0.45, color=NEUTRAL)
        .encode(x=x, x2="end:Q", y=y)
    )
    border = (
        alt.Chart(alt.InlineData(values=[{"margin": 0}]))
        .mark_rule(strokeWidth=2)
        .encode(x=x, color=alt.value("currentColor"))
    )
    told = [
        alt.Tooltip("label:N", title="row"),
        alt.Tooltip("kind:N", title="image"),
        alt.Tooltip("said:N", title="the network says"),
        alt.Tooltip("lead:N", title="lead"),
    ]
    marks = _marks(rows).encode(x=x, y=y, tooltip=told)
    height = row_height * len(names) + AXIS_HEIGHT + _LINE + LEGEND_HEIGHT
    return always_svg(finished(alt.layer(border, line, marks), height))


def _reach(margins: Iterable[float]) -> tuple[float, float]:
    """Return where the axis begins and ends: room around all marks, and both sides of 0."""
    ends = [*margins, -1.0, 1.0]
    return 1.3 * min(ends), 1.3 * max(ends)


def _leader(goal: Goal, classes: Sequence[str]) -> str:
    name = f"“{short(classes[goal.label], 24)}”"
    return f"{name} over all others" if goal.is_targeted else f"the best class over {name}"


def _margins(
    found: Sequence[Survival | Transfer], names: Sequence[str], goal: Goal
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, joins = [], []
    for name, one in zip(names, found, strict=True):
        margins = {}
        for kind, said in zip(_WORDS, (one.clean, one.noise, one.attacked), strict=True):
            if said is None:
                continue
            margins[kind] = goal.margin(said.logits)
            rows.append(
                {
                    "label": name,
                    "kind": kind,
                    "margin": margins[kind],
                    "lead": number(margins[kind]),
                    "said": f"{short(said.name)}, {percent(said.confidence)}",
                }
            )
        ends = (margins[_WORDS[0]], margins[_WORDS[2]])
        joins.append({"label": name, "margin": ends[0], "end": ends[1]})
    return rows, joins


def transfer_chart(
    found: TransferRate, labels: Sequence[str], *, row_height: int = 64
) -> alt.LayerChart:
    """Draw how often each network is fooled by attacks on one of them, and by noise.

    Parameters
    ----------
    found : TransferRate
    labels : sequence of str
        Names of its networks for people, in their order: the attacked one first.
    row_height : int
        Pixels for each network.

    Returns
    -------
    altair.LayerChart
        A point for the share and a bar for its 95 % interval. A network that reads no
        clean image rightly says so in its row.

    Raises
    ------
    ValueError
        If there are not as many labels as networks.
    """
    import altair as alt

    if len(labels) != len(found.models):
        raise ValueError(f"labels: expected {len(found.models)}, got {len(labels)}")
    names = distinct([short(label, 30) for label in labels], range(len(labels)))
    rows = _shares(found, names)
    base = alt.Chart(alt.InlineData(values=rows))
    y = name_axis(names, limit=on_phone(95, 260))
    offset = alt.YOffset("kind:N", sort=list(_WORDS[1:]))
    x = percent_axis(_SHARE)
    told = [
        alt.Tooltip("label:N", title="network"),
        alt.Tooltip("kind:N", title="image"),
        alt.Tooltip("text:N", title="fooled"),
        alt.Tooltip("range:N", title="95 % interval"),
    ]
    placed = base.encode(y=y, yOffset=offset, tooltip=told)
    marks = _marks(rows, _WORDS[1:])
    reach = placed.mark_rule(strokeWidth=5, opacity=0.4).encode(
        x=x, x2="high:Q", color=marks.encoding.color
    )
    marks = marks.encode(x=alt.X("share:Q", title=_SHARE), y=y, yOffset=offset, tooltip=told)
    words = placed.mark_text(align="left", baseline="middle", dx=10, fontSize=16).encode(
        x="high:Q", text="text:N", color=alt.value("currentColor")
    )
    height = row_height * len(names) + AXIS_HEIGHT + _LINE + LEGEND_HEIGHT
    return always_svg(finished(alt.layer(reach, marks, words, _empty(found, names, y)), height))


def _empty(found: TransferRate, names: Sequence[str], y: alt.Y) -> alt.Chart:
    """Write into the rows that have no share why that is so."""
    import altair as alt

    rows = [
        {"label": name, "probability": 0, "text": "reads none of the clean images rightly"}
        for name, count in zip(names, found.right, strict=True)
        if not count
    ]
    return numbers(alt.Chart(alt.InlineData(values=rows)).encode(x="probability:Q", y=y))


def _shares(found: TransferRate, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for kind, word in zip(("noise", "attacked"), _WORDS[1:], strict=True):
        shares, hits, ranges = found.share(kind), found.fooled(kind), found.interval(kind)
        for name, share, hit, count, (low, high) in zip(
            names, shares, hits, found.right, ranges, strict=True
        ):
            if not count:
                continue
            rows.append(
                {
                    "label": name,
                    "kind": word,
                    "share": float(share),
                    "probability": float(low),
                    "high": float(high),
                    "text": f"{hit} of {count}",
                    "range": f"{100 * low:.0f} to {100 * high:.0f} %",
                }
            )
    return rows


def _marks(rows: list[dict[str, Any]], words: Sequence[str] = _WORDS) -> alt.Chart:
    """Return a mark for each row, with the colour and shape of its kind."""
    first = len(_WORDS) - len(words)
    return kind_marks(rows, words, _COLOURS[first:], _SHAPES[first:])
