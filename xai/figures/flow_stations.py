"""The stations of a relevance flow: the rows of a ledger joined to what fits in a drawing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xai.attribution.lrp.ledger import PIXELS, Entry, Ledger, Stream

#: What a module can keep, in the order of display.
LEAKS = ("bias", "stabilizer", "lost", "other")
#: A drawing has at most this many stations, the image aside.
MOST = 21
#: With fewer, names say too little of where the layers belong.
_LEAST = 4
#: Rules of modules that keep nothing.
_PASSIVE = ("pass", "route", "norm", "exact norm")


@dataclass(frozen=True)
class Flow:
    """Relevance of both signs on its way.

    Attributes
    ----------
    positive, negative : float
        Sums, the second at most 0.
    """

    positive: float = 0.0
    negative: float = 0.0

    @property
    def size(self) -> float:
        """Both parts without their signs: what is thick in a drawing."""
        return self.positive - self.negative

    @property
    def amount(self) -> float:
        """Both parts with their signs."""
        return self.positive + self.negative

    @classmethod
    def of(cls, streams: Iterable[Stream | Flow]) -> Flow:
        """Return the sum of streams."""
        parts = [(one.positive, one.negative) for one in streams]
        return cls(math.fsum(a for a, _ in parts), math.fsum(b for _, b in parts))

    def minus(self, other: Flow) -> Flow:
        """Return what is left without another flow."""
        return Flow(
            max(self.positive - other.positive, 0.0), min(self.negative - other.negative, 0.0)
        )


@dataclass(frozen=True)
class Station:
    """Some rows that are drawn as one box.

    Attributes
    ----------
    name : str
        What the module paths of its rows have in common; :data:`PIXELS` of the image.
    rows : tuple of Entry
        In forward order; none of the image.
    arrived : Flow
        What comes to its outputs.
    bypass : Flow
        What of it goes around its layers, straight to the station before.
    leaks : tuple of float
        What its rows keep, in the order of :data:`LEAKS`.
    """

    name: str
    rows: tuple[Entry, ...]
    arrived: Flow
    bypass: Flow
    leaks: tuple[float, ...]

    @property
    def kept(self) -> float:
        """Everything that stays here, with its sign."""
        return math.fsum(self.leaks)


@dataclass(frozen=True)
class Link:
    """Relevance that goes from one station to one before it.

    Attributes
    ----------
    start, end : int
        Places of the stations, ``end`` the smaller: nearer to the image.
    flow : Flow
    """

    start: int
    end: int
    flow: Flow


@dataclass(frozen=True)
class Course:
    """Stations from the image to the output and what flows between them.

    Attributes
    ----------
    stations : tuple of Station
        The first is the image.
    links : tuple of Link
    """

    stations: tuple[Station, ...]
    links: tuple[Link, ...]


def course(found: Ledger, most: int = MOST) -> Course:
    """Join the rows of a ledger to stations.

    Parameters
    ----------
    found : Ledger
    most : int
        Stations at most, the image aside.

    Notes
    -----
    A module that keeps nothing, such as an activation, joins the layer before it. If more
    are left than fit, neighbours whose paths begin alike are joined, by as long a
    beginning as possible: blocks, else stages, else neighbours by number.
    """
    groups = _joined(_atoms(found.rows[::-1]), most)
    place = {row.name: at for at, (_, rows) in enumerate(groups, start=1) for row in rows}
    place[PIXELS] = 0
    between: dict[tuple[int, int], list[Stream]] = {}
    for _, rows in groups:
        for row in rows:
            for stream in row.streams:
                pair = (place[row.name], place[stream.source])
                if pair[0] != pair[1]:
                    between.setdefault(pair, []).append(stream)
    links = tuple(Link(*pair, Flow.of(streams)) for pair, streams in between.items())
    image = Station(PIXELS, (), Flow(found.positive, found.negative), Flow(), (0.0,) * len(LEAKS))
    stations = [
        _station(name, rows, place, _arrived(at, rows, links))
        for at, (name, rows) in enumerate(groups, start=1)
    ]
    return Course((image, *stations), links)


def _arrived(at: int, rows: Sequence[Entry], links: Sequence[Link]) -> Flow:
    """Return what comes to a station from behind; to the last, the score."""
    coming = [link.flow for link in links if link.end == at]
    if not coming:
        return Flow(rows[-1].positive, rows[-1].negative)
    return Flow.of(coming)


def _station(name: str, rows: tuple[Entry, ...], place: dict[str, int], arrived: Flow) -> Station:
    at = place[rows[0].name]
    around = [
        row.streams[-1]
        for row in rows
        if row.kind == "Sum"
        and place[row.streams[-1].source] == at - 1
        and any(place[stream.source] == at for stream in row.streams)
    ]
    leaks = tuple(math.fsum(getattr(row, kind) for row in rows) for kind in LEAKS)
    return Station(name, rows, arrived, Flow.of(around), leaks)


# ------------------------------------------------------------------------- joining
def _atoms(rows: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """Let modules that keep nothing join the one before them."""
    atoms: list[list[Entry]] = []
    for row in rows:
        passive = row.rule in _PASSIVE and len(row.streams) == 1
        if passive and atoms and row.streams[0].source == atoms[-1][-1].name:
            atoms[-1].append(row)
        else:
            atoms.append([row])
    return [tuple(atom) for atom in atoms]


def _joined(atoms: list[tuple[Entry, ...]], most: int) -> list[tuple[str, tuple[Entry, ...]]]:
    """Return groups of neighbouring rows, with names, as many as fit."""
    if len(atoms) <= most:
        return [(_path(atom[0]), atom) for atom in atoms]
    deepest = max(_path(atom[0]).count(".") for atom in atoms) + 1
    for depth in range(deepest, 0, -1):
        groups = _runs(atoms, depth)
        if min(_LEAST, most) <= len(groups) <= most:
            return groups
    size = math.ceil(len(atoms) / most)
    chunks = [atoms[start : start + size] for start in range(0, len(atoms), size)]
    return [(_span(chunk), tuple(row for atom in chunk for row in atom)) for chunk in chunks]


def _span(chunk: list[tuple[Entry, ...]]) -> str:
    first, last = _path(chunk[0][0]), _path(chunk[-1][0])
    return first if len(chunk) == 1 else f"{first} to {last}"


def _runs(atoms: list[tuple[Entry, ...]], depth: int) -> list[tuple[str, tuple[Entry, ...]]]:
    """Join neighbours whose paths have their first ``depth`` parts in common."""
    groups: list[tuple[str, tuple[Entry, ...]]] = []
    for atom in atoms:
        name = ".".join(_path(atom[0]).split(".")[:depth])
        if groups and groups[-1][0] == name:
            groups[-1] = (name, groups[-1][1] + atom)
        else:
            groups.append((name, atom))
    return groups


def _path(row: Entry) -> str:
    """Return the path of a row's module without the number of its call."""
    return row.name.partition(" (")[0]
