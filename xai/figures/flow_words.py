"""The words of a relevance flow: names, shares, tooltips, legend, colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xai.attribution.lrp.account import RULES, percent
from xai.attribution.lrp.ledger import PIXELS, Ledger
from xai.figures.colours import INK, hexes
from xai.figures.flow_stations import LEAKS, Link, Station
from xai.figures.network_labels import text_width
from xai.figures.solids_svg import BASE_STYLE, escaped, shade
from xai.figures.wording import ending, number, short

if TYPE_CHECKING:
    from collections.abc import Sequence

_AGAINST, _FOR = hexes(INK, 2)
#: Colour of each leak; lines across tell them apart without colour.
_LEAKS = {
    "bias": ("#d79a1e", ""),
    "stabilizer": ("#8e63c7", "2 3"),
    "lost": ("#6f7b80", "7 5"),
    "other": ("#2f9e7b", "1 6"),
}
_LEAK_WORDS = {
    "bias": "taken by biases",
    "stabilizer": "taken by the stabilizer",
    "lost": "lost: no contribution of the right sign",
    "other": "fallen on padding",
}
_SIZE = 16.0

STYLE = "".join(
    (
        BASE_STYLE,
        f".fl-for{{fill:{_FOR}}}.fl-against{{fill:{_AGAINST}}}.fl-faint{{fill-opacity:.38}}",
        f".fl-for-line{{fill:none;stroke:{_FOR};stroke-opacity:.8}}",
        f".fl-against-line{{fill:none;stroke:{_AGAINST};stroke-opacity:.8}}",
        f".fl-box{{fill:{shade('stage')};stroke:{shade('line')};stroke-width:1.4}}",
        f".fl-shortcut{{fill:none;stroke:{shade('shortcut')};stroke-width:2.4;",
        "stroke-dasharray:6 3}",
        f".fl-lens{{fill:none;stroke:{shade('accent')};stroke-width:2;stroke-dasharray:3 4}}",
        f".sk-lens{{fill:{shade('accent')}}}",
        f".fl-onward{{fill:none;stroke:{shade('text')};stroke-width:2.6}}",
        *(
            f".fl-{kind}{{fill:none;stroke:{colour}}}.fl-{kind}-head{{fill:{colour}}}"
            + (
                f".fl-{kind}-lines{{fill:none;stroke:#fff;stroke-opacity:.62;"
                f"stroke-dasharray:{dash}}}"
                if dash
                else f".fl-{kind}-lines{{fill:none;stroke:none}}"
            )
            for kind, (colour, dash) in _LEAKS.items()
        ),
    )
)


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    *,
    bold: bool = False,
    start: bool = False,
    style: str = "sk-text",
    room: float = 0.0,
) -> str:
    """Return a line of text, centred at x unless it starts there, made to fit the room."""
    anchor = "" if start else ' text-anchor="middle"'
    weight = ' font-weight="700"' if bold else ""
    wide = text_width(words, size, bold)
    squeezed = size * min(1.0, room / wide) if room and wide else size
    return (
        f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" font-size="{squeezed:.3g}"'
        f"{weight}{anchor}>{escaped(words)}</text>"
    )


class Words:
    """What a drawing of one ledger says.

    Parameters
    ----------
    found : Ledger
    label : str
        Name of the explained class.
    """

    def __init__(self, found: Ledger, label: str) -> None:
        self._found, self._label = found, label
        ends = [row.name.rpartition(".")[2] for row in found.rows]
        self._unique = {end for end in ends if ends.count(end) == 1 and not end.isdigit()}

    @property
    def score(self) -> str:
        """The score in digits."""
        return number(self._found.score)

    def share(self, amount: float) -> str:
        """Write an amount as a share of the score, or itself where the score is 0."""
        score = self._found.score
        return (percent(amount / score) if score else number(amount)).replace("-", "−")

    def name(self, station: Station, letters: int) -> str:
        """Return a station's name in so many letters."""
        last = station.name.rpartition(".")[2]
        if len(station.name) > letters and last in self._unique:
            return short(last, letters)
        return ending(station.name, letters)

    # ---------------------------------------------------------------------- tooltips
    def of_score(self) -> str:
        """Return the tooltip of where the flow begins."""
        of = f" of {self._label}" if self._label else ""
        return _title([f"The score{of}: {self.score}"])

    def of_station(self, station: Station) -> str:
        """Return the tooltip of a box: its books."""
        if station.name == PIXELS:
            reached = self._found
            return _title(
                [
                    f"The pixels: {self.share(reached.reached)} of the score",
                    f"for {number(reached.positive)}, against {number(reached.negative)}",
                ]
            )
        rules = dict.fromkeys(row.rule for row in station.rows if row.rule not in ("pass", "route"))
        lines = [
            f"{station.name}: {self._both(station.arrived.amount)} arrives",
            *(RULES[rule] for rule in rules),
            *(
                f"{_LEAK_WORDS[kind]}: {self._both(amount)}"
                for kind, amount in zip(LEAKS, station.leaks, strict=True)
                if amount
            ),
        ]
        if station.bypass.size:
            lines.append(f"around it, by the shortcut: {self._both(station.bypass.amount)}")
        return _title(lines)

    def of_link(self, link: Link, start: Station, end: Station) -> str:
        """Return the tooltip of a band."""
        to = "the pixels" if end.name == PIXELS else end.name
        return _title(
            [
                f"{start.name} to {to}: {self._both(link.flow.amount)}",
                f"for {number(link.flow.positive)}, against {number(link.flow.negative)}",
            ]
        )

    def _both(self, amount: float) -> str:
        score = self._found.score
        return f"{number(amount)} ({self.share(amount)} of the score)" if score else number(amount)


