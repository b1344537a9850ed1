"""Coordinates inside the layers: straight lines, and nothing overlaps."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence

Item = Hashable
Edge = tuple[Hashable, Hashable]
_Layers = Sequence[Sequence[Item]]


def places(
    layers: _Layers,
    edges: Iterable[Edge],
    extents: Mapping[Item, tuple[float, float]],
    weights: Mapping[Edge, float] | None = None,
) -> dict[Item, float]:
    """Say where in their layer the items lie, so that edges become straight.

    Parameters
    ----------
    layers : sequence of sequences of hashable
        Items of each layer from left to right.
    edges : iterable of pairs
        From an item to one of the next layer.
    extents : mapping of item to (float, float)
        Room that an item takes to the left and to the right of its coordinate,
        half of the gap to its neighbours included.
    weights : mapping of edge to float, optional
        Where two edges cannot both be straight, the heavier is; 1 by default.

    Returns
    -------
    dict of item to float
        In the unit of the extents; the leftmost extent ends at 0.

    Notes
    -----
    The method of Brandes and Köpf: items are aligned with the median neighbour in the
    layer above or below, from the left or from the right; aligned items form blocks
    that are pushed together; of the four results each item gets the mean of the middle
    two. Deviations: an item looks only at the neighbours that its heaviest edges lead
    to; heavier alignments are made first; blocks are pushed together by longest
    paths through their neighbourhood, which keeps the distances whatever the sizes.

    References
    ----------
    U. Brandes, B. Köpf, "Fast and Simple Horizontal Coordinate Assignment", Graph
    Drawing, 2001.
    """
    pairs = list(edges)
    shares = {pair: (weights or {}).get(pair, 1.0) for pair in pairs}
    results = []
    for upward in (False, True):
        for mirrored in (False, True):
            turned = [list(layer)[::-1] if mirrored else list(layer) for layer in layers]
            turned = turned[::-1] if upward else turned
            joined = {(b, a) if upward else (a, b): share for (a, b), share in shares.items()}
            rooms = {key: (b, a) for key, (a, b) in extents.items()} if mirrored else extents
            found = _packed(turned, _aligned(turned, joined), rooms)
            results.append({key: -at for key, at in found.items()} if mirrored else found)
    return _balanced(results, extents)


def _aligned(layers: _Layers, edges: Mapping[Edge, float]) -> dict[Item, Item]:
    """Return the first item of the block that each item belongs to."""
    before: dict[Item, list[tuple[float, Item]]] = {}
    for (source, target), share in edges.items():
        before.setdefault(target, []).append((share, source))
    root = {item: item for layer in layers for item in layer}
    for one, other in itertools.pairwise(layers):
        at = {item: place for place, item in enumerate(one)}
        wishes = []
        for place, item in enumerate(other):
            joined = before.get(item)
            if joined:
                heaviest = max(share for share, _ in joined)
                near = sorted(at[source] for share, source in joined if share == heaviest)
                middle = near[(len(near) - 1) // 2 : len(near) // 2 + 1]
                wishes.append((-heaviest, place, middle))
        # Accepted alignments as (place above, place below), in rising order of both.
        taken: list[tuple[int, int]] = []
        for _, place, middle in sorted(wishes):
            chosen = next((above for above in middle if _fits(taken, above, place)), None)
            if chosen is not None:
                bisect.insort(taken, (chosen, place))
                root[other[place]] = root[one[chosen]]
    return root


def _fits(taken: list[tuple[int, int]], above: int, place: int) -> bool:
    """Whether an alignment crosses or touches none of those that were accepted."""
    index = bisect.bisect_left(taken, (above, place))
    left = index == 0 or (taken[index - 1][0] < above and taken[index - 1][1] < place)
    right = index == len(taken) or (taken[index][0] > above and taken[index][1] > place)
    return left and right


def _packed(
    layers: _Layers, root: Mapping[Item, Item], extents: Mapping[Item, tuple[float, float]]
) -> dict[Item, float]:
    """Push blocks to the left as far as they go, then back to their right neighbours."""
    after: dict[Item, dict[Item, float]] = {block: {} for block in dict.fromkeys(root.values())}
    waiting = dict.fromkeys(after, 0)
    for layer in layers:
        for left, right in itertools.pairwise(layer):
            one, other = root[left], root[right]
            gap = extents[left][1] + extents[right][0]
            if other not in after[one]:
                waiting[other] += 1
            after[one][other] = max(gap, after[one].get(other, 0.0))
    at = {block: 0.0 for block in after if not waiting[block]}
    sequence = list(at)
    for block in sequence:
        for other, gap in after[block].items():
            at[other] = max(at.get(other, -1e18), at[block] + gap)
            waiting[other] -= 1
            if not waiting[other]:
                sequence.append(other)
    for block in reversed(sequence):
        if after[block]:
            at[block] = max(at[block], min(at[k] - gap for k, gap in after[block].items()))
    return {item: at[block] for item, block in root.items()}


def _balanced(
    results: list[dict[Item, float]], extents: Mapping[Item, tuple[float, float]]
) -> dict[Item, float]:
    """Lay the results over the narrowest and take the mean of the middle two."""
    if not results[0]:
        return {}
    ends = [
        (
            min(at - extents[item][0] for item, at in result.items()),
            max(at + extents[item][1] for item, at in result.items()),
        )
        for result in results
    ]
    low, high = min(ends, key=lambda end: end[1] - end[0])
    moved = []
    for index, (result, (left, right)) in enumerate(zip(results, ends, strict=True)):
        shift = high - right if index % 2 else low - left
        moved.append({item: at + shift for item, at in result.items()})
    found = {}
    for item in results[0]:
        four = sorted(result[item] for result in moved)
        found[item] = (four[1] + four[2]) / 2
    edge = min(at - extents[item][0] for item, at in found.items())
    return {item: at - edge for item, at in found.items()}
