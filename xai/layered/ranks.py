"""Which layer an item belongs to, and long edges cut at every layer that they cross."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: An edge from an item to one of a later layer.
Edge = tuple[Hashable, Hashable]


@dataclass(frozen=True)
class Way:
    """The place where a long edge passes through a layer.

    Attributes
    ----------
    signal : hashable
        Whose edges pass: all long edges of one signal share the place.
    rank : int
        The layer.
    """

    signal: Hashable
    rank: int


@dataclass(frozen=True)
class Layers:
    """A graph whose edges join neighbouring layers only.

    Attributes
    ----------
    layers : tuple of tuples
        Items and ways of each layer, the first layer first.
    edges : tuple of pairs
        Each leads to the next layer; without duplicates.
    stops : dict
        For each edge of the original graph the items and ways on it, ends included.
    """

    layers: tuple[tuple[Hashable, ...], ...]
    edges: tuple[Edge, ...]
    stops: dict[Edge, tuple[Hashable, ...]]


def ranks(items: Sequence[Hashable], edges: Iterable[Edge]) -> dict[Hashable, int]:
    """Return for each item the number of edges on the longest path that leads to it.

    Parameters
    ----------
    items : sequence of hashable
        Each once.
    edges : iterable of pairs

    Raises
    ------
    ValueError
        If an edge has an unknown end, or edges form a cycle.

    Notes
    -----
    An item that nothing leads to is moved down to just above the first item that it
    leads to, so that its edge is no longer than needed.
    """
    after: dict[Hashable, list[Hashable]] = {item: [] for item in items}
    waiting = dict.fromkeys(items, 0)
    for source, target in edges:
        if source not in after or target not in after:
            raise ValueError(f"edges: expected ends among the items, got {(source, target)!r}")
        after[source].append(target)
        waiting[target] += 1
    rank = dict.fromkeys(items, 0)
    roots = [item for item in items if not waiting[item]]
    ready, done = list(roots), 0
    while ready:
        item = ready.pop()
        done += 1
        for target in after[item]:
            rank[target] = max(rank[target], rank[item] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if done < len(rank):
        raise ValueError("edges: expected no cycle, got one")
    for item in roots:
        if after[item]:
            rank[item] = min(rank[target] for target in after[item]) - 1
    return rank


def layers_of(
    rank: Mapping[Hashable, int],
    edges: Iterable[Edge],
    signals: Mapping[Edge, Hashable] | None = None,
) -> Layers:
    """Cut long edges so that each piece joins neighbouring layers.

    Parameters
    ----------
    rank : mapping
        Layer of each item; within a layer the items keep this order, ways follow.
    edges : iterable of pairs
    signals : mapping of edge to hashable, optional
        Edges of one signal leave one item and share their ways; an edge that is not
        listed shares those of its first item.

    Raises
    ------
    ValueError
        If an edge does not lead to a later layer.
    """
    count = max(rank.values(), default=-1) + 1
    layers: list[dict[Hashable, None]] = [{} for _ in range(count)]
    for item, place in rank.items():
        layers[place][item] = None
    short: dict[Edge, None] = {}
    stops: dict[Edge, tuple[Hashable, ...]] = {}
    for source, target in edges:
        if rank[source] >= rank[target]:
            raise ValueError(
                f"edges: expected {target!r} in a later layer than {source!r}, "
                f"got {rank[target]} and {rank[source]}"
            )
        signal = (signals or {}).get((source, target), source)
        ways = [Way(signal, place) for place in range(rank[source] + 1, rank[target])]
        for way in ways:
            layers[way.rank][way] = None
        line = (source, *ways, target)
        stops[source, target] = line
        short.update(dict.fromkeys(itertools.pairwise(line)))
    return Layers(tuple(tuple(layer) for layer in layers), tuple(short), stops)
