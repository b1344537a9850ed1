"""Which nodes of a graph are framed together: the blocks that are shown from inside."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.network.graph import ModelGraph, Node

#: A chain of so few steps gets no frame: a convolution with what follows it.
_SHORT_CHAIN = 3


@dataclass
class Group:
    """Nodes that are framed together, and the groups among them.

    Attributes
    ----------
    name : str
        Path of the block, or ``"first:last"`` of a run; ``""`` for the whole graph.
    items : list of str or Group
        In forward order.
    """

    name: str
    items: list[str | Group] = field(default_factory=list)

    def nodes(self) -> Iterator[str]:
        """Yield the names of all nodes inside, in the groups of groups too."""
        for item in self.items:
            if isinstance(item, Group):
                yield from item.nodes()
            else:
                yield item


def grouped(graph: ModelGraph, expanded: Collection[str] = ()) -> Group:
    """Return the nodes of a graph in the frames that they are drawn in.

    Parameters
    ----------
    graph : ModelGraph
    expanded : collection of str
        What :func:`xai.network.collapse` was asked to unfold: runs of equal
        blocks among it are framed too.

    Notes
    -----
    A frame whose inside leaves it and enters it again cannot be drawn around the nodes
    without drawing lines backwards; it is left out.
    """
    chains = {node.name: _chain(graph, node) for node in graph.nodes}
    for run in expanded:
        if ":" in run:
            _add_run(graph, chains, run)
    dropped = _dull(graph, chains, expanded)
    while True:
        kept = {
            name: tuple(frame for frame in chain if frame not in dropped)
            for name, chain in chains.items()
        }
        tangled = _tangled(graph, kept)
        if not tangled:
            return _tree(kept)
        dropped |= tangled


def _chain(graph: ModelGraph, node: Node) -> tuple[str, ...]:
    """Return the blocks around a node, outermost first."""
    return (*graph.blocks(node.group), node.group) if node.group else ()


def _add_run(graph: ModelGraph, chains: dict[str, tuple[str, ...]], run: str) -> None:
    """Put the frame of an unfolded run around its blocks."""
    first, _, last = run.partition(":")
    begin = [place for place, node in enumerate(graph.nodes) if _shows(node, first)]
    end = [place for place, node in enumerate(graph.nodes) if _shows(node, last)]
    if not begin or not end or any(node.name == run for node in graph.nodes):
        return
    outer = tuple(path for path in chains[graph.nodes[begin[0]].name] if not _within(path, first))
    for node in graph.nodes[begin[0] : end[-1] + 1]:
        chain = chains[node.name]
        if chain[: len(outer)] == outer:
            chains[node.name] = (*outer, run, *chain[len(outer) :])


def _within(path: str, block: str) -> bool:
    return path == block or path.startswith((f"{block}.", f"{block}:"))


def _shows(node: Node, block: str) -> bool:
    """Whether a node is a block, lies in it, or is a run that begins or ends with it."""
    return block in node.name.split(":") or _within(node.group, block)


def _dull(
    graph: ModelGraph, chains: dict[str, tuple[str, ...]], expanded: Collection[str]
) -> set[str]:
    """Return the frames that would say nothing: of one node, or of a layer and its norm."""
    inside: dict[str, list[str]] = {}
    holds: set[str] = set()
    for name, chain in chains.items():
        for outer, _ in itertools.pairwise(chain):
            holds.add(outer)
        for frame in chain:
            inside.setdefault(frame, []).append(name)
    dull = set()
    for frame, names in inside.items():
        chained = all(graph.sources(b) == (a,) for a, b in itertools.pairwise(names))
        short = len(names) <= _SHORT_CHAIN and chained and frame not in expanded
        if len(names) == 1 or (short and frame not in holds):
            dull.add(frame)
    return dull


def _tangled(graph: ModelGraph, chains: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the frames on or behind a cycle when every frame is one node."""
    pairs: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for source, target in graph.edges:
        level, ends = meeting(chains[source], chains[target])
        one, other = (end or f"\0{name}" for end, name in zip(ends, (source, target), strict=True))
        pairs.setdefault(level, set()).add((one, other))
    found: set[str] = set()
    for joined in pairs.values():
        found |= {item for item in _cyclic(joined) if not item.startswith("\0")}
    return found


def meeting(
    one: tuple[str, ...], other: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, str]]:
    """Return the frames around both nodes, and the next frame around either or ``""``."""
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    ends = tuple(chain[common] if len(chain) > common else "" for chain in (one, other))
    return one[:common], (ends[0], ends[1])


def _cyclic(pairs: Iterable[tuple[str, str]]) -> set[str]:
    after: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    for source, target in pairs:
        after.setdefault(source, []).append(target)
        waiting[target] = waiting.get(target, 0) + 1
        waiting.setdefault(source, 0)
    ready = [item for item, count in waiting.items() if not count]
    while ready:
        for target in after.get(ready.pop(), ()):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return {item for item, count in waiting.items() if count}


def _tree(chains: dict[str, tuple[str, ...]]) -> Group:
    root = Group("")
    known: dict[str, Group] = {}
    for name, chain in chains.items():
        group = root
        for frame in chain:
            if frame not in known:
                known[frame] = Group(frame)
                group.items.append(known[frame])
            group = known[frame]
        group.items.append(name)
    return root
