"""A network's graph folded to what fits on a screen: blocks, and runs of equal blocks."""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Iterable, Mapping

from xai.network.graph import TITLES, ModelGraph, Node, with_depths
from xai.types import find

#: The levels of detail and what each shows, coarsest first.
LEVELS: dict[str, str] = {
    "overview": "Blocks, with equal neighbours drawn once and counted.",
    "blocks": "Every block, and every layer outside blocks with its activation.",
    "layers": "Every step of the computation.",
}

#: Steps that are drawn with the layer whose output they change.
_FOLLOWERS = (
    "BatchNorm2d",
    "ReLU",
    "ReLU6",
    "SiLU",
    "GELU",
    "Hardswish",
    "Sigmoid",
    "Tanh",
    "LeakyReLU",
    "Dropout",
    "Identity",
    "Flatten",
    "flatten",
)
#: Steps that are drawn with the layer that reads them, if none before them will do.
_LEADERS = ("ZeroPad2d", "Dropout", "Identity")
#: Steps that a label need not name.
_UNSAID = ("ZeroPad2d", "Dropout", "Identity", "Flatten", "flatten")


def collapse(
    graph: ModelGraph, level: str = "overview", *, expanded: Iterable[str] = ()
) -> ModelGraph:
    """Fold a traced graph to a level of detail.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it, every step a node.
    level : str
        A key of :data:`LEVELS`.
    expanded : iterable of str
        Names of folded nodes to unfold by one level: the blocks of a run, the
        inner blocks or the steps of a block. Names that fit nothing are ignored.

    Raises
    ------
    ValueError
        If there is no such level.

    Notes
    -----
    A block is the outermost container with a class of its own. Parameters and
    multiply-accumulates of the nodes add up to the same totals at every level.
    A block that the computation leaves and enters again would make a cycle;
    it stays unfolded.
    """
    find(LEVELS, level, "level")
    if level == "layers":
        return graph
    opened = frozenset(expanded)
    keys = _with_followers(graph, _block_keys(graph, opened))
    while True:
        folded, tangled = _fold(graph, keys)
        if folded is not None:
            break
        keys = {name: name if key in tangled else key for name, key in keys.items()}
    return _fold_runs(graph, folded, opened) if level == "overview" else folded


def within(graph: ModelGraph, block: str) -> ModelGraph:
    """Return every step of one block, with the steps that it reads from.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it.
    block : str
        Path of a container, such as ``"layer1.0"``.

    Raises
    ------
    ValueError
        If no step lies in it.
    """
    inside = {node.name for node in graph.nodes if _lies_in(node, block)}
    if not inside:
        listing = ", ".join(list(graph.containers)[:6]) or "none in this network"
        raise ValueError(f"block: expected a container such as {listing}; got {block!r}")
    edges = tuple(edge for edge in graph.edges if edge[1] in inside)
    shown = inside | {source for source, _ in edges}
    nodes = with_depths((node for node in graph.nodes if node.name in shown), edges)
    return dataclasses.replace(graph, nodes=nodes, edges=edges)


def _lies_in(node: Node, block: str) -> bool:
    return any(path == block or path.startswith(f"{block}.") for path in (node.group, node.module))


def _block_keys(graph: ModelGraph, opened: frozenset[str]) -> dict[str, str]:
    """Return for every step the outermost block that is not opened, or its own name."""
    keys = {}
    for node in graph.nodes:
        chain = (*graph.blocks(node.group), node.group) if node.group else ()
        closed = [path for path in chain if path not in opened]
        keys[node.name] = closed[0] if closed else node.name
    return keys


def _with_followers(graph: ModelGraph, keys: dict[str, str]) -> dict[str, str]:
    """Let activations join the layer before them, and padding the layer behind."""
    joined = dict(keys)
    for node in graph.nodes:
        sources = graph.sources(node.name)
        if keys[node.name] != node.name or len(sources) != 1:
            continue
        source = graph.node(sources[0])
        private = keys[source.name] == source.name and len(graph.targets(source.name)) == 1
        if not private or source.kind == "input" or source.group != node.group:
            continue
        leads = source.kind in _LEADERS and joined[source.name] == source.name
        if node.kind in _FOLLOWERS or leads:
            joined[node.name] = joined[source.name]
    return joined


def _fold(graph: ModelGraph, keys: Mapping[str, str]) -> tuple[ModelGraph | None, set[str]]:
    """Return the folded graph, or the keys that would make a cycle."""
    members: dict[str, list[Node]] = {}
    for node in graph.nodes:
        members.setdefault(keys[node.name], []).append(node)
    pairs = ((keys[source], keys[target]) for source, target in graph.edges)
    edges = tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
    order, tangled = _sorted(list(members), edges)
    if tangled:
        return None, {key for key in tangled if len(members[key]) > 1}
    place = {key: index for index, key in enumerate(order)}
    edges = tuple(sorted(edges, key=lambda edge: (place[edge[1]], place[edge[0]])))
    nodes = with_depths((_folded(graph, key, members[key], keys) for key in order), edges)
    return dataclasses.replace(graph, nodes=nodes, edges=edges), set()


