"""What a drawing of a network shows: its parts, few enough to see, and what is inside each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xai.network.blocks import collapse
from xai.network.graph import ModelGraph, Node, with_depths
from xai.network.lanes import places

#: The families of layers, in the order of a legend, and their words.
FAMILIES: Mapping[str, str] = {
    "input": "Image",
    "conv": "Convolution",
    "norm": "Normalisation",
    "activation": "Activation",
    "pool": "Pooling",
    "join": "Join or add",
    "block": "Block",
    "dense": "Dense",
    "other": "Other",
}
#: More parts than this cannot be told apart on a screen.
MOST_PARTS = 80
#: Stands for whatever a part reads; no step has this name.
ENTRY = ""
#: Kind of a part that stands for neighbours of different kinds.
BUNDLE = "Sequence"

# A block of more layers than this is opened if that leaves few enough parts, and so
# is one that is most of the network: a wrapper says nothing.
_HEAVY, _MOSTLY = 40, 0.5
_JOINS = ("Concat", "Sum", "Add", "Multiply", "Product", "add", "cat", "mul")
_ACTIVATIONS = ("ELU", "GLU", "GELU", "Sigmoid", "Softmax", "Tanh", "SiLU", "Mish", "swish")
_FILMS = ("norm", "activation", "other")


@dataclass(frozen=True)
class Part:
    """One part of a drawn network.

    Attributes
    ----------
    node : Node
        A node of the folded graph.
    layers : tuple of str
        The layers inside that a user could pick, in forward order. A layer that is
        used twice belongs to the part that uses it first.
    shape : tuple of int
        Output without the batch axis, before it is flattened: ``(C, H, W)`` or ``(D,)``.
    family : str
        A key of :data:`FAMILIES`.
    bands : tuple of str
        Families of the normalisation and activation that follow within the part.
    steps : int
        Convolutions and dense layers on the longest way through it.
    lanes : int
        Branches side by side within it.
    bypass : bool
        Whether a shortcut leads past something within it.
    """

    node: Node
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    family: str
    bands: tuple[str, ...] = ()
    steps: int = 1
    lanes: int = 1
    bypass: bool = False

    @property
    def layer(self) -> str:
        """The layer that a click selects; ``""`` if there is none."""
        chosen = self.node.layer
        return chosen if chosen in self.layers else next(reversed(self.layers), chosen)


def fold(graph: ModelGraph, most: int = MOST_PARTS) -> ModelGraph:
    """Fold a traced graph to at most ``most`` parts, with as much to see as fits.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it.
    most : int

    Notes
    -----
    Blocks are folded; those of very many layers are opened where there is room (a
    dense block to its dense layers). If there are still too many parts, equal
    neighbours are drawn once; if that is not enough, neighbours of one size are.
    """
    opened: set[str] = set()
    folded = collapse(graph, "blocks")
    while heavy := {node.name for node in folded.nodes if _is_heavy(graph, node)} - opened:
        opened |= heavy
        finer = collapse(graph, "blocks", expanded=opened)
        if len(finer.nodes) > most:
            break
        folded = finer
    if len(folded.nodes) > most:
        folded = collapse(graph, "overview")
    return folded if len(folded.nodes) <= most else _bundled(folded, most)


def describe(graph: ModelGraph, folded: ModelGraph) -> tuple[Part, ...]:
    """Return the parts of a folded graph, in forward order.

    Parameters
    ----------
    graph : ModelGraph
        As :func:`xai.network.trace` gives it.
    folded : ModelGraph
        The same at a coarser level, or itself.
    """
    seen: set[str] = set()
    inner = insides(graph, folded)
    parts = []
    for node in folded.nodes:
        members = [graph.node(name) for name in node.members]
        layers = dict.fromkeys(member.layer for member in members if member.layer)
        fresh = tuple(name for name in layers if name not in seen)
        seen.update(fresh)
        parts.append(_part(node, members, fresh, inner.get(node.name)))
    return tuple(parts)


def steps(inside: ModelGraph, part: Part) -> tuple[Part, ...]:
    """Return every step inside a part as a part of its own.

    Parameters
    ----------
    inside : ModelGraph
        The part's own graph, of :func:`insides`.
    part : Part
    """
    left = set(part.layers)
    found = []
    for node in inside.nodes:
        if node.name != ENTRY:
            own = (node.layer,) if node.layer in left else ()
            left.difference_update(own)
            found.append(Part(node, own, node.shape, family(node.kind)))
    return tuple(found)


def insides(graph: ModelGraph, folded: ModelGraph) -> dict[str, ModelGraph]:
    """Return the graph inside of every part that stands for several steps.

    What a part reads from outside is one node, :data:`ENTRY`, so that a shortcut from
    the start of a block is seen as one.
    """
    owner = {member: node.name for node in folded.nodes for member in node.members}
    edges: dict[str, dict[tuple[str, str], None]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for source, target in graph.edges:
        part = owner[target]
        inside = owner[source] == part
        edges.setdefault(part, {})[(source if inside else ENTRY, target)] = None
        if not inside:
            shapes.setdefault(part, graph.node(source).shape)
    found = {}
    for node in folded.nodes:
        if len(node.members) < 2:
            continue
        pairs = tuple(edges.get(node.name, ()))
        entry = Node(ENTRY, "", "entry", "", "", shapes.get(node.name, (1,)), 0, 0, 1)
        steps = [graph.node(name) for name in node.members]
        shown = [entry, *steps] if node.name in shapes else steps
        found[node.name] = dataclasses.replace(graph, nodes=with_depths(shown, pairs), edges=pairs)
    return found


def family(kind: str) -> str:
    """Return the family of a layer by the name of its class."""
    if kind == "input":
        return "input"
    if "Conv" in kind:
        return "conv"
    if "norm" in kind.lower():
        return "norm"
    if "pool" in kind.lower() or kind in ("mean", "Mean"):
        return "pool"
    if kind.endswith("Linear") or kind == "Bilinear":
        return "dense"
    if kind in _JOINS:
        return "join"
    is_active = "relu" in kind.lower() or any(word in kind for word in _ACTIVATIONS)
    return "activation" if is_active or kind.startswith("Hard") else "other"


def _is_heavy(graph: ModelGraph, node: Node) -> bool:
    if len(node.members) < 2 or node.name in node.members:
        return False
    return len(node.members) > min(_HEAVY, max(_MOSTLY * len(graph.nodes), 3))


def _part(
    node: Node, members: list[Node], layers: tuple[str, ...], inner: ModelGraph | None
) -> Part:
    bands: tuple[str, ...] = ()
    core = [member for member in members if family(member.kind) not in _FILMS]
    if len(core) > 1:
        shown = "block"
    else:
        main = core[0] if core else next((m for m in members if m.layer), members[0])
        shown = family(main.kind)
        behind = [family(m.kind) for m in members[members.index(main) + 1 :]]
        bands = tuple(name for name in behind if name != "other")
    return Part(
        node=node,
        layers=layers,
        shape=_unflattened(node, members),
        family=shown,
        bands=bands,
        steps=_longest(inner) if inner and shown == "block" else 1,
        lanes=places(inner).count if inner and shown == "block" else 1,
        bypass=bool(inner and shown == "block" and inner.shortcuts),
    )


def _unflattened(node: Node, members: list[Node]) -> tuple[int, ...]:
    """Return the shape of a part's output as it was before a final flattening."""
    for member in reversed(members):
        if member.kind not in ("Flatten", "flatten", "Dropout", "Identity"):
            return member.shape if len(node.shape) == 1 else node.shape
    return node.shape


