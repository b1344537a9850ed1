"""How attacks look in charts: the same colour on each of them, noise grey and dashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xai.attacks import ATTACKS
from xai.figures.colours import NEUTRAL
from xai.figures.encodings import line_colours, on_phone, top_legend
from xai.types import find

if TYPE_CHECKING:
    import altair as alt

#: What a random change is called.
NOISE = "random noise"
_PLAIN, _DASHED = [1, 0], [7, 5]
# The two that are most often drawn have the colours that stand out best in both themes.
_FIRST = ("fgsm", "pgd")


def method_label(method: str) -> str:
    """Return the name for people of a key of ``ATTACKS`` or of ``"noise"``.

    Raises
    ------
    ValueError
        If it is neither.
    """
    return find(
        {name: row.label for name, row in ATTACKS.items()} | {"noise": NOISE}, method, "method"
    )


def line_looks(methods: Sequence[str], field: str = "method") -> tuple[alt.Color, alt.StrokeDash]:
    """Return colour and dashes of lines whose ``field`` holds labels of methods.

    Parameters
    ----------
    methods : sequence of str
        Keys of ``ATTACKS``, and ``"noise"``.
    field : str
        Name of the field.

    Returns
    -------
    tuple of altair.Color and altair.StrokeDash
        Of one legend, above the plot.
    """
    import altair as alt

    names = [method_label(method) for method in methods]
    order = [*_FIRST, *(name for name in ATTACKS if name not in _FIRST)]
    colours = dict(zip(order, line_colours(len(order)), strict=True)) | {"noise": NEUTRAL}
    legend = top_legend(
        columns=on_phone(1, 0), symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
    )
    fills = alt.Scale(domain=names, range=[colours[method] for method in methods])
    dashes = alt.Scale(
        domain=names, range=[_DASHED if method == "noise" else _PLAIN for method in methods]
    )
    return (
        alt.Color(f"{field}:N", sort=names, title=None, legend=legend, scale=fills),
        alt.StrokeDash(f"{field}:N", sort=names, title=None, legend=legend, scale=dashes),
    )
