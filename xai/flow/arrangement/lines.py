"""The order of the images inside their clusters, so that each can be followed as a line."""

from __future__ import annotations

import numpy as np

from xai.flow.graph import FlowGraph, checked_graph


def line_crossings(graph: FlowGraph) -> int:
    """Count how often the lines of two images cross.

    Parameters
    ----------
    graph : FlowGraph

    Returns
    -------
    int
        Over all pairs of images and of neighbouring columns.

    Raises
    ------
    TypeError
        If it is no flow graph.
    """
    graph = checked_graph(graph)
    # Where the images of each column, from top to bottom, lie in the next one.
    at = graph.lines.argsort(1)
    after = [at[row + 1, line] for row, line in enumerate(graph.lines[:-1])]
    return inversions(np.array(after).reshape(-1, len(graph)))


def inversions(permutations: np.ndarray) -> int:
    """Count the pairs of which the larger number comes first.

    Parameters
    ----------
    permutations : ndarray, shape (M, N), int
        Each row holds 0 to N - 1.

    Returns
    -------
    int
        Over all rows.

    Notes
    -----
    The numbers are sorted bit by bit, the highest first. In a group of numbers that agree in
    all higher bits, those pairs are counted whose first has a 1 and whose second has a 0
    in the present bit: O(N log N) in all, and each bit is one step for all rows.
    """
    rows, count = permutations.shape
    bits = max(1, int(count - 1).bit_length()) if count else 0
    # Filled up to a power of two, so that a group has as many zeros as ones; what is
    # filled in stands last and is in order: it adds no pair.
    filled = np.tile(np.arange(1 << bits), (rows, 1))
    filled[:, :count] = permutations
    total = 0
    for bit in reversed(range(bits)):
        groups = filled.reshape(-1, 2 << bit)
        ones = (groups >> bit & 1).astype(bool)
        total += int(ones.cumsum(1)[~ones].sum())
        halves = groups[~ones].reshape(-1, 1 << bit), groups[ones].reshape(-1, 1 << bit)
        filled = np.stack(halves, axis=1)
    return total


def sorted_lines(ranks: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Sort the images inside their clusters so that the fewest lines cross.

    Parameters
    ----------
    ranks : ndarray, shape (L, N), int
        For each column the place from the top of each image's cluster.
    labels : ndarray, shape (N,), int, or None
        Images that travel together all the way lie by their class.

    Returns
    -------
    ndarray, shape (L, N), int64
        The images of each column from top to bottom.

    Notes
    -----
    Two images of one cluster lie as they do in the nearest column in which their
    clusters differ, of equally near ones the earlier. That is a sort by the own column's
    clusters, then by those of the column before, the column after, two before, and so on.

    **No order has fewer crossings.** Two lines have to cross between two columns in which
    their clusters lie in different order and between which they share all clusters. Here
    they do so once, half of the way, and nowhere else.
    """
    count = ranks.shape[1]
    # Radix sort is for short integers, and five times as fast.
    small = ranks.astype(np.int16 if ranks.max(initial=0) < 2**15 else np.int64)
    last = [] if labels is None else [labels]
    found = np.empty(ranks.shape, np.int64)
    for column in range(len(ranks)):
        nearest = sorted(range(len(ranks)), key=lambda other: (abs(other - column), other))
        keys = [*(small[other] for other in nearest), *last]
        found[column] = np.lexsort(keys[::-1]) if keys else np.arange(count)
    return found
