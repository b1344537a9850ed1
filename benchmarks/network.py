"""The drawn network: how long a drawing takes, and how soon a click is seen.

Run it with ``python benchmarks/network.py`` (about four minutes). The first part takes a fresh
ResNet-50 from nothing to its drawing and its graph, as the page's first visitor does, beside
one traced forward pass: torchvision's own network through ``torch.fx.symbolic_trace``, and an
image through what comes out. The two alternate. Weights are random; see
``benchmarks/untrained.py``.

The second part clicks parts of the drawing on the page Architecture in a headless Chromium,
and beside it, in turn, on nothing: what such a click takes is the machine's share.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import screen, untrained
from benchmarks.map_page import settle
from benchmarks.spent import Spent, judge, load, spread, threads, timed
from xai.network import collapse, trace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from torch import nn

    from xai.models import LoadedModel

SOON = 150
BUNDLED = "efficientnet-lite0"

_DRAWINGS = ".network .stage > .pane:first-child > svg"
# Where on the screen each part of a drawing can be hit: no other part lies above it there.
_PLACES = """(svg) => {
    const root = svg.getRootNode();
    const frame = svg.parentElement.getBoundingClientRect();
    const found = {};
    for (const node of svg.querySelectorAll("g.node:not(.dimmed, .bare, .selected)")) {
        const box = (node.querySelector(".sk-face") ?? node).getBoundingClientRect();
        for (let at = 0; at < 25; at++) {
            const x = box.left + box.width * ((at % 5) + 0.5) / 5;
            const y = box.top + box.height * (Math.floor(at / 5) + 0.5) / 5;
            const inside = x > frame.left && x < frame.right && y > 0 && y < innerHeight;
            if (inside && root.elementFromPoint(x, y)?.closest("g.node") === node)
                found[node.dataset.node] ??= [x, y];
        }
    }
    return found;
}"""
# Waits for the mark on the first drawing; counts nodes that come and go within any.
_ARM = """(drawings) => {
    watch.reset();
    watch.replaced = 0;
    watch.observer?.disconnect();
    watch.drawings = drawings;
    const marks = ({ type, target }) => type === "attributes" && drawings[0].contains(target)
        && target.matches("g.node.selected");
    watch.observer = new MutationObserver((records) => {
        for (const { addedNodes, removedNodes } of records)
            watch.replaced += addedNodes.length + removedNodes.length;
        const mark = records.find(marks);
        if (!mark || watch.begin === null || watch.seen) return;
        watch.seen = true;
        watch.finish({ marked: performance.now() - watch.begin, name: mark.target.dataset.node });
    });
    watch.seen = false;
    const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] };
    for (const svg of drawings) watch.observer.observe(svg, what);
}"""


class Drawn(NamedTuple):
    """Each step from a network to its drawings."""

    trace: Spent
    collapse: Spent
    drawing: Spent
    strip: Spent
    graph: Spent

    @property
    def judged(self) -> Spent:
        """What the budget is for: traced, folded and drawn."""
        return self.trace + self.collapse + self.drawing


class Click(NamedTuple):
    """What came of a click: milliseconds, DOM nodes, bytes."""

    marked: float
    painted: float
    floor: float
    replaced: int
    received: int
    sent: int


def traced_pass(net: nn.Module, image: Any) -> None:
    """Trace a network, and take an image through the trace."""
    import torch
    from torch import fx

    with torch.no_grad():
        fx.symbolic_trace(net)(image)


def draw(model: LoadedModel) -> Drawn:
    """Draw a network of which nothing is known yet."""
    from xai.figures.graph_svg import graph_sketch
    from xai.figures.network_svg import network_drawing, network_strip
    from xai.models.loaded import LoadedModel

    fresh = LoadedModel(model.spec, model.net)
    graph = trace(fresh)
    folded = collapse(graph)
    fresh = LoadedModel(model.spec, model.net)
    return Drawn(
        trace=timed(lambda: trace(fresh)),
        collapse=timed(lambda: collapse(graph)),
        drawing=timed(lambda: network_drawing(graph)),
        strip=timed(lambda: network_strip(graph)),
        graph=timed(lambda: graph_sketch(folded, steps=graph, expanded=())),
    )


def drawings(name: str, runs: int) -> None:
    """Print the first part."""
    import torch

    net, model = untrained.network(name), untrained.untrained(name)
    image = torch.rand(1, *model.input_shape)
    pairs = [(timed(lambda: traced_pass(net, image)), draw(model)) for _ in range(runs + 2)]
    base, found = [pair[0] for pair in pairs[2:]], [pair[1] for pair in pairs[2:]]
    print(f"{model.spec.label}, {len(model.layers)} layers, ms, median of {runs} (least to most)")
    judge("one traced forward pass", base, "traced, folded, drawn", [d.judged for d in found])
    for word in Drawn._fields:
        steps = [getattr(drawn, word).seconds for drawn in found]
        print(f"    {word:26s} {spread(steps, 1000)}")


def clicks(browser: Browser, port: int, name: str, number: int) -> None:
    """Print what clicks on parts of a network's drawing make of the page."""
    page = screen.open_page(browser)
    weight = screen.Weight(page)
    page.goto(f"http://127.0.0.1:{port}/architecture?data=photos&model={name}")
    page.locator(_DRAWINGS).nth(1).wait_for(timeout=120_000)
    settle(page)
    whole = weight.received
    hovering = hover(page, weight)
    dice = random.Random(0)
    found = [click(page, weight, dice) for _ in range(number)]
    page.context.close()
    columns = {word: [getattr(one, word) for one in found] for word in Click._fields}
    print(
        f"  {name:20s} seen after {spread(columns['painted'])} ms, marked after "
        f"{spread(columns['marked'])}; a click on nothing {spread(columns['floor'])}"
    )
    print(
        f"  {'':20s} {sum(ms <= SOON for ms in columns['painted'])} of {number} within {SOON} ms; "
        f"nodes replaced in the drawings {max(columns['replaced'])}; websocket "
        f"{spread(columns['received'], 1e-3, '{:.1f}')} kB down, "
        f"{spread(columns['sent'], 1e-3, '{:.1f}')} kB up a click, {hovering} bytes "
        f"to hover, {whole / 1e6:.2f} MB the page"
    )


