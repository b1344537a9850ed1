"""What the charts over an attack's strength share: the axis, the methods, the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from xai.attacks import ATTACKS
from xai.attacks.strengths import NOISE, amount, in_units
from xai.attacks.studies.smallest import Smallest
from xai.attacks.studies.strength import Curve, Sweep
from xai.figures.attack_lines import method_label
from xai.figures.encodings import plain_axis
from xai.figures.wording import percent, short

if TYPE_CHECKING:
    import altair as alt

What = Literal["probability", "confidence"]

#: Outcomes of an attack, and of most draws of noise.
MET, MISSED = "fooled", "not fooled"
# Pixels that the words on the left take in all charts, so that their strengths align.
_WORDS = 150
# The last point is whole.
_ROOM = 1.02


@dataclass(frozen=True)
class Ruler:
    """The strengths along a chart: grey levels in L-infinity, lengths in L2.

    Attributes
    ----------
    norm : str
    end : float
        Where it ends, in its unit.
    methods : tuple of str
        Keys of the methods that are drawn, or will be, in the registry's order.
    """

    norm: str
    end: float
    methods: tuple[str, ...]

    @classmethod
    def over(
        cls, found: Sweep, smallest: Sequence[Smallest], most: float, awaited: Sequence[str]
    ) -> Ruler:
        """Return the ruler that all of these fit on.

        Raises
        ------
        ValueError
            If there is no curve, or a norm is another one.
        """
        if not found.curves:
            raise ValueError("found: expected at least one curve, got none")
        if any(one.norm != found.norm for one in smallest):
            raise ValueError(f"smallest: expected the norm {found.norm}, got another")
        reached = [float(curve.strengths[-1]) for curve in found.curves]
        reached += [one.strength for one in smallest if one.strength is not None]
        there = {*awaited, *(curve.method for curve in found.curves)}
        methods = tuple(name for name in (*ATTACKS, NOISE) if name in there)
        end = _ROOM * drawn(max(most, *reached, 1e-3), found.norm)
        return cls(found.norm, end, methods)

    @property
    def names(self) -> list[str]:
        """Names of the methods for people."""
        return [method_label(method) for method in self.methods]

    def x(self) -> alt.X:
        """Return the axis."""
        import altair as alt

        title = "strength in 1/255" if self.norm == "linf" else "strength (L2 length)"
        scale = alt.Scale(domain=[0, self.end], nice=False, clamp=True)
        axis = plain_axis(grid=False, tickCount=8)
        return alt.X("strength:Q", title=title, scale=scale, axis=axis)

    def rule(self, present: float | None) -> list[alt.Chart]:
        """Return an upright rule at a strength, if the ruler reaches so far."""
        import altair as alt

        if present is None or drawn(present, self.norm) > self.end:
            return []
        row = {"strength": drawn(present, self.norm), "text": amount(present, self.norm)}
        rule = alt.Chart(alt.InlineData(values=[row])).mark_rule(
            strokeDash=[3, 4], strokeWidth=2.5, opacity=0.7
        )
        told = alt.Tooltip("text:N", title="strength chosen above")
        return [rule.encode(x=self.x(), color=alt.value("currentColor"), tooltip=told)]


def drawn(strength: float, norm: str) -> float:
    """Return a strength in the unit of its axis."""
    return round(in_units(strength, norm), 5)


def wide_axis(**options: Any) -> alt.Axis:
    """Return an upright axis with room for the words on the left, the same in all charts."""
    return plain_axis(minExtent=_WORDS, maxExtent=_WORDS, labelFlush=False, **options)


def rows(found: Sweep, curve: Curve, of: What = "probability") -> list[dict[str, Any]]:
    """Return what is drawn of a curve, strength by strength."""
    classes = found.clean.classes
    made = []
    for place, strength in enumerate(curve.strengths.tolist()):
        share = float(curve.success[place])
        value = float(getattr(curve, of)[place])
        made.append(
            {
                "method": method_label(curve.method),
                "strength": drawn(strength, found.norm),
                "size": amount(strength, found.norm) if strength else "0: the clean image",
                "value": round(value, 5),
                "written": percent(value),
                "share": share,
                "said": MET if share >= 0.5 else MISSED,
                "outcome": _outcome(curve, share),
                "label": short(classes[int(curve.labels[place])], 40),
            }
        )
    return made


def _outcome(curve: Curve, share: float) -> str:
    if curve.draws == 1:
        return MET if share else MISSED
    return f"{MET} in {round(share * curve.draws)} of {curve.draws} draws"


def told(of: What) -> list[alt.Tooltip]:
    """Return the tooltips of :func:`rows`."""
    import altair as alt

    words = {"probability": "probability of the class", "confidence": "confidence"}
    fields = {"method": "method", "size": "strength", "outcome": "outcome", "label": "read as"}
    return [
        alt.Tooltip(f"{field}:N", title=title)
        for field, title in (fields | {"written": words[of]}).items()
    ]
