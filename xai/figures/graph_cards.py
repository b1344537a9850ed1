"""What is written on the boxes of a drawn graph, and how large that makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xai.figures.network_labels import text_width
from xai.figures.wording import short

if TYPE_CHECKING:
    from xai.network.graph import ModelGraph, Node

#: Font sizes in pixels: the first line of a card, the others, the title of a frame.
TITLE_SIZE, TEXT_SIZE, FRAME_SIZE = 15.0, 13.0, 14.0
#: Longest text, in letters.
LONGEST = 44
#: Width of the coloured stripe, height of a line, room for the sign of what opens.
STRIPE, LEAD, CHIP_ROOM = 7.0, 18.0, 26.0
# Detail and shape share a line if it is at most this wide.
_ONE_LINE = 236.0
# Cards in a column are made equally wide up to this.
_COMMON = 252.0
_INSET, _LEAST, _GRID = 12.0, 132.0, 24.0


@dataclass(frozen=True)
class Card:
    """The lines of a box, its size, and whether it can be unfolded."""

    lines: tuple[str, ...]
    width: float
    height: float
    foldable: bool


def written(graph: ModelGraph, direction: str) -> dict[str, Card]:
    """Return the card of every node.

    Parameters
    ----------
    graph : ModelGraph
    direction : str
        The cards of one block are equally wide if they stand in a column (``"TB"``),
        and equally high if they stand in a row.
    """
    cards = {node.name: _card(graph, node, direction) for node in graph.nodes}
    groups: dict[str, list[Card]] = {}
    for node in graph.nodes:
        groups.setdefault(node.group, []).append(cards[node.name])
    evened = {}
    for node in graph.nodes:
        card, group = cards[node.name], groups[node.group]
        if direction == "TB":
            common = min(_COMMON, max(other.width for other in group))
            evened[node.name] = replace(card, width=max(card.width, common))
        else:
            evened[node.name] = replace(card, height=max(other.height for other in group))
    return evened


def _card(graph: ModelGraph, node: Node, direction: str) -> Card:
    shape = " × ".join(str(side) for side in node.shape)
    title, detail = short(node.label, LONGEST), short(node.detail, LONGEST)
    texts = [text for text in (detail, shape) if text]
    together = " · ".join(texts)
    # Branches lie side by side inside blocks: cards are narrow there.
    narrow = bool(node.group)
    if direction == "TB" and not narrow and text_width(together, TEXT_SIZE) <= _ONE_LINE:
        texts = [together]
    if narrow and " + " in title:
        title, _, more = title.partition(" + ")
        texts.insert(0, f"+ {more}")
    foldable = _foldable(graph, node)
    wide = max(
        text_width(title, TITLE_SIZE, bold=True),
        *(text_width(text, TEXT_SIZE) for text in texts),
    )
    wide += STRIPE + 2 * _INSET + (CHIP_ROOM if foldable else 0.0)
    # Widths on a grid: boxes of nearly one size look like a mistake.
    width = max(_LEAST, -(-wide // _GRID) * _GRID)
    return Card((title, *texts), width, 14 + LEAD * (1 + len(texts)), foldable)


def _foldable(graph: ModelGraph, node: Node) -> bool:
    """Whether there is more to see inside: a run, or a block that is more than one layer."""
    if node.repeats > 1:
        return True
    name = graph.containers.get(node.name, "").lstrip("_")
    return len(node.members) > 1 and bool(name) and node.label.split(" (")[0] == name
