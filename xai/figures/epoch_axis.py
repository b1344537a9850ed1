"""The marks of a run as the horizontal axis of a chart: one column each, the first epoch wide.

Weights are kept at finer steps in the first epoch, where most is learned: on an axis of
epochs these marks would lie over each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.figures.encodings import plain_axis

if TYPE_CHECKING:
    import altair as alt

# Numbers below the chart; more would not fit beside each other.
_MOST = 12
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class EpochAxis:
    """Marks from left to right; mark ``i`` fills the axis from ``i`` to ``i + 1``.

    Attributes
    ----------
    marks : tuple of float
        Epochs, rising.
    chosen : float or None
        The mark that an upright rule stands at; one that is not there has none.

    Raises
    ------
    ValueError
        If there is no mark, or they do not rise.
    """

    marks: tuple[float, ...]
    chosen: float | None = None

    def __post_init__(self) -> None:
        if not self.marks or (np.diff(self.marks) <= 0).any():
            raise ValueError(f"marks: expected epochs that rise, got {self.marks}")

    @property
    def names(self) -> list[str]:
        """The marks as they are written."""
        return [f"{mark:g}" for mark in self.marks]

    @property
    def place(self) -> int | None:
        """Place of the chosen mark."""
        return None if self.chosen not in self.marks else self.marks.index(self.chosen)

    def x(self, field: str = "place") -> alt.X:
        """Return the channel of a field that holds places on this axis."""
        import altair as alt

        axis = plain_axis(
            values=[place + 0.5 for place in self._labelled()],
            # Numbers alone: nothing that anybody wrote becomes an expression.
            labelExpr=f"{json.dumps(self.names)}[floor(datum.value)]",
            labelOverlap=True,
            grid=False,
            ticks=False,
        )
        scale = alt.Scale(domain=[0, len(self.marks)], nice=False)
        return alt.X(f"{field}:Q", title="epoch (finer in the first)", scale=scale, axis=axis)

    def _labelled(self) -> list[int]:
        """Return the places with a number below them."""
        if len(self.marks) <= _MOST:
            return list(range(len(self.marks)))
        last = self.marks[-1]
        step = next((step for step in _STEPS if last / step < _MOST), _STEPS[-1])
        return [place for place, mark in enumerate(self.marks) if mark % step == 0]

    def upright(self) -> list[alt.Chart]:
        """Return the rule at the chosen mark, if there is one."""
        import altair as alt

        if self.place is None:
            return []
        row = {"place": self.place + 0.5}
        rule = alt.Chart(alt.InlineData(values=[row])).mark_rule(strokeWidth=2, opacity=0.6)
        return [rule.encode(x=self.x(), color=alt.value("currentColor"))]
