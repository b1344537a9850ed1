"""The page of the dataset map: a second visit, what travels, how soon and how smoothly it moves.

Run it with ``python benchmarks/map_page.py`` (about five minutes). The first part speaks
Streamlit's protocol over one websocket: the server's time for a map that is already there and
the bytes that it sends, beside the same page with 100 images. The second part looks at the
same server with a headless Chromium through Playwright, which is a development dependency
(``tests/requirements.txt``). Chromium has no graphics card here: it draws in software, on the
same cores as the server, so a visitor's machine will be faster.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.map_server import FEW, Server, address, make, second_visits
from benchmarks.session import ROOT, free_port, start, wait_healthy
from tests.browser.finding import installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DRAG = 4.0

# Notes the frame after the first in which points stand on the canvas, counts the frames of the
# browser and how often points are drawn. The roots have to be collected: the map is in one.
WATCH = """
const roots = [];
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    roots.push(root);
    return root;
};
window.watch = { painted: null, frames: [], draws: 0 };
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    if (this.canvas.classList.contains("below")) watch.draws++;
    return put.apply(this, given);
};
watch.canvas = () => roots.map(
    (root) => root.querySelector(".map[data-ready=yes] canvas.below")).find(Boolean);
watch.ink = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const pixels = new Uint32Array(data.buffer);
    const found = [];
    for (let at = 0; at < pixels.length; at++) if (pixels[at] !== pixels[0]) found.push(at);
    return found;
};
const look = (now) => {
    watch.frames.push(now);
    if (watch.painted === null) {
        const canvas = watch.canvas();
        if (watch.drawn) watch.painted = now;
        else if (canvas?.width && watch.ink(canvas).length > 200) watch.drawn = true;
    }
    requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


class Motion(NamedTuple):
    """What a reader sees while dragging."""

    frames: float
    draws: float
    slow: float


class Traffic:
    """Bytes of a page: over its websocket both ways, and of its files."""

    def __init__(self, page: Page) -> None:
        self.clear()
        page.on("websocket", self._listen)
        page.on("requestfinished", self._fetched)

    def clear(self) -> None:
        """Start again."""
        self.received, self.sent, self.files, self.messages = 0, 0, 0, 0

    def _listen(self, socket: Any) -> None:
        socket.on("framereceived", self._received)
        socket.on("framesent", self._sent)

    def _received(self, payload: str | bytes) -> None:
        self.received += len(payload)

    def _sent(self, payload: str | bytes) -> None:
        self.sent += len(payload)
        self.messages += 1

    def _fetched(self, request: Any) -> None:
        if "/media/" in request.url:
            self.files += request.sizes()["responseBodySize"]


def settle(page: Page, quiet: float = 1.5) -> None:
    """Wait until no script has run for a while."""
    script = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
    since = time.monotonic()
    while time.monotonic() - since < quiet:
        page.wait_for_timeout(100)
        if page.evaluate(script) != "notRunning":
            since = time.monotonic()


def painted(browser: Browser, port: int, count: int, runs: int) -> None:
    """Print how soon points stand on the screen, and what had to travel for it."""
    rows: list[tuple[float, int, int]] = []
    for _ in range(runs):
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        for _ in range(2):  # with nothing in the browser's memory, then with its files
            page = open_page(context)
            traffic = Traffic(page)
            page.goto(f"http://127.0.0.1:{port}/dataset?{address(count)}", wait_until="commit")
            page.wait_for_function("() => watch.painted !== null", timeout=120_000)
            until = traffic.received
            seconds = page.evaluate("() => watch.painted") / 1000
            settle(page)
            rows.append((seconds, until, traffic.received))
            page.close()
        context.close()
    first, again = (statistics.median(row[0] for row in rows[at::2]) for at in (0, 1))
    before, whole = (statistics.median(row[at] for row in rows) for at in (1, 2))
    print(
        f"  {count:7,}   {first:.2f} s, {again:.2f} s with the app's files at hand   "
        f"{before / 1e6:.2f} MB till then, {whole / 1e6:.2f} MB in all"
    )


def open_page(context: Any) -> Page:
    """Open a tab that watches itself."""
    page: Page = context.new_page()
    page.add_init_script(WATCH)
    return page


def clicks(page: Page, traffic: Traffic, number: int) -> None:
    """Print what a click on a point makes travel; hovering must make nothing travel."""
    places = page.evaluate(
        """() => {
            const canvas = watch.canvas();
            const box = canvas.getBoundingClientRect();
            const ratio = canvas.width / box.width;
            return watch.ink(canvas).map((at) => [
                box.left + (at % canvas.width) / ratio,
                box.top + Math.floor(at / canvas.width) / ratio]);
        }"""
    )
    chosen = random.Random(0).sample(places, number + 10)
    traffic.clear()
    for x, y in chosen[number:]:
        page.mouse.move(x, y)
        page.wait_for_timeout(50)
    hovering = traffic.sent + traffic.received
    rows: list[tuple[int, ...]] = []
    for x, y in chosen[:number]:
        traffic.clear()
        page.mouse.click(x, y)
        page.wait_for_timeout(200)
        settle(page)
        rows.append((traffic.received, traffic.sent, traffic.messages, traffic.files))
    middle = [statistics.median(part) for part in zip(*rows, strict=True)]
    print(
        f"            hover {hovering} bytes; click, median of {number}: {middle[0] / 1e3:.1f} kB "
        f"over the websocket, {middle[1] / 1e3:.1f} kB back in {middle[2]:.0f} messages, "
        f"{middle[3] / 1e3:.0f} kB of pictures"
    )


def motion(page: Page, *, dragging: bool) -> Motion:
    """Move the mouse in circles over the map; return frames and drawings a second."""
    box = page.evaluate("() => watch.canvas().getBoundingClientRect().toJSON()")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    radius = 0.25 * min(box["width"], box["height"])
    page.mouse.move(x + radius, y)
    if dragging:
        page.mouse.down()
    page.evaluate("() => { watch.frames = []; watch.draws = 0; }")
    begin = time.perf_counter()
    while (since := time.perf_counter() - begin) < DRAG:
        turned = complex(radius, 0) * 1j ** (2 * since)
        page.mouse.move(x + turned.real, y + turned.imag)
    seconds = time.perf_counter() - begin
    frames, draws = page.evaluate("() => [watch.frames, watch.draws]")
    if dragging:
        page.mouse.up()
    between = sorted(later - sooner for sooner, later in itertools.pairwise(frames))
    return Motion(len(frames) / seconds, draws / seconds, between[int(0.95 * len(between))])


def still(page: Page) -> float:
    """Return the frames a second while nothing happens."""
    page.evaluate("() => { watch.frames = []; }")
    page.wait_for_timeout(2000)
    frames: int = page.evaluate("() => watch.frames.length")
    return frames / 2


def moved(browser: Browser, port: int, count: int, marks: str) -> None:
    """Print frames a second while the map is dragged and while the mouse hovers over it."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = open_page(context)
    traffic = Traffic(page)
    page.goto(f"http://127.0.0.1:{port}/dataset?{address(count, marks)}")
    page.wait_for_function("() => watch.painted !== null", timeout=120_000)
    settle(page)
    idle = still(page)
    drag, hover = motion(page, dragging=True), motion(page, dragging=False)
    print(
        f"  {count:7,} {marks:9s} panning {drag.frames:4.0f} frames and {drag.draws:3.0f} drawings "
        f"a second, 95 % within {drag.slow:.0f} ms; hovering {hover.frames:4.0f} frames, "
        f"{hover.slow:.0f} ms; at rest {idle:.0f}"
    )
    if marks == "dots":
        page.mouse.dblclick(5, 5)
        clicks(page, traffic, 5)
    context.close()


def in_browser(port: int, counts: list[int], runs: int) -> None:
    """Print the second part."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-gpu"]
        )
        print(f"Chromium {browser.version}, headless, drawing in software, 1600 x 1000")
        print(f"First points on the screen after the address was entered, median of {runs}")
        for count in counts:
            painted(browser, port, count, runs)
        print(f"Moving, {DRAG:.0f} s each")
        for count in counts:
            for marks in ("dots", "pictures"):
                moved(browser, port, count, marks)
        browser.close()


def main() -> None:
    """Run both parts on one server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--visits", type=int, default=15, help="of the first part")
    parser.add_argument("--runs", type=int, default=3, help="of the browser's first paint")
    parser.add_argument("--no-browser", action="store_true", help="the first part alone")
    given = parser.parse_args()
    counts = [FEW, *given.counts]
    if hasattr(os, "getloadavg"):
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = start(ROOT / "Home.py", port, Path(folder))
        try:
            wait_healthy(port)
            server = Server(port, process.pid)
            for count in counts:
                print(f"map of {count:,} digits there after {make(server, count):.1f} s")
            second_visits(server, counts, given.visits)
            if not given.no_browser:
                in_browser(port, counts, given.runs)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
