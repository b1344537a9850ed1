"""What the altair charts share: axes, text, tooltips and the fixed size.

No text colour is fixed: it is the page's, in the light theme and in the dark one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xai.figures.colours import ACCENT, CHANGED, CLASS_COLOURS

if TYPE_CHECKING:
    import altair as alt

_FONT = 16
# Room to the right of 100 % for the number behind the longest bar, on a phone and elsewhere.
_X_ENDS = (1.9, 1.42)
#: Pixels below the plot, of an axis with its title.
AXIS_HEIGHT = 64
#: Pixels above the plot, of a legend.
LEGEND_HEIGHT = 40
# Pixels up to which a chart is as narrow as on a phone.
_PHONE = 400
# Between rows of a legend, in pixels: its marks claim more than they fill.
_CLOSE = -10


def on_phone(value: float | str, otherwise: float | str) -> alt.ExprRef:
    """Return a property that is ``value`` where the chart is as narrow as a phone.

    The width is the browser's to know, so that this is an expression of Vega's. It must
    not ask for the width of the plot, which itself depends on legend and labels.
    """
    import altair as alt

    first, second = (repr(one) for one in (value, otherwise))
    return alt.ExprRef(f"containerSize()[0] < {_PHONE} ? {first} : {second}")


def plain_axis(**options: Any) -> alt.Axis:
    """Return an axis with large text."""
    import altair as alt

    fixed = {"labelFontSize": _FONT - 1, "titleFontSize": _FONT - 1}
    padded = {"labelPadding": 6, "titlePadding": 6}
    return alt.Axis(**(options | fixed | padded))


def percent_axis(title: str | list[str]) -> alt.X:
    """Return the horizontal axis from 0 to 100 %, with room for the numbers behind the bars."""
    import altair as alt

    axis = plain_axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], titleAnchor="start")
    scale = alt.Scale(domain=[0, on_phone(*_X_ENDS)], nice=False)
    return alt.X("probability:Q", title=title, scale=scale, axis=axis)


def name_axis(labels: list[str], *, limit: float | alt.ExprRef = 260) -> alt.Y:
    """Return the vertical axis of rows, in the order of their labels, of ``limit`` pixels."""
    import altair as alt

    axis = alt.Axis(
        labelFontSize=_FONT,
        labelColor="currentColor",
        labelLimit=limit,
        labelPadding=8,
        labelOverlap=False,
        # The page's theme would push the first and last word off the middle of its row.
        labelFlush=False,
    )
    return alt.Y("label:N", sort=labels, title=None, axis=axis)


def numbers(base: alt.Chart) -> alt.Chart:
    """Return the layer that writes ``text`` behind the bars, in the colour of the page's text."""
    import altair as alt

    # A theme may colour all marks alike, text included; the colour of the page's text is
    # what a browser knows as currentColor.
    return base.mark_text(align="left", baseline="middle", dx=6, fontSize=_FONT).encode(
        text="text:N", color=alt.value("currentColor")
    )


def tooltip(*fields: str) -> list[alt.Tooltip]:
    """Return tooltips of fields, numbers with their usual digits."""
    import altair as alt

    kinds = {"probability": ("Q", ".2%"), "logit": ("Q", ".3f"), "value": ("Q", ".4g")}
    kinds |= {"rank": ("Q", "d"), "step": ("Q", "d"), "count": ("Q", ",d"), "share": ("Q", ".1%")}
    return [
        alt.Tooltip(f"{field}:{kinds[field][0]}", format=kinds[field][1])
        if field in kinds
        else alt.Tooltip(f"{field}:N")
        for field in fields
    ]


def two_colours(words: tuple[str, str]) -> alt.Color:
    """Return the colours of a state and of the one after a change."""
    import altair as alt

    scale = alt.Scale(domain=list(words), range=[ACCENT, CHANGED])
    return alt.Color("when:N", scale=scale, sort=list(words), title=None, legend=top_legend())


def top_legend(**options: Any) -> alt.Legend:
    """Return a legend above the plot."""
    import altair as alt

    fixed = {"orient": "top", "offset": 4, "labelFontSize": _FONT - 1, "symbolSize": 160}
    return alt.Legend(**(options | fixed), title=None)


def line_looks(
    field: str,
    names: Sequence[str],
    colours: Sequence[str],
    dashes: Sequence[Sequence[int]],
    legend: alt.Legend,
) -> dict[str, Any]:
    """Return colour and dash of named lines; one legend shows both.

    Parameters
    ----------
    field : str
        That holds the name.
    names, colours, dashes : sequence
        Of one length; the order of the legend.
    legend : altair.Legend
    """
    import altair as alt

    both: dict[str, Any] = {"sort": list(names), "title": None, "legend": legend}
    fills = alt.Scale(domain=list(names), range=list(colours))
    strokes = alt.Scale(domain=list(names), range=list(dashes))
    return {
        "color": alt.Color(f"{field}:N", scale=fills, **both),
        "strokeDash": alt.StrokeDash(f"{field}:N", scale=strokes, **both),
    }


def kind_marks(
    rows: Sequence[Mapping[str, Any]],
    words: Sequence[str],
    colours: Sequence[str],
    shapes: Sequence[str],
) -> alt.Chart:
    """Return a large mark for each row, with the colour and shape of its ``kind``.

    Parameters
    ----------
    rows : sequence of mapping
        With the key ``kind``, one of ``words``.
    words, colours, shapes : sequence of str
        Of one length; the order of the legend, which has two columns on a phone.
    """
    import altair as alt

    look: dict[str, Any] = {
        "sort": list(words),
        "title": None,
        "legend": top_legend(columns=on_phone(2, 0), rowPadding=_CLOSE, symbolOpacity=1),
    }
    return (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_point(filled=True, size=190, opacity=0.95)
        .encode(
            color=alt.Color(
                "kind:N", scale=alt.Scale(domain=list(words), range=list(colours)), **look
            ),
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=list(words), range=list(shapes)), **look
            ),
        )
    )


def heading(text: str) -> alt.TitleParams:
    """Return what stands above a chart, at its left."""
    import altair as alt

    return alt.TitleParams(
        text, anchor="start", fontSize=on_phone(14, 18), color="currentColor", offset=6
    )


def line_colours(n: int) -> list[str]:
    """Return ``n`` colours of lines; they begin again after the last."""
    colours = [ACCENT, CHANGED, *(c for c in CLASS_COLOURS[1:] if c != CHANGED)]
    return [colours[index % len(colours)] for index in range(n)]


def finished(chart: Any, height: int) -> Any:
    """Return a chart as wide as its container and ``height`` pixels high in all."""
    import altair as alt

    # What is fitted is the whole, axes and legend included, in Streamlit and elsewhere.
    fitted = alt.AutoSizeParams(type="fit", contains="padding")
    return chart.properties(width="container", height=height, autosize=fitted)


def unchecked(rows: list[dict[str, Any]], name: str = "") -> alt.InlineData:
    """Return rows as the data of a chart that is drawn again and again.

    Altair would check them number by number, 100 ms for a thousand of them. Without a ``name``
    it also makes one of the numbers, and others are another chart to the browser.
    """
    import altair as alt

    table = alt.InlineData(values=[])
    table.values = rows
    if name:
        table.name = name
    return table


def always_svg(chart: Any) -> Any:
    """Return a chart that is drawn as SVG however many marks it has.

    Streamlit draws more than 2,000 marks on a canvas, which does not know the colour of
    the page's text.
    """
    return chart.properties(usermeta={"embedOptions": {"renderer": "svg"}})
