"""The best choice of one order for each layer, out of lists of orders, by dynamic programming.

How often edges cross between two neighbouring layers depends on the orders of these two
alone. So the best choice for all layers up to one that ends with a certain order is
found from those of the layer before, and no combination has to be tried. With every order
that there is as a choice the result is the optimum; with those that several
searches ended with it is the best that their parts can be joined to.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

#: Pairs of orders that are compared for an optimum, over all neighbouring layers (about
#: a fifth of a second), and the most items of a layer whose orders are listed.
AFFORDABLE, LONGEST = 15_000_000, 8
#: Pairs of orders that are compared at once.
_CHUNK = 2_000_000


def affordable(sizes: Sequence[int], fixed: Sequence[int]) -> bool:
    """Whether the optimum of layers of so many items is found in a fifth of a second.

    Parameters
    ----------
    sizes : sequence of int
        Items of each layer.
    fixed : sequence of int
        For each layer how many of its last items stay the last.
    """
    if max(sizes, default=0) > LONGEST:
        return False
    mirrored = 1 if any(fixed) else 2
    counts = [
        max(1, math.factorial(size - last) // mirrored)
        for size, last in zip(sizes, fixed, strict=True)
    ]
    return sum(a * b for a, b in itertools.pairwise(counts)) <= AFFORDABLE


def optimum(tables: Sequence[np.ndarray], fixed: Sequence[int]) -> list[np.ndarray]:
    """Return orders that let the fewest edges cross.

    Parameters
    ----------
    tables : sequence of ndarray, shape (n, m), float64
        For each two neighbouring layers the weight of every joined pair.
    fixed : sequence of int
        For each layer how many of its last items stay the last, as they are.

    Returns
    -------
    list of ndarray, int64
        For each layer the places of its items; of equally good orders one that keeps
        much of the present order.
    """
    sizes = [table.shape[0] for table in tables] + [tables[-1].shape[1]]
    either = not any(fixed)
    choices = [
        _every(size) if either else _with_last(size, last)
        for size, last in zip(sizes, fixed, strict=True)
    ]
    return chosen(tables, choices, either=either)


def chosen(
    tables: Sequence[np.ndarray], choices: Sequence[np.ndarray], *, either: bool
) -> list[np.ndarray]:
    """Return for each layer one of its orders, so that together the fewest edges cross.

    Parameters
    ----------
    tables : sequence of ndarray, shape (n, m), float64
        For each two neighbouring layers the weight of every joined pair.
    choices : sequence of ndarray, shape (P, n), int64
        For each layer the orders to choose from: the places of its items.
    either : bool
        Whether each order may also be turned around.

    Returns
    -------
    list of ndarray, int64
        Of equally good ones the first.

    Notes
    -----
    With s = +1 where item i lies before j and -1 where it lies after, the edges between
    two layers cross ``const - 1/4 sum s_ij s_cd T_ic T_jd`` times: one product of matrices
    for all pairs of orders. Turning an order around turns the signs of s, hence of the
    sum. That is why of an order and its mirror only one has to be listed.
    """
    signs = [_signs(orders) for orders in choices]
    costs = np.zeros(len(signs[0]))
    back: list[np.ndarray] = []
    for table, before, after in zip(tables, signs, signs[1:], strict=False):
        parts = [
            _best(costs, _saved(table, before, after[start : start + step]), either)
            for step in (max(1, _CHUNK // len(before)),)
            for start in range(0, len(after), step)
        ]
        costs = np.concatenate([part[0] for part in parts])
        back.append(np.concatenate([part[1] for part in parts]))
    rows = [int(costs.argmin())]
    for links in reversed(back):
        rows.append(int(links[rows[-1]]))
    rows.reverse()
    found = [orders[row] for orders, row in zip(choices, rows, strict=True)]
    return _turned(tables, found) if either else found


def _best(costs: np.ndarray, saved: np.ndarray, either: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return for each order of a layer the least cost up to it, and what comes before."""
    total = costs[:, None] - (np.abs(saved) if either else saved)
    links = total.argmin(0)
    return total[links, np.arange(total.shape[1])], links


def _saved(table: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return what each two orders save against the mean of all, (P, Q)."""
    pulls = pulled(table, after)
    upper = np.triu_indices(table.shape[0], 1)
    found: np.ndarray = before[:, *upper] @ pulls[:, *upper].T / 2
    return found


def pulled(table: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return how many more edges cross if an item lies after another than before it.

    Parameters
    ----------
    table : ndarray, shape (..., n, m)
        Weight of each joined pair.
    signs : ndarray, shape (..., m, m)
        +1 where an item of the other layer lies before another, -1 where after.

    Returns
    -------
    ndarray, shape (..., n, n)
    """
    found: np.ndarray = table @ signs @ table.swapaxes(-1, -2)
    return found


def _signs(orders: np.ndarray) -> np.ndarray:
    """Return +1 where an item lies before another, -1 where after: (P, n, n) float64."""
    at = orders.argsort(1)
    return np.sign(at[:, None, :] - at[:, :, None]).astype(np.float64)


def _turned(tables: Sequence[np.ndarray], found: list[np.ndarray]) -> list[np.ndarray]:
    """Turn orders around where that saves crossings; then all, if that keeps more."""
    turned = [found[0]]
    for table, order in zip(tables, found[1:], strict=True):
        saved = _saved(table, _signs(turned[-1][None]), _signs(order[None]))
        turned.append(order[::-1] if saved[0, 0] < 0 else order)
    kept = sum(np.triu(_signs(order[None])[0]).sum() for order in turned)
    return [order[::-1] for order in turned] if kept < 0 else turned


@functools.lru_cache(maxsize=LONGEST + 1)
def _every(size: int) -> np.ndarray:
    """Return the orders of so many items, one of each two mirrored ones, (P, size).

    Those that keep most pairs as they are come first: of equally good ones they win.
    """
    orders = np.array(list(itertools.permutations(range(size))), np.int64).reshape(-1, size)
    if size > 1:
        orders = _halved(orders)
    orders.setflags(write=False)
    return orders


def _halved(orders: np.ndarray) -> np.ndarray:
    at = orders.argsort(1)
    upper = np.triu_indices(orders.shape[1], 1)
    kept = np.sign(at[:, upper[1]] - at[:, upper[0]]).sum(1)
    # Of a mirrored pair the one that keeps more; of two alike the one with 0 before 1.
    first = (kept > 0) | ((kept == 0) & (at[:, 0] < at[:, 1]))
    found: np.ndarray = orders[first][np.argsort(-kept[first], kind="stable")]
    return found


@functools.lru_cache(maxsize=2 * LONGEST)
def _with_last(size: int, last: int) -> np.ndarray:
    """Return the orders of so many items whose last ones stay where they are."""
    free = size - last
    orders = np.array(list(itertools.permutations(range(free))), np.int64).reshape(-1, free)
    tail = np.broadcast_to(np.arange(free, size), (len(orders), last))
    found = np.concatenate([orders, tail], axis=1)
    found.setflags(write=False)
    return found
