"""A Streamlit server on a free port, and a Chromium that looks at it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import finding
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A page's own link makes Streamlit's client look for its server below that page before it finds
# it at the root; it logs what is not there. A picture that the page has replaced before the
# browser has asked for it is gone, too: the new one is asked for next.
_PROBE = re.compile(r"/\w+/_stcore/(health|host-config)$|/media/[0-9a-f]+\.\w+$")

# True when the script has ended and every element has stood still for ten frames.
_SETTLED = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const ready = app?.dataset.testScriptState === "notRunning"
        && document.fonts.status === "loaded"
        && !document.querySelector('[data-testid="stSkeleton"]');
    const boxes = [...document.querySelectorAll('[data-testid="stElementContainer"]')]
        .map((element) => Object.values(element.getBoundingClientRect().toJSON())).join();
    const still = ready && boxes && boxes === window.settling?.boxes;
    window.settling = { boxes, frames: still ? window.settling.frames + 1 : 0 };
    return window.settling.frames >= 10;
}"""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Try what only time spoils once more: a starved browser. Wrong answers stay wrong."""
    item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


# -------------------------------------------------------------------- the server
@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Start a script under Streamlit; the same script and environment share one server.

    ``app_server("Home.py")`` returns the base URL. A relative path counts from the
    repository's root; ``env`` adds to the environment.
    """
    running: dict[tuple[object, ...], tuple[subprocess.Popen[bytes], str]] = {}

    def start(script: str | Path, *, env: Mapping[str, str] | None = None) -> str:
        name = (ROOT / script, *sorted((env or {}).items()))
        if name not in running:
            running[name] = _serve(ROOT / script, env or {}, tmp_path_factory.mktemp("server"))
        return running[name][1]

    yield start
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _serve(
    script: Path, env: Mapping[str, str], folder: Path
) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "server.headless": "true",
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    surroundings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "LAYERSCOPE_CACHE": str(folder / "cache"),
        **env,
    }
    log = folder / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *flags],
            cwd=ROOT,
            env=surroundings,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, log)
    except BaseException:
        process.kill()
        raise
    return process, url


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    pytest.fail(f"Streamlit did not come up at {url}:\n{tail}", pytrace=False)


# ------------------------------------------------------------------- the browser
# For one module, not for the session: as long as Playwright runs, this thread has a
# running event loop, which tests elsewhere need not expect.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start one Chromium for the tests of a module."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=finding.installed(), args=_ARGUMENTS
            )
        except Error as error:
            pytest.fail(
                "The browser tests need a Chromium. Install one with python "
                "tests/browser/install.py, or name one in the environment variable "
                f"{finding.VARIABLE}.\n{error.message}",
                pytrace=False,
            )
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """Collect what a page reports as an error; a test that means one clears the list."""
    return []


@pytest.fixture
def open_page(
    chromium: Browser, console_errors: list[str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a page of one's own: ``open_page(theme="dark", width=1280, height=900, **context)``.

    Each call is a new visitor. At the end of the test every error that a page wrote to its
    console fails it. The environment variable LAYERSCOPE_SCREENSHOTS names a folder that
    keeps how each page looked at the end.
    """
    pages: list[Page] = []

    def heed(message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        if message.type == "error" and not _PROBE.search(place):
            console_errors.append(f"{message.text} {place}")

    def open_one(
        *, theme: str = "light", width: int = 1280, height: int = 900, **context: Any
    ) -> Page:
        visitor = chromium.new_context(
            color_scheme=theme, viewport={"width": width, "height": height}, **context
        )
        page = visitor.new_page()
        page.on("console", heed)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        pages.append(page)
        return page

    yield open_one
    folder = os.environ.get("LAYERSCOPE_SCREENSHOTS")
    for place, page in enumerate(pages):
        if folder and not page.is_closed():
            page.screenshot(path=Path(folder) / f"{request.node.name}-{place}.png")
        page.context.close()
    assert not console_errors, "errors in the browser's console"


@pytest.fixture
def settle() -> Callable[[Page], None]:
    """Wait until the script has run, everything has loaded, and nothing moves any more.

    ``settle(page)`` comes before whatever aims at a place on the screen.
    """

    def wait(page: Page) -> None:
        page.wait_for_function(_SETTLED, timeout=60_000)

    return wait


@pytest.fixture
def open_app(
    app_server: Callable[..., str],
    open_page: Callable[..., Page],
    settle: Callable[[Page], None],
) -> Callable[..., Page]:
    """Open the page of a script, and wait until its component is there and nothing moves.

    ``open_app("tests/browser/map_app.py", ".map[data-ready=yes]", "panels=2", theme="dark")``:
    the script, what is found once a component is ready, and the query; there may be a
    ``count`` of them, and a script may have several to ``view``. Before anything loads,
    ``before(page)`` is called and the page gets a ``script`` of the test's own. With
    ``still=False`` it may move on. The rest goes to ``open_page``.
    """

    def go(
        app: str,
        ready: str,
        query: str = "",
        *,
        count: int = 1,
        before: Callable[[Page], None] | None = None,
        script: str = "",
        still: bool = True,
        view: str = "",
        **context: Any,
    ) -> Page:
        page = open_page(**context)
        if before:
            before(page)
        if script:
            page.add_init_script(script)
        page.goto(f"{app_server(app)}/?{f'view={view}&' if view else ''}{query}")
        expect(page.locator(ready)).to_have_count(count, timeout=60_000)
        expect(page.locator(ready).first).to_be_visible()
        if still:
            settle(page)
        return page

    return go


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """Open one light page of 1280 by 900 pixels."""
    return open_page()