def hover(page: Page, weight: screen.Weight) -> int:
    """Move over every part that can be seen; return the bytes that travel."""
    weight.clear()
    for x, y in page.locator(_DRAWINGS).first.evaluate(_PLACES).values():
        page.mouse.move(x, y)
        page.wait_for_timeout(20)
    page.wait_for_timeout(500)
    return weight.received + weight.sent


def click(page: Page, weight: screen.Weight, dice: random.Random) -> Click:
    """Click on nothing, then on a part of the drawing, and wait until the page is still."""
    floor = nothing(page)
    drawn = page.locator(_DRAWINGS)
    places = drawn.first.evaluate(_PLACES)
    name = dice.choice(sorted(places))
    drawn.evaluate_all(_ARM)
    weight.clear()
    page.mouse.click(*places[name])
    found = screen.result(page)
    if found["name"] != name:
        raise RuntimeError(f"clicked {name}, but {found['name']} was marked")
    settle(page)
    if not page.evaluate("() => watch.drawings.every((svg) => svg.isConnected)"):
        raise RuntimeError(f"the click on {name} drew the network anew")
    replaced = page.evaluate("() => watch.replaced")
    return Click(found["marked"], found["painted"], floor, replaced, weight.received, weight.sent)


def nothing(page: Page) -> float:
    """Click beside everything; return the milliseconds until two frames have been drawn."""
    page.evaluate("() => watch.nothing()")
    page.mouse.click(*_corner(page))
    milliseconds: float = screen.result(page)["painted"]
    return milliseconds


def _corner(page: Page) -> tuple[float, float]:
    box = page.get_by_test_id("stMain").bounding_box()
    if box is None:
        raise RuntimeError("the page is not there")
    return box["x"] + 8, box["y"] + box["height"] - 8


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="resnet50", help="of both parts")
    parser.add_argument("--runs", type=int, default=15, help="of the first part")
    parser.add_argument("--clicks", type=int, default=15, help="in each drawing")
    parser.add_argument("--part", choices=("drawings", "clicks"), help="one part alone")
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    print(load())
    threads(given.threads)
    if given.part != "clicks":
        drawings(given.network, given.runs)
    if given.part == "drawings":
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        untrained.serving([given.network], Path(folder)) as port,
        screen.chromium() as browser,
    ):
        print(f"Chromium {browser.version}, headless, drawing in software; median (least to most)")
        for name in (BUNDLED, given.network):
            clicks(browser, port, name, given.clicks)
    print(load())


if __name__ == "__main__":
    main()
