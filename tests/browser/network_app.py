"""A page with drawn networks, made by hand, and widgets that change what they show."""

from __future__ import annotations

import html
from itertools import pairwise

import streamlit as st

from pages._ui.network_view import network_view
from xai.figures.sketches import Sketch, SketchNode

HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>'
STYLE = """
.sk-face { fill: var(--sketch-block, #9bdcdd); stroke: var(--sketch-line, #777); }
.sk-word { fill: var(--sketch-text, #111); font: 14px sans-serif; }
.sk-word { text-anchor: middle; pointer-events: none; }
.node.hover .sk-face { stroke: var(--sketch-accent, #0b777b); }
.node.selected .sk-face { stroke: var(--sketch-accent, #0b777b); stroke-width: 2.5px; }
.link { fill: none; stroke: var(--sketch-line, #777); }
.sk-shortcut { stroke-dasharray: 4 3; stroke: var(--sketch-shortcut, #d56907); }
"""

#: Name, left and top: the stem, two branches that meet again, a shortcut past them.
PLACES = {
    "image": (10, 70),
    "stem": (150, 70),
    "branch1": (310, 10),
    "branch2": (310, 130),
    "join": (470, 70),
    "head": (630, 70),
}
LINKS = (
    ("image", "stem", ""),
    ("stem", "branch1", ""),
    ("stem", "branch2", ""),
    ("branch1", "join", ""),
    ("branch2", "join", ""),
    ("stem", "join", " sk-shortcut"),
    ("join", "head", ""),
)
LAYERS = {
    "image": (),
    "stem": ("stem.conv",),
    "branch1": ("branch1.conv", "branch1.norm", "branch1.relu"),
    "branch2": ("branch2.0", "branch2.1"),
    "join": ("join",),
    "head": (HOSTILE,),
}
WORDS = {
    layer: f"Convolution · 8 × {8 + place} × {8 + place}"
    for place, layer in enumerate(name for names in LAYERS.values() for name in names)
}


def part(name: str, layers: tuple[str, ...], left: float, top: float, **more: str) -> SketchNode:
    """Return a box of 100 by 60."""
    title = HOSTILE if layers == (HOSTILE,) else name
    facts = (("Kind", "Convolution, 3 × 3"), ("Output", "8 × 8 × 8"), ("Receptive field", "5 px"))
    layer = layers[-1] if layers else ""
    return SketchNode(name, layer, layers, title, facts, (left, top, 100, 60), **more)


def sketch(
    nodes: tuple[SketchNode, ...], links: tuple[tuple[str, str, str], ...], wide: float, tall: float
) -> Sketch:
    """Draw boxes and their links."""
    by_name = {node.name: node for node in nodes}
    lines = []
    for start, end, mark in links:
        (x, y, w, h), (u, v, _, k) = by_name[start].box, by_name[end].box
        path = f"M{x + w} {y + h / 2}L{u} {v + k / 2}"
        lines.append(f'<path class="link{mark}" data-from="{start}" data-to="{end}" d="{path}"/>')
    for node in nodes:
        x, y, w, h = node.box
        word = html.escape(node.title)
        lines.append(
            f'<g class="node" data-node="{html.escape(node.name)}">'
            f'<rect class="sk-face" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>'
            f'<text class="sk-word" x="{x + w / 2}" y="{y + h / 2 + 5}">{word[:14]}</text></g>'
        )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" viewBox="0 0 {wide} {tall}" '
        f'width="{wide}" height="{tall}"><style>{STYLE}</style>{"".join(lines)}</svg>'
    )
    return Sketch(svg, wide, tall, nodes)


def main_sketch(opened: bool) -> Sketch:
    """Return the network of six parts; opened, its stem is two."""
    places = dict(PLACES)
    nodes = [
        part(name, LAYERS[name], *place, **({"expands": "stem block"} if name == "stem" else {}))
        for name, place in places.items()
    ]
    if opened:
        nodes.insert(1, part("stem.inner", (), 150, 10))
    return sketch(tuple(nodes), LINKS, 760, 200)


def details() -> dict[str, Sketch]:
    """Return what is inside of the two branches."""
    found = {}
    for name in ("branch1", "branch2"):
        nodes = tuple(
            part(layer, (layer,), 10 + 140 * place, 10) for place, layer in enumerate(LAYERS[name])
        )
        links = tuple((one.name, other.name, "") for one, other in pairwise(nodes))
        found[name] = sketch(nodes, links, 20 + 140 * len(nodes), 80)
    return found


def chain(count: int) -> Sketch:
    """Return a long row of parts."""
    nodes = tuple(
        part(f"step{place}", (f"step{place}",), 10 + 120 * place, 5) for place in range(count)
    )
    links = tuple((one.name, other.name, "") for one, other in pairwise(nodes))
    return sketch(nodes, links, 20 + 120 * count, 70)


def main() -> None:
    """Show a network and what comes of it."""
    query = st.query_params
    kind = query.get("kind", "full")
    st.session_state.setdefault("chosen", query.get("layer", "stem.conv"))
    columns = st.columns(4)
    columns[0].button("Run again")
    if columns[1].button("Choose the join"):
        st.session_state["chosen"] = "join"
    only = {"stem.conv", "branch1.norm", HOSTILE} if columns[2].toggle("Only some") else None
    broken = columns[3].toggle("Broken")
    drawn = (
        chain(30) if kind == "chain" else main_sketch(st.session_state.get("opened", 0) % 2 == 1)
    )
    if broken:
        drawn = Sketch("<svg><g>", drawn.width, drawn.height, drawn.nodes)
    state = network_view(
        drawn,
        details=details() if kind in ("full", "compact") else None,
        selected=st.session_state["chosen"],
        key="network",
        height=int(query["height"]) if "height" in query else None,
        label="Layer",
        compact=kind in ("compact", "chain"),
        pickable=only,
        zoom=kind == "zoom",
        words=WORDS,
    )
    st.session_state["chosen"] = state.layer
    if state.expand:
        st.session_state["opened"] = st.session_state.get("opened", 0) + 1
        st.session_state["expanded"] = state.expand
        st.rerun()
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.text(f"chosen: {state.layer}")
    st.text(f"expanded: {st.session_state.get('expanded')}")
    st.text(f"opened: {st.session_state.get('opened', 0)}")
    st.text(f"runs: {st.session_state['runs']}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    main()