def _title(lines: Sequence[str]) -> str:
    return f"<title>{escaped(chr(10).join(lines))}</title>"


# -------------------------------------------------------------------------- legend
def legend(
    leaking: Sequence[bool],
    *,
    shortcut: bool,
    marked: bool,
    added: bool,
    box: tuple[float, float, float],
) -> tuple[str, float]:
    """Return the legend and where it ends, below.

    Parameters
    ----------
    leaking : sequence of bool
        Which of :data:`LEAKS` occur.
    shortcut, marked, added : bool
        Whether there are shortcuts, marks of another scale, streams that come in.
    box : (float, float, float)
        Left, right and top.
    """
    left, right, top = box
    items = [
        ('<rect class="fl-for" width="26" height="14"/>', "for the class"),
        ('<rect class="fl-against" width="26" height="14"/>', "against it"),
    ]
    for kind, there in zip(LEAKS, leaking, strict=True):
        if there:
            swatch = "".join(
                f'<path class="fl-{kind}{part}" d="M0 7H26" stroke-width="14"/>'
                for part in ("", "-lines")
            )
            items.append((swatch, _LEAK_WORDS[kind]))
    if shortcut:
        items.append(
            ('<path class="fl-shortcut" d="M0 12C4 2 22 2 26 12"/>', "by a shortcut, around layers")
        )
    if marked:
        items.append(
            (
                '<path class="fl-lens" d="M13 -1V16"/>',
                "× n: from here to the left drawn n times as thick",
            )
        )
    if added:
        items.append(
            (
                '<path class="fl-onward" d="M13 15V1m-6 6l6 -6l6 6"/>',
                "an arrow upwards: came in there",
            )
        )
    items.append(("", "percentages: of the score"))
    x, y, pieces = left, top, []
    for swatch, words in items:
        wide = (34 if swatch else 0) + text_width(words, _SIZE) + 22
        if x + wide - 22 > right and x > left:
            x, y = left, y + 26
        at = x + (34 if swatch else 0)
        pieces.append(f'<g transform="translate({x:.1f} {y:.1f})">{swatch}</g>')
        pieces.append(text(words, at, y + 12, _SIZE, start=True))
        x += wide
    return "".join(pieces), y + 28
