"""The layers of a network as the horizontal axis of a chart, and what is marked along it.

Names are data to Vega, never markup or expressions, and no text has a colour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from xai.figures.encodings import plain_axis
from xai.figures.wording import distinct, ending

if TYPE_CHECKING:
    import altair as alt

#: Name of the space before the first layer.
PIXELS = "pixels"
#: Names below the chart; more would not fit beside each other.
_MOST_NAMES = 14
# More layers than this have thinner lines and smaller points.
_MANY = 40


@dataclass(frozen=True)
class LayerAxis:
    """Layers in forward order, from left to right.

    Attributes
    ----------
    layers : tuple of str or None
        Names, each once; None is the pixels.
    chosen : str or None
        Layer that is marked, None for the pixels; a name that is not among ``layers``
        marks none.

    Raises
    ------
    ValueError
        If there is no layer, or a name comes twice.
    """

    layers: tuple[str | None, ...]
    chosen: str | None = ""

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers: expected at least one, got none")
        if len(set(self.layers)) < len(self.layers):
            raise ValueError("layers: expected different names, got one twice")

    @cached_property
    def names(self) -> list[str]:
        """The full names, for tooltips."""
        return [_named(name) for name in self.layers]

    @cached_property
    def labels(self) -> list[str]:
        """The names that stand below the chart and hold the places in its data."""
        return distinct([ending(name, 20) for name in self.names], range(len(self.names)))

    @property
    def place(self) -> int | None:
        """Place of the chosen layer."""
        name = _named(self.chosen)
        return self.names.index(name) if name in self.names else None

    @property
    def stroke(self) -> tuple[int, int]:
        """Width of a line in pixels, and size of its points in square pixels."""
        return (3, 70) if len(self.layers) <= _MANY else (2, 18)

    def x(self) -> alt.X:
        """Return the channel of the field ``layer``, which holds labels."""
        import altair as alt

        return alt.X(
            "layer:N",
            sort=self.labels,
            title="layer, in forward order",
            scale=alt.Scale(domain=self.labels),
            axis=self._axis(),
        )

    def _axis(self) -> alt.Axis:
        """Return the axis with the names of evenly spaced layers, the chosen one among them."""
        step = -(-len(self.labels) // _MOST_NAMES)
        shown = set(range(0, len(self.labels), step))
        place = self.place
        if place is not None:
            # Its neighbours make room, or the names would lie over each other.
            shown = {other for other in shown if abs(other - place) >= step} | {place}
        return plain_axis(
            values=[self.labels[index] for index in sorted(shown)],
            labelAngle=-45,
            labelAlign="right",
            labelLimit=180,
            labelOverlap=False,
            grid=False,
        )

    def upright(self) -> list[alt.Chart]:
        """Return the rule at the chosen layer, if there is one."""
        import altair as alt

        if self.place is None:
            return []
        data = alt.Chart(alt.InlineData(values=[{"layer": self.labels[self.place]}]))
        rule = data.mark_rule(strokeWidth=2, opacity=0.6)
        return [rule.encode(x=self.x(), color=alt.value("currentColor"))]

    def level(self, field: str, value: float, said: str) -> list[alt.Chart]:
        """Return a dashed rule across the chart, and what it says, above it at the left."""
        import altair as alt

        row = {"layer": self.labels[0], field: value, "text": said}
        data = alt.Chart(alt.InlineData(values=[row]))
        rule = data.mark_rule(strokeDash=[6, 5], strokeWidth=2, opacity=0.6)
        text = data.mark_text(align="left", baseline="bottom", dy=-4, fontSize=14)
        grey = alt.value("currentColor")
        return [
            rule.encode(y=f"{field}:Q", color=grey),
            text.encode(x=self.x(), y=f"{field}:Q", text="text:N", color=grey),
        ]


def _named(name: str | None) -> str:
    return PIXELS if name is None else name
