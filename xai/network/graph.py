"""The graph of a network's computation: nodes, edges, and which edges are shortcuts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

#: Containers that say nothing of their own: a list of modules is no block.
PLAIN = ("Sequential", "ModuleList", "ModuleDict", "Module", "GraphModule")

#: Names for people; a kind that is not listed goes by its own name.
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "input": "Image",
        "Conv2d": "Convolution",
        "Linear": "Dense",
        "BatchNorm2d": "Norm",
        "MaxPool2d": "Max pool",
        "AvgPool2d": "Average pool",
        "AdaptiveAvgPool2d": "Average pool",
        "AdaptiveMaxPool2d": "Max pool",
        "ZeroPad2d": "Padding",
        "Flatten": "Flatten",
        "flatten": "Flatten",
        "Concat": "Join",
        "Sum": "Add",
    }
)


@dataclass(frozen=True)
class Node:
    """One step of the computation, or several that are drawn as one.

    Attributes
    ----------
    name : str
        Unique in its graph.
    label : str
        Name for people, such as ``"Convolution"`` or ``"Bottleneck × 5"``.
    kind : str
        Class of the module or block, or name of the function.
    module : str
        Dotted path of the module or block; ``""`` for a bare function. For
        repeated blocks the path of the last one.
    layer : str
        The last layer in the node that a user would pick, a name of
        ``model.layers``; ``""`` if there is none.
    shape : tuple of int
        Output shape without the batch axis: ``(C, H, W)`` or ``(D,)``.
    parameters, macs : int
        Trainable numbers; multiply-accumulate operations for one image. Of a
        folded node the sum over its members.
    receptive_field : int
        Side length in input pixels of the square that one output sees; padding
        counts, so that it may exceed the image. 0 where nobody can say.
    group : str
        Path of the innermost block that contains the node; ``""`` outside blocks.
    depth : int
        Number of edges on the longest path from the input.
    detail : str
        Kernel, stride and groups of a convolution or pooling, such as
        ``"3 × 3, stride 2"``; how many outputs or calls a module has, if several.
    repeats : int
        How many equal blocks the node stands for.
    members : tuple of str
        Names of the steps it stands for, in forward order.
    """

    name: str
    label: str
    kind: str
    module: str
    layer: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    receptive_field: int
    group: str = ""
    depth: int = 0
    detail: str = ""
    repeats: int = 1
    members: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ModelGraph:
    """A network's computation as a directed graph without cycles.

    Attributes
    ----------
    model : str
        Name of the model.
    nodes : tuple of Node
        In forward order: every edge leads from an earlier to a later node.
    edges : tuple of (str, str)
        Source and destination by name, ordered by destination.
    containers : mapping of str to str
        Path of every module that holds others, and its class.
    problem : str
        One sentence that names the module that stopped the tracer, and why; ``""``
        if the graph is complete. With a problem the nodes are the calls of modules
        in one forward pass, and functions between them are left out.
    """

    model: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    containers: Mapping[str, str]
    problem: str = ""

    @cached_property
    def _places(self) -> dict[str, int]:
        return {node.name: place for place, node in enumerate(self.nodes)}

    @cached_property
    def _sources(self) -> dict[str, tuple[str, ...]]:
        return collected((target, source) for source, target in self.edges)

    @cached_property
    def _targets(self) -> dict[str, tuple[str, ...]]:
        return collected(self.edges)

    def node(self, name: str) -> Node:
        """Return the node called ``name``.

        Raises
        ------
        ValueError
            If there is no such node.
        """
        if name not in self._places:
            raise ValueError(f"node: {name!r} is not among the {len(self.nodes)} of this graph")
        return self.nodes[self._places[name]]

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the names of the nodes whose outputs a node takes."""
        return self._sources.get(name, ())

    def targets(self, name: str) -> tuple[str, ...]:
        """Return the names of the nodes that take a node's output."""
        return self._targets.get(name, ())

    def blocks(self, path: str) -> tuple[str, ...]:
        """Return the blocks that contain a dotted module path, outermost first.

        A block is a container with a class of its own, such as ``Bottleneck``;
        a ``Sequential`` is none.
        """
        parts = path.split(".")
        above = (".".join(parts[:count]) for count in range(1, len(parts)))
        return tuple(name for name in above if self.containers.get(name, PLAIN[0]) not in PLAIN)

    @cached_property
    def shortcuts(self) -> frozenset[tuple[str, str]]:
        """The edges that carry a signal past something.

        Notes
        -----
        An edge is a shortcut if a longer path joins the same two nodes (identity
        and dense connections), or if it brings the branch of fewer steps to an
        addition (projection shortcuts).
        """
        ancestors: dict[str, int] = {}
        found = set()
        for node in self.nodes:
            sources = self.sources(node.name)
            for source in sources:
                bit = 1 << self._places[source]
                if any(ancestors[other] & bit for other in sources if other != source):
                    found.add((source, node.name))
            if node.kind == "Sum" and len(sources) > 1:
                nearest = min(sources, key=lambda name: self.node(name).depth)
                if any(self.node(name).depth > self.node(nearest).depth for name in sources):
                    found.add((nearest, node.name))
            seen = 0
            for source in sources:
                seen |= ancestors[source] | 1 << self._places[source]
            ancestors[node.name] = seen
        return frozenset(found)


def collected(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Gather the second parts of pairs under their first parts, in order."""
    lists: dict[str, list[str]] = {}
    for key, value in pairs:
        lists.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in lists.items()}


def with_depths(nodes: Iterable[Node], edges: Iterable[tuple[str, str]]) -> tuple[Node, ...]:
    """Return nodes in forward order with their depths filled in."""
    sources = collected((target, source) for source, target in edges)
    depths: dict[str, int] = {}
    filled = []
    for node in nodes:
        depth = max((depths[name] + 1 for name in sources.get(node.name, ())), default=0)
        depths[node.name] = depth
        filled.append(dataclasses.replace(node, depth=depth))
    return tuple(filled)
