"""A search for orders that let few edges cross: many starts, side by side.

All starts are held in one array and go through the same steps together, because a step of
one start is so short that calling it would take longer than doing it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai.layered import exact

#: Starts: as many as fit into so many steps for one round of moves, within these bounds.
_FEWEST, _MOST, _ROOM = 4, 16, 1e7
#: Sweeps without a better order before they are given up; rounds of single moves; turns
#: of shaking and settling.
_PATIENCE, _ROUNDS, _AFTER, _TURNS = 4, 12, 6, 6
#: Differences below this are rounding; what no move can save.
_TINY, _NEVER = 1e-9, 1e300


class Search:
    """What is known about the graph, and the steps that act on all starts.

    Orders are held as ``(L, S, n)`` int64: for each layer and start the items from left to
    right, by their places in the given layers. Layers that have fewer than n items are
    filled up with items that nothing joins; these stay at the end.

    Parameters
    ----------
    tables : sequence of ndarray, shape (n, m), float64
        For each two neighbouring layers the weight of every joined pair.
    fixed : sequence of int
        For each layer how many of its last items stay the last, as they are.
    """

    def __init__(self, tables: Sequence[np.ndarray], fixed: Sequence[int]) -> None:
        self.given = tables
        self.sizes = np.array([table.shape[0] for table in tables] + [tables[-1].shape[1]])
        width = int(self.sizes.max())
        self.tables = np.zeros((len(tables), width, width))
        for table, given in zip(self.tables, tables, strict=True):
            table[: given.shape[0], : given.shape[1]] = given
        self.items = np.arange(width)
        # Where an item is held: 0 for those that move, then one place after the other.
        first = self.sizes - np.array(fixed)
        self.held = np.maximum(self.items - first[:, None] + 1, 0)
        self.either = not any(fixed)

    # ----------------------------------------------------------------------- counting
    def counts(self, orders: np.ndarray) -> np.ndarray:
        """Return how often edges cross, (S,) float64."""
        at = np.arange(len(self.tables))[:, None, None, None]
        joined = self.tables[at, orders[:-1, :, :, None], orders[1:, :, None, :]]
        # For each entry: what lies below it and to the left of it.
        below = joined[:, :, :0:-1].cumsum(2)[:, :, ::-1]
        corner = below.cumsum(3)[..., :-1]
        found: np.ndarray = (joined[:, :, :-1, 1:] * corner).sum((0, 2, 3))
        return found

    # ----------------------------------------------------------------------- sweeping
    def swept(self, orders: np.ndarray, sweeps: int) -> np.ndarray:
        """Return the best order that each start comes across while sweeping down and up.

        Every second start sorts by the median of the neighbours, the others by their mean.
        """
        present, best = orders.copy(), orders.copy()
        least, waited = self.counts(best), 0
        for sweep in range(sweeps):
            rows = range(1, len(self.sizes)) if sweep % 2 == 0 else range(len(self.sizes) - 1)[::-1]
            for row in rows:
                before = row - 1 if sweep % 2 == 0 else row + 1
                present[row] = self._sorted(present, row, before)
            count = self.counts(present)
            better = count < least - _TINY
            best[:, better], least[better] = present[:, better], count[better]
            waited = 0 if better.any() else waited + 1
            if waited >= _PATIENCE or not least.any():
                break
        return best

    def _sorted(self, orders: np.ndarray, row: int, before: int) -> np.ndarray:
        """Sort a layer by where the neighbours of its items lie, (S, n)."""
        joined = self.tables[row] if before > row else self.tables[before].T
        degree = joined.sum(1)
        size, room = max(1, self.sizes[row]), max(1, self.sizes[before])
        at = (orders[before].argsort(-1) + 0.5) / room
        wanted = at @ joined.T / np.where(degree > 0, degree, 1)
        # The weighted median: where half of an item's weight lies to the left.
        heaped = joined[:, orders[before, 1::2]].cumsum(-1)
        middle = (heaped >= degree[:, None, None] / 2).argmax(-1)
        wanted[1::2] = ((middle + 0.5) / room).T
        # An item without neighbours stays where it is.
        stays = (orders[row].argsort(-1) + 0.5) / size
        wanted = np.where(degree > 0, wanted, stays) + 2.0 * self.held[row]
        along = _taken(wanted, orders[row]).argsort(-1, kind="stable")
        return _taken(orders[row], along)

    # ----------------------------------------------------------------------- settling
    def settled(self, orders: np.ndarray, rounds: int = _ROUNDS) -> np.ndarray:
        """Move single items within their layers until no move saves a crossing.

        Every second layer at a time: what an item saves depends on the layers beside its
        own alone, so these do not disturb each other.
        """
        present, moving = orders.copy(), np.arange(orders.shape[1])
        every = np.arange(len(self.sizes))
        for _ in range(rounds):
            now = present[:, moving]
            for rows in (every[::2], every[1::2]):
                now[rows] = sifted(self._pulls(now, rows), now[rows], self.held[rows] == 0)
            moved = (now != present[:, moving]).any((0, 2))
            present[:, moving] = now
            moving = moving[moved]
            if not len(moving):
                break
        return present

    def _pulls(self, orders: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what is saved if an item lies before another of its layer: (R, n, S, n)."""
        at = orders.argsort(-1)
        pulls = np.zeros((len(rows), len(self.items), *orders.shape[1:]))
        above, below = rows > 0, rows < len(self.sizes) - 1
        before, after = rows[above] - 1, rows[below]
        pulls[above] += _pulled(self.tables[before].swapaxes(1, 2), at[before])
        pulls[below] += _pulled(self.tables[after], at[after + 1])
        # Nothing may pass an item that is held.
        held = np.broadcast_to(self.held[rows][:, None, None] > 0, pulls.shape)
        pulls[held] = _NEVER
        return pulls

    # ------------------------------------------------------------------------- joining
    def joined(self, orders: np.ndarray) -> np.ndarray:
        """Return the best that parts of all starts can be joined to, (L, 1, n)."""
        parts = [order[:, :size] for order, size in zip(orders, self.sizes, strict=True)]
        found = exact.chosen(self.given, parts, either=self.either)
        whole = np.tile(self.items, (len(orders), 1, 1))
        for row, order in enumerate(found):
            whole[row, 0, : len(order)] = order
        return whole


