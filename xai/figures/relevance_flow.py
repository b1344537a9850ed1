"""Relevance on its way through the network: from the score at the right to the pixels.

The thickness of a band is the relevance, and what layers keep streams out below. Where
little is left, everything further on is drawn thicker, and a mark says by how much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from xai.attribution.lrp.ledger import PIXELS, Ledger
from xai.figures import flow_bands as bands
from xai.figures.flow_stations import LEAKS, Course, Flow, Link, Station, course
from xai.figures.flow_words import STYLE, Words, legend, text
from xai.figures.network_labels import text_width
from xai.figures.wording import round_factor

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Boxes in a row of the drawing.
_PER_LINE = 10
_THICK, _LEAK = 84.0, 46.0
_LEFT, _RIGHT = 8.0, 72.0
_NAME, _SHARE = 16.0, 18.0
#: What is thinner than this part of the full thickness is magnified.
_THIN = 0.08
#: Narrower leaks are left out, in px.
_SEEN = 0.3
#: Of the room that a station has, its box takes this part.
_BOX = 0.58


@dataclass(frozen=True)
class _Place:
    """Where a station is drawn, and how much larger than life."""

    station: Station
    x: float
    top: float
    half: float
    gain: float

    def thick(self, size: float) -> float:
        return size * self.gain

    @property
    def leaking(self) -> list[float]:
        """How wide each leak is drawn; 0 for what nobody would see."""
        widths = [self.thick(abs(leak)) for leak in self.station.leaks]
        return [width if width >= _SEEN else 0.0 for width in widths]

    @property
    def adds(self) -> bool:
        """Whether something is seen to come in here."""
        pairs = zip(self.station.leaks, self.leaking, strict=True)
        return any(leak < 0 < width for leak, width in pairs)


def relevance_flow(found: Ledger, *, label: str = "", width: float = 1100.0) -> str:
    """Draw where a score went, as SVG text.

    Parameters
    ----------
    found : Ledger
        From :func:`xai.attribution.ledger`.
    label : str
        Name of the explained class.
    width : float
        Of the drawing, in CSS pixels.

    Returns
    -------
    str
        An ``<svg>`` element. Colours of text and lines are the variables of
        :data:`xai.figures.solids_svg.COLOURS`.

    Notes
    -----
    The image is at the left, the output at the right; a long network goes on in a
    further row, the output half above. A band is as thick as its positive (red) and
    negative (blue) relevance together, so it can be thicker than the score. Percentages
    are of the score, sums with their sign.
    """
    flow = course(found)
    words = Words(found, label)
    if not any(station.arrived.size for station in flow.stations):
        return _empty(width)
    places, line = _placed(flow, width)
    body = "".join(
        (
            *(_link(link, places, words, width) for link in flow.links),
            _start(places[-1], words, width),
            *(_box(place, flow, words) for place in places),
            *(_lens(*pair, places[-1].gain, width) for pair in pairwise(places)),
        )
    )
    marked = any(a.gain != b.gain for a, b in pairwise(places))
    explained, end = legend(
        [any(place.leaking[at] for place in places) for at in range(len(LEAKS))],
        shortcut=_lifted(flow),
        added=any(place.adds for place in places),
        marked=marked,
        box=(_LEFT + 4, width, places[0].top + line + 10),
    )
    return _svg(body + explained, width, end)


def _svg(body: str, width: float, height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
        f"<style>{STYLE}</style>{body}</svg>"
    )


def _empty(width: float) -> str:
    return _svg(text("No relevance flows: the score is 0.", 12, 30, _SHARE, start=True), width, 48)


# -------------------------------------------------------------------------- places
def _placed(flow: Course, width: float) -> tuple[list[_Place], float]:
    """Return the place of each station, and the height of a row below its top."""
    count = len(flow.stations)
    lines = math.ceil(count / _PER_LINE)
    per = math.ceil(count / lines)
    pitch = (width - _LEFT - _RIGHT) / per
    half = min(_BOX * pitch / 2, 44.0)
    head = 84.0 if _lifted(flow) else 68.0
    line = _THICK + _LEAK + 42
    places = []
    for place, gain in enumerate(_gains(flow, 2 * half - 8)):
        # The first row holds the output: relevance is read in the way that it flows.
        row, column = divmod(count - 1 - place, per)
        x = width - _RIGHT - (column + 0.5) * pitch
        top = head + row * (head + line)
        places.append(_Place(flow.stations[place], x, top, half, gain))
    return places, line


def _lifted(flow: Course) -> bool:
    """Whether names must make room for shortcuts."""
    arched = any(link.start - link.end > 1 for link in flow.links)
    return arched or any(station.bypass.size for station in flow.stations)


def _gains(flow: Course, room: float) -> list[float]:
    """Return the pixels that a unit of relevance takes at each station.

    One scale from the output on, until something would be too thin or too thick for it;
    then 2, 5 or 10 times as much, or a power of ten of these.
    """
    leaving = [0.0] * len(flow.stations)
    for link in flow.links:
        leaving[link.start] += link.flow.size
    sizes = []
    for station, left in zip(flow.stations, leaving, strict=True):
        kept = sum(abs(leak) for leak in station.leaks)
        sizes.append(max(station.arrived.size, left, kept * _THICK / room))
    zones = _zones(sizes[::-1])
    unit = next(most for most, _ in zones if most)
    gains = []
    for most, count in zones:
        gains += [_THICK / unit * (round_factor(unit / most) if most else 1.0)] * count
    return gains[::-1]


def _zones(sizes: Sequence[float]) -> list[tuple[float, int]]:
    """Return runs that one scale can show, as (largest size, length)."""
    zones: list[list[float]] = []
    for size in sizes:
        grown = [*zones[-1], size] if zones else []
        if grown and min(filter(None, grown), default=0.0) >= _THIN * max(grown):
            zones[-1] = grown
        else:
            zones.append([size])
    return [(max(zone), len(zone)) for zone in zones]


# ------------------------------------------------------------------------ drawing
def _box(place: _Place, flow: Course, words: Words) -> str:
    station = place.station
    image = station.name == PIXELS
    leaving = Flow.of(link.flow for link in flow.links if flow.stations[link.start] is station)
    around = station.bypass
    coming = station.arrived.minus(around)
    inside = (coming, coming if image else leaving.minus(around))
    lift = place.thick(around.size)
    heights = [place.thick(part.size) for part in inside]
    tall = max(*heights, 4.0)
    left, right = place.x - place.half, place.x + place.half
    pieces = [
        bands.box(left - 1, place.top + lift - 4, right + 1, place.top + lift + tall + 5),
        bands.through((left, right), place.top + lift, inside, place.gain),
        bands.leaks(place.x, place.top + lift + tall + 5, place.leaking, station.leaks, _LEAK),
    ]
    if lift:
        pieces.append(bands.bridge((left, right), place.top, around, place.gain))
    return (
        f"<g>{words.of_station(station)}{''.join(pieces)}</g>"
        + _names(place, words, _lifted(flow))
        + _kept(place, place.top + lift + tall + 5 + _LEAK + 20, words)
    )


def _names(place: _Place, words: Words, lifted: bool) -> str:
    station = place.station
    room = place.half * 2 / _BOX - 8
    name = "pixels" if station.name == PIXELS else words.name(station, _fits(room))
    above = place.top - (46 if lifted else 32)
    image = station.name == PIXELS
    share = words.share(station.arrived.amount)
    return text(name, place.x, above - 2, _NAME, bold=True) + text(
        share, place.x, above + 19, _SHARE, bold=image
    )


def _fits(room: float) -> int:
    return max(4, int(room / text_width("n", _NAME, bold=True)))


def _kept(place: _Place, y: float, words: Words) -> str:
    kept = place.station.kept
    return text(words.share(kept), place.x, y, _NAME) if any(place.leaking) else ""


def _start(last: _Place, words: Words, width: float) -> str:
    """Draw the score that enters at the right."""
    arrived = last.station.arrived
    band = bands.band(last.x + last.half, width - _RIGHT + 30, last.top, arrived, last.gain)
    x = width - _RIGHT + 36
    y = last.top + last.thick(arrived.size) / 2
    return (
        f"<g>{words.of_score()}{band}</g>"
        + bands.onward((x - 20,), (y,))
        + text("score", x, y - 4, _NAME - 1, start=True, style="sk-muted", room=width - x)
        + text(words.score, x, y + 15, _NAME, start=True, bold=True, room=width - x)
    )


def _link(link: Link, places: Sequence[_Place], words: Words, width: float) -> str:
    start, end = places[link.start], places[link.end]
    title = words.of_link(link, start.station, end.station)
    if link.start - link.end > 1:
        drawn = _arch(link, start, end, width)
    elif start.top == end.top and start.gain == end.gain:
        drawn = bands.band(end.x + end.half, start.x - start.half, start.top, link.flow, start.gain)
    elif start.top == end.top:
        middle = end.x + end.half + 0.62 * (start.x - start.half - end.x - end.half)
        drawn = bands.band(middle, start.x - start.half, start.top, link.flow, start.gain)
        drawn += bands.band(end.x + end.half, middle, end.top, link.flow, end.gain)
    else:
        edge = width - _RIGHT + 30
        drawn = bands.band(2, start.x - start.half, start.top, link.flow, start.gain)
        drawn += bands.band(end.x + end.half, edge, end.top, link.flow, end.gain)
        middles = [one.top + one.thick(link.flow.size) / 2 for one in (start, end)]
        drawn += bands.onward((2, edge), middles)
    return f"<g>{title}{drawn}</g>"


def _arch(link: Link, start: _Place, end: _Place, width: float) -> str:
    if start.top == end.top:
        return bands.arch(start.x, end.x, start.top, link.flow, start.gain)
    out = bands.arch(start.x, 0.0, start.top, link.flow, start.gain)
    return out + bands.arch(width, end.x, end.top, link.flow, end.gain)


def _lens(end: _Place, start: _Place, first: float, width: float) -> str:
    """Mark where everything further to the left is drawn larger or smaller."""
    if start.gain == end.gain:
        return ""
    if start.top == end.top:
        x = end.x + end.half + 0.62 * (start.x - start.half - end.x - end.half)
    else:
        x = width - _RIGHT + 14
    factor = end.gain / first
    word = f"× {factor:,.0f}" if factor > 0.99 else f"÷ {1 / factor:,.0f}"
    below = end.top + _THICK + _LEAK + 12
    return bands.lens(x, end.top - 12, below) + text(
        word, x, below + 17, _NAME, bold=True, style="sk-lens"
    )
