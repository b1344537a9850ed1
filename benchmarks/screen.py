"""What a page shows and when, measured inside a headless Chromium.

It draws in software, on the same cores as the server, so a visitor's machine will be faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.map_page import Traffic
from tests.browser.finding import installed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


# A time begins when the reader lets go of the mouse or presses Enter, as the browser stamps
# the event, and ends with the frame after the one in which the change is drawn. The roots
# have to be collected: each component is in one.
_WATCH = """
const roots = [];
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    roots.push(root);
    return root;
};
window.watch = { begin: null, result: null };
const stamp = (event) => {
    if (event.type === "pointerup" || event.key === "Enter") watch.begin = event.timeStamp;
};
for (const type of ["pointerup", "keydown"]) addEventListener(type, stamp, { capture: true });
watch.find = (selector) => roots.filter((root) => root.host.isConnected)
    .map((root) => root.querySelector(selector)).find(Boolean);
watch.all = (selector) => roots.filter((root) => root.host.isConnected)
    .flatMap((root) => [...root.querySelectorAll(selector)]);
watch.finish = (more = {}) => requestAnimationFrame(() => requestAnimationFrame(() => {
    watch.result = { painted: performance.now() - watch.begin, ...more };
}));
watch.reset = () => Object.assign(watch, { begin: null, result: null });
// The floor: a click that changes nothing.
watch.nothing = () => {
    watch.reset();
    addEventListener("pointerup", () => watch.finish(), { capture: true, once: true });
};
"""


class Weight(Traffic):
    """Bytes of a page, and how many pictures it asks the server for."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        page.on("request", self._asked)

    def clear(self) -> None:
        """Start again."""
        super().clear()
        self.pictures = 0

    def _asked(self, request: Any) -> None:
        self.pictures += _is_picture(request)

    def _fetched(self, request: Any) -> None:
        if _is_picture(request):  # Streamlit's own fonts lie under a similar address
            self.files += request.sizes()["responseBodySize"]


def _is_picture(request: Any) -> bool:
    found: bool = request.resource_type == "image" and request.url.startswith("http")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def open_page(browser: Browser) -> Page:
    """Open a tab of a new visitor that watches itself, on a projector's screen."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.add_init_script(_WATCH)
    return page


def result(page: Page, timeout: float = 60_000) -> dict[str, Any]:
    """Wait for what the tab has measured; times are milliseconds."""
    page.wait_for_function("() => watch.result !== null", timeout=timeout)
    found: dict[str, Any] = page.evaluate("() => watch.result")
    return found