def _sorted(keys: list[str], edges: Iterable[tuple[str, str]]) -> tuple[list[str], set[str]]:
    """Return keys in forward order, and those on or behind a cycle."""
    waiting = dict.fromkeys(keys, 0)
    after: dict[str, list[str]] = {key: [] for key in keys}
    for source, target in edges:
        waiting[target] += 1
        after[source].append(target)
    place = {key: index for index, key in enumerate(keys)}
    ready = [place[key] for key in keys if not waiting[key]]
    order = []
    while ready:
        key = keys[heapq.heappop(ready)]
        order.append(key)
        for target in after[key]:
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(ready, place[target])
    return order, set(keys) - set(order)


def _folded(graph: ModelGraph, key: str, members: list[Node], keys: Mapping[str, str]) -> Node:
    """Return the one node that stands for ``members``."""
    if len(members) == 1 and key == members[0].name:
        return members[0]
    last = members[-1]
    for node in members:
        targets = graph.targets(node.name)
        if not targets or any(keys[name] != key for name in targets):
            last = node
    until = members[: members.index(last) + 1]
    main = next((node for node in members if node.kind not in _UNSAID), members[0])
    is_block = key != members[0].name
    blocks = graph.blocks(key)
    return Node(
        name=key,
        label=_block_label(graph, key, members) if is_block else _chain_label(members),
        kind=graph.containers[key] if is_block else main.kind,
        module=key if is_block else main.module,
        layer=next((node.layer for node in reversed(until) if node.layer), ""),
        shape=last.shape,
        parameters=sum(node.parameters for node in members),
        macs=sum(node.macs for node in members),
        receptive_field=last.receptive_field,
        group=(blocks[-1] if blocks else "") if is_block else main.group,
        detail="" if is_block and not _is_chain(members) else main.detail,
        members=tuple(node.name for node in members),
    )


def _chain_label(members: list[Node]) -> str:
    spoken = [node for node in members if node.kind not in _UNSAID] or members[:1]
    return " + ".join(TITLES.get(node.kind, node.kind) for node in spoken)


def _is_chain(members: list[Node]) -> bool:
    """Whether a block is one layer with what belongs to it, not worth a name of its own."""
    return sum(node.kind not in (*_FOLLOWERS, *_UNSAID) for node in members) == 1


def _block_label(graph: ModelGraph, path: str, members: list[Node]) -> str:
    """Name a block by its class, with its inner blocks if they are all of one class."""
    if _is_chain(members):
        return _chain_label(members)
    title = graph.containers[path].lstrip("_")
    inner: dict[str, list[Node]] = {}
    for node in members:
        chain = (*graph.blocks(node.group), node.group)
        below = chain[chain.index(path) + 1 :]
        if below:
            inner.setdefault(below[0], []).append(node)
    classes = {graph.containers[name].lstrip("_") for name in inner}
    if len(classes) == 1 and not any(_is_chain(nodes) for nodes in inner.values()):
        return f"{title} ({len(inner)} × {classes.pop()})"
    return title


def _fold_runs(steps: ModelGraph, graph: ModelGraph, opened: frozenset[str]) -> ModelGraph:
    """Draw equal neighbours in a chain once, and count them."""
    runs: list[list[Node]] = []
    for node in graph.nodes:
        sources = graph.sources(node.name)
        run = next((run for run in runs if [run[-1].name] == list(sources)), None)
        if run and graph.targets(run[-1].name) == (node.name,) and _equal(steps, run[-1], node):
            run.append(node)
        else:
            runs.append([node])
    merged = {}
    for run in runs:
        name = f"{run[0].name}:{run[-1].name}"
        if len(run) > 1 and name not in opened:
            merged.update({node.name: name for node in run})
    nodes, written = [], set()
    for run in runs:
        name = merged.get(run[0].name, "")
        nodes.extend([_run_node(name, run)] if name else run)
        written.add(name)
    pairs = ((merged.get(a, a), merged.get(b, b)) for a, b in graph.edges)
    edges = tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
    order, _ = _sorted([node.name for node in nodes], edges)
    named = {node.name: node for node in nodes}
    return dataclasses.replace(
        graph, nodes=with_depths((named[name] for name in order), edges), edges=edges
    )


def _equal(graph: ModelGraph, one: Node, other: Node) -> bool:
    """Whether two nodes do the same: the same steps, shapes and costs inside."""
    if not one.parameters or one.group != other.group:
        return False
    if one.module.rpartition(".")[0] != other.module.rpartition(".")[0]:
        return False
    return _signature(graph, one) == _signature(graph, other)


def _signature(graph: ModelGraph, node: Node) -> tuple[object, ...]:
    inner = [graph.node(name) for name in node.members]
    return tuple((n.kind, n.shape, n.parameters, n.macs, n.detail) for n in inner)


def _run_node(name: str, run: list[Node]) -> Node:
    last = run[-1]
    label = f"({last.label})" if " + " in last.label else last.label
    return dataclasses.replace(
        last,
        name=name,
        label=f"{label} × {len(run)}",
        parameters=sum(node.parameters for node in run),
        macs=sum(node.macs for node in run),
        repeats=len(run),
        members=tuple(member for node in run for member in node.members),
    )