def _longest(graph: ModelGraph) -> int:
    """Return the number of weighted steps on the longest way through a graph."""
    counts: dict[str, int] = {}
    for node in graph.nodes:
        before = max((counts[name] for name in graph.sources(node.name)), default=0)
        counts[node.name] = before + (family(node.kind) in ("conv", "dense"))
    return max(counts.values(), default=0) or 1


# ------------------------------------------------------------------------- bundles
def _bundled(graph: ModelGraph, most: int) -> ModelGraph:
    """Draw neighbours as one until ``most`` parts are left.

    Neighbours in forward order can always be drawn as one without making a cycle.
    """
    first, rest = graph.nodes[0], list(graph.nodes[1:])
    for keep in (True, False):
        for size in range(2, len(rest) + 1):
            groups = _groups(rest, size, _size if keep else lambda node: ())
            if len(groups) < most:
                return _joined(graph, [[first], *groups])
    return graph


def _size(node: Node) -> tuple[int, ...]:
    return node.shape[1:] if len(node.shape) == 3 else ()


def _groups(
    nodes: list[Node], size: int, key: Callable[[Node], tuple[int, ...]]
) -> list[list[Node]]:
    groups: list[list[Node]] = []
    for node in nodes:
        if groups and len(groups[-1]) < size and key(groups[-1][-1]) == key(node):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _joined(graph: ModelGraph, groups: Iterable[list[Node]]) -> ModelGraph:
    owner: dict[str, str] = {}
    nodes = []
    for group in groups:
        first, last = group[0], group[-1]
        name = first.name if len(group) == 1 else f"{first.name}:{last.name}"
        owner.update({node.name: name for node in group})
        nodes.append(first if len(group) == 1 else _bundle(name, group))
    pairs = ((owner[source], owner[target]) for source, target in graph.edges)
    edges = tuple(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
    return dataclasses.replace(graph, nodes=with_depths(nodes, edges), edges=edges)


def _bundle(name: str, group: list[Node]) -> Node:
    members = tuple(member for node in group for member in node.members)
    return dataclasses.replace(
        group[-1],
        name=name,
        label=f"{group[0].label} … {group[-1].label}",
        kind=BUNDLE,
        layer=next((node.layer for node in reversed(group) if node.layer), ""),
        parameters=sum(node.parameters for node in group),
        macs=sum(node.macs for node in group),
        detail="",
        members=members,
    )