def sifted(pulls: np.ndarray, orders: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Move each item once to where it saves most.

    Parameters
    ----------
    pulls : ndarray, shape (R, n, S, n)
        What is saved if an item lies before another, not after.
    orders : ndarray, shape (R, S, n), int64
    free : ndarray, shape (R, n), bool
        Which items may move; the others lie at the end.

    Returns
    -------
    ndarray, shape (R, S, n), int64
        An item that would gain nothing stays.
    """
    places = np.arange(orders.shape[-1])
    at, present = orders.argsort(-1), orders
    for item in np.flatnonzero(free.any(0)):
        line = _taken(pulls[:, item], present)
        own = at[..., item, None]
        # What is lost on the way from the own place to each other one.
        heaped = line.cumsum(-1)
        lost = heaped - _taken(heaped, own)
        np.subtract(lost, line, out=lost, where=places < own)
        target = lost.argmin(-1)[..., None]
        gains = (_taken(lost, target) < -_TINY) & free[:, item, None, None]
        if not gains.any():
            continue
        target = np.where(gains, target, own)
        at = at + ((at >= target) & (at < own)) - ((at <= target) & (at > own))
        at[..., item] = target[..., 0]
        present = at.argsort(-1)
    return present


def _pulled(tables: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return :func:`xai.layered.exact.pulled` for the places (R, S, m): (R, n, S, n).

    Two large products of matrices for each layer, not two small ones for each start.
    """
    count, starts, width = at.shape
    signs = np.sign(at[:, None] - at.swapaxes(1, 2)[..., None]).astype(np.float64)
    half = tables @ signs.reshape(count, width, starts * width)
    whole = half.reshape(count, tables.shape[1] * starts, width) @ tables.swapaxes(1, 2)
    return whole.reshape(count, tables.shape[1], starts, tables.shape[1])


def _taken(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return ``take_along_axis`` of the last axis, with less ado."""
    rows = np.arange(0, values.size, values.shape[-1]).reshape(*values.shape[:-1], 1)
    found: np.ndarray = values.reshape(-1)[rows + places]
    return found


def _starts(search: Search, generator: np.random.Generator) -> np.ndarray:
    """Return the given order twice, its mirror twice, and shuffles: (L, S, n)."""
    layers, width = search.held.shape
    room = int(_ROOM / max(1, layers * width**3))
    keys = generator.random((layers, min(max(room, _FEWEST), _MOST), width))
    keys[:, :4] = search.items / width
    keys[:, 2:4] *= -1
    return (keys + 2.0 * search.held[:, None]).argsort(-1)


def _shaken(
    search: Search, best: np.ndarray, count: int, generator: np.random.Generator
) -> np.ndarray:
    """Return copies of an order, each disturbed a little within some layers: (L, S, n)."""
    layers = np.arange(len(search.sizes))[:, None, None]
    first = generator.integers(0, len(layers), (1, count, 1))
    within = (layers >= first) & (layers < first + generator.integers(1, 6, first.shape))
    much = generator.uniform(0.5, 3.0, first.shape) * within
    noise = generator.standard_normal((len(layers), count, best.shape[-1]))
    keys = best.argsort(-1) + much * noise + 1e6 * search.held[:, None]
    return keys.argsort(-1, kind="stable")


def searched(tables: Sequence[np.ndarray], fixed: Sequence[int], sweeps: int) -> list[np.ndarray]:
    """Return orders that let few edges cross.

    Parameters
    ----------
    tables, fixed
        As :class:`Search` takes them.
    sweeps : int
        Most passes down and up.

    Returns
    -------
    list of ndarray, int64
        For each layer the places of its items.
    """
    search = Search(tables, fixed)
    generator = np.random.default_rng(0)
    starts = _starts(search, generator)
    orders = search.settled(search.swept(starts, sweeps))
    best = search.settled(search.joined(orders))
    # Where there is room for few starts, a turn is long: fewer of them too.
    for _ in range(_TURNS * starts.shape[1] // _MOST):
        shaken = search.settled(_shaken(search, best, starts.shape[1], generator), _AFTER)
        best = search.settled(search.joined(np.concatenate([best, shaken], axis=1)))
    return [order[0, :size] for order, size in zip(best, search.sizes, strict=True)]
