"""The order of items inside their layers that lets few edges cross."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

#: Sweeps without a better order before a start is given up.
_PATIENCE = 4
#: Shuffled starts of a small graph, and what counts as small: pairs of items that could
#: be joined, over all neighbouring layers.
_SHUFFLES, _SMALL = 8, 3000
#: Rounds of exchanges after the sweeps.
_ROUNDS = 12

Item = Hashable
#: For each layer the places of its items in the given layer, in their present order.
_Order = list[np.ndarray]


def crossings(
    layers: Sequence[Sequence[Item]],
    edges: Iterable[tuple[Item, Item]],
    weights: Sequence[float] | None = None,
) -> float:
    """Count how often edges cross when the items lie in the given order.

    Parameters
    ----------
    layers : sequence of sequences of hashable
        Items of each layer from left to right; each item once.
    edges : iterable of pairs
        From an item to one of the next layer.
    weights : sequence of float, optional
        One for each edge, at least 0: a crossing counts the product of both weights.
        None counts every crossing as 1.

    Returns
    -------
    int or float
        A whole number if the weights are.

    Raises
    ------
    ValueError
        If an item occurs twice, an edge does not lead to the next layer, or the
        weights do not fit.
    """
    tables = _tables(layers, edges, weights)
    return _plain(_total(tables, [np.arange(len(layer)) for layer in layers]))


def order(
    layers: Sequence[Sequence[Item]],
    edges: Iterable[tuple[Item, Item]],
    weights: Sequence[float] | None = None,
    *,
    sweeps: int = 24,
) -> tuple[tuple[Item, ...], ...]:
    """Reorder the items inside their layers so that few edges cross.

    Parameters
    ----------
    layers, edges, weights
        As :func:`crossings` takes them.
    sweeps : int
        Most passes down and up for each start.

    Returns
    -------
    tuple of tuples
        The same layers, never with more crossings than before. Items that could lie
        either way keep the order in which they were given.

    Raises
    ------
    ValueError
        As :func:`crossings`.

    Notes
    -----
    Each sweep goes through the layers, down or up, and sorts the items of one layer by
    the mean (or median) position of their neighbours in the layer before. An item
    is then moved to wherever in its layer its edges to *both* sides cross least, until
    no single move helps; an exchange of two neighbours is such a move. Starts are the
    given order, its mirror, and for small graphs some shuffles with a fixed seed: equal
    input, equal order. What remains is a local optimum, for small graphs mostly the
    true one; the problem is NP-hard.

    References
    ----------
    K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical
    System Structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 1981.

    P. Eades, N. Wormald, "Edge crossings in drawings of bipartite graphs", Algorithmica
    11, 1994.

    C. Matuszewski, R. Schönfeld, P. Molitor, "Using Sifting for k-Layer Straightline
    Crossing Minimization", Graph Drawing, 1999.
    """
    tables = _tables(layers, edges, weights)
    best = [np.arange(len(layer)) for layer in layers]
    least = _total(tables, best)
    for start, median in _starts(tables, best):
        if least <= 0:
            break
        found = _settled(tables, _swept(tables, start, median, sweeps))
        count = _total(tables, found)
        if count < least - 1e-9:
            best, least = found, count
    return tuple(
        tuple(layer[int(place)] for place in places)
        for layer, places in zip(layers, best, strict=True)
    )


# ------------------------------------------------------------------------- counting
def _tables(
    layers: Sequence[Sequence[Item]],
    edges: Iterable[tuple[Item, Item]],
    weights: Sequence[float] | None,
) -> list[np.ndarray]:
    """Return for each pair of neighbouring layers the weight of every joined pair."""
    where = {
        item: (row, place) for row, layer in enumerate(layers) for place, item in enumerate(layer)
    }
    if len(where) < sum(len(layer) for layer in layers):
        raise ValueError("layers: expected each item once, got one twice")
    pairs = list(edges)
    if weights is not None and len(weights) != len(pairs):
        raise ValueError(f"weights: expected {len(pairs)}, one for each edge; got {len(weights)}")
    shares = np.ones(len(pairs)) if weights is None else np.asarray(weights, np.float64)
    if not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("weights: expected finite numbers of at least 0, got others")
    tables = [np.zeros((len(one), len(other))) for one, other in itertools.pairwise(layers)]
    for (source, target), share in zip(pairs, shares.tolist(), strict=True):
        row, place = where.get(source, (-1, 0))
        below, other = where.get(target, (-1, 0))
        if row < 0 or below != row + 1:
            raise ValueError(
                f"edges: expected ends in neighbouring layers, got {(source, target)!r}"
            )
        tables[row][place, other] += share
    return tables


def _total(tables: list[np.ndarray], present: _Order) -> float:
    return sum(
        _pair(table[np.ix_(one, other)])
        for table, one, other in zip(tables, present, present[1:], strict=False)
    )


def _pair(table: np.ndarray) -> float:
    """Sum, over all pairs of edges that cross, the product of their weights."""
    if min(table.shape) < 2:
        return 0.0
    # For each entry: what lies below it and to the left of it.
    below = table[::-1].cumsum(0)[::-1][1:]
    corner = below.cumsum(1)[:, :-1]
    return float((table[:-1, 1:] * corner).sum())


def _plain(count: float) -> float:
    return int(count) if float(count).is_integer() else float(count)


# ------------------------------------------------------------------------- sweeping
def _starts(tables: list[np.ndarray], given: _Order) -> Iterable[tuple[_Order, bool]]:
    yield given, False
    yield given, True
    yield [places[::-1].copy() for places in given], False
    if sum(table.size for table in tables) <= _SMALL:
        generator = np.random.default_rng(0)
        for turn in range(_SHUFFLES):
            yield [generator.permutation(places) for places in given], bool(turn % 2)


def _swept(tables: list[np.ndarray], start: _Order, median: bool, sweeps: int) -> _Order:
    """Return the best order that sweeping down and up comes across."""
    present = list(start)
    best, least, waited = list(present), _total(tables, present), 0
    for sweep in range(sweeps):
        for row in _rows(len(present), sweep):
            before = row - 1 if sweep % 2 == 0 else row + 1
            table = tables[min(row, before)]
            joined = table if before > row else table.T
            present[row] = _sorted(joined, present[row], present[before], median)
        count = _total(tables, present)
        waited = 0 if count < least else waited + 1
        if count < least:
            best, least = list(present), count
        if least <= 0 or waited >= _PATIENCE:
            break
    return best


def _rows(count: int, sweep: int) -> range:
    return range(1, count) if sweep % 2 == 0 else range(count - 2, -1, -1)


def _sorted(
    joined: np.ndarray, places: np.ndarray, neighbours: np.ndarray, median: bool
) -> np.ndarray:
    """Sort a layer by where the neighbours of its items lie."""
    if not joined.size:
        return places
    table = joined[np.ix_(places, neighbours)]
    at = (np.arange(table.shape[1]) + 0.5) / table.shape[1]
    degree = table.sum(1)
    if median:
        # The weighted median: where half of an item's weight lies to the left.
        half = table.cumsum(1) >= degree[:, None] / 2
        wanted = at[half.argmax(1)]
    else:
        wanted = table @ at / np.where(degree > 0, degree, 1)
    # An item without neighbours stays where it is.
    wanted = np.where(degree > 0, wanted, (np.arange(len(places)) + 0.5) / len(places))
    return places[np.argsort(wanted, kind="stable")]


# ------------------------------------------------------------------------- settling
def _settled(tables: list[np.ndarray], start: _Order) -> _Order:
    """Move single items within their layers until no move saves a crossing."""
    present = list(start)
    for _ in range(_ROUNDS):
        moved = False
        for row, places in enumerate(present):
            if len(places) > 1:
                better = _sifted(_costs(tables, present, row))
                moved = moved or better is not None
                present[row] = places if better is None else places[better]
        if not moved:
            break
    return present


def _costs(tables: list[np.ndarray], present: _Order, row: int) -> np.ndarray:
    """Return for each two items what crosses if the first lies left of the second."""
    places = present[row]
    costs = np.zeros((len(places), len(places)))
    for pair, neighbour in ((row - 1, row - 1), (row, row + 1)):
        if 0 <= pair < len(tables):
            table = tables[pair].T if neighbour < row else tables[pair]
            joined = table[np.ix_(places, present[neighbour])]
            left = joined.cumsum(1) - joined
            costs += joined @ left.T
    return costs


def _sifted(costs: np.ndarray) -> np.ndarray | None:
    """Return a better order of the items, or None if no move helps."""
    gains = costs - costs.T
    sequence = list(range(len(costs)))
    changed = False
    for item in range(len(costs)):
        place = sequence.index(item)
        line = gains[item, sequence]
        # What it costs to stand k places further left or right.
        left, right = line[:place][::-1].cumsum(), -line[place + 1 :].cumsum()
        nearer = left.min(initial=0.0), right.min(initial=0.0)
        if min(nearer) > -1e-9:
            continue
        target = (
            place - 1 - int(left.argmin())
            if nearer[0] <= nearer[1]
            else place + 1 + int(right.argmin())
        )
        sequence.insert(target, sequence.pop(place))
        changed = True
    return np.array(sequence) if changed else None
