"""A drawn network that can be pointed at: SVG text, and what each part of it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xai.network import Node

#: Words for the kinds of layers whose class names say little.
_WORDS = {
    "Conv2d": "Convolution",
    "Linear": "Dense",
    "BatchNorm2d": "Batch normalisation",
    "MaxPool2d": "Maximum pooling",
    "AvgPool2d": "Average pooling",
    "AdaptiveAvgPool2d": "Average pooling",
    "AdaptiveMaxPool2d": "Maximum pooling",
    "Concat": "Join of channels",
    "Sum": "Addition",
    "input": "The image",
}


@dataclass(frozen=True)
class SketchNode:
    """One part of a drawn network.

    Attributes
    ----------
    name : str
        The ``data-node`` of its ``<g class="node">`` in the SVG; unique in its sketch.
    layer : str
        The layer that a click selects; ``""`` if the part has none.
    layers : tuple of str
        Every layer inside that a user could pick, in forward order.
    title : str
        Name for people, such as ``"layer3: Bottleneck × 5"``.
    facts : tuple of (str, str)
        What is known of it, as (word, value).
    expands : str
        What to hand to :func:`xai.network.collapse` as ``expanded`` to see inside, or ``""``.
    box : tuple of four floats
        Left, top, width and height in the units of the SVG's ``viewBox``.
    """

    name: str
    layer: str
    layers: tuple[str, ...]
    title: str
    facts: tuple[tuple[str, str], ...]
    box: tuple[float, float, float, float]
    expands: str = ""


@dataclass(frozen=True)
class Sketch:
    """A network, or a part of it, drawn as SVG.

    Attributes
    ----------
    svg : str
        A whole ``<svg>`` element with ``viewBox="0 0 width height"``. It can be saved as a
        file: colours are CSS variables with a default.
    width, height : float
        In the units of its ``viewBox``, which are CSS pixels at a zoom of 1.
    nodes : tuple of SketchNode
        In forward order.
    """

    svg: str
    width: float
    height: float
    nodes: tuple[SketchNode, ...]

    def node_of(self, layer: str) -> str:
        """Return the name of the part that shows a layer, or ``""``."""
        return next((node.name for node in self.nodes if layer in node.layers), "")


def kind_in_words(kind: str) -> str:
    """Return what people call a kind of layer, such as ``"Convolution"`` for ``"Conv2d"``."""
    return _WORDS.get(kind, kind.lstrip("_"))


def facts(node: Node) -> tuple[tuple[str, str], ...]:
    """Say kind, output shape, parameters, multiply-adds and receptive field of a node."""
    kind = kind_in_words(node.kind)
    found = [
        ("Kind", f"{kind}, {node.detail}" if node.detail else kind),
        ("Output", " × ".join(str(side) for side in node.shape)),
    ]
    if node.repeats > 1:
        found.append(("Repeated", f"{node.repeats} times"))
    if node.parameters:
        found.append(("Parameters", f"{node.parameters:,}"))
    if node.macs:
        found.append(("Multiply-adds", f"{node.macs:,}"))
    if node.kind != "input" and node.receptive_field:
        found.append(("Receptive field", f"{node.receptive_field} px"))
    return tuple(found)
