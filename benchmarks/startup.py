"""How long a visitor waits: cold start in a real browser, warm reruns at the server.

Run it with ``python benchmarks/startup.py``. Each figure is a ratio to a baseline in the
same run: an empty Streamlit app, and a bare script that imports torch, builds the model and
makes one forward pass.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.session import ROOT, Session, free_port, running, start, wait_healthy
from tests.browser.finding import installed

PAGES = ("", "dataset", "architecture", "feature_maps", "attribution", "adversarial")
EMPTY = 'import streamlit as st\nst.title("Empty")\n'
BARE = """
import numpy as np, torch
from xai.models import load
model = load("efficientnet-lite0")
model.predict(np.zeros((3, 224, 224), np.float32))
"""


def cold(
    browser: Browser, script: Path, selectors: dict[str, str], cache: Path
) -> dict[str, float]:
    """Return seconds from process start until each selector is visible in the browser."""
    port = free_port()
    begin = time.perf_counter()
    process = start(script, port, cache)
    page = browser.new_page()
    try:
        wait_healthy(port)
        page.goto(f"http://127.0.0.1:{port}", wait_until="commit")
        found = {}
        for name, selector in selectors.items():
            page.wait_for_selector(selector, timeout=60_000)
            found[name] = time.perf_counter() - begin
        return found
    finally:
        page.close()
        process.terminate()
        process.wait()


def bare() -> float:
    """Return the seconds of a bare script from process start to prediction."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, check=True)
    return time.perf_counter() - begin


def cold_starts(runs: int, work: Path) -> None:
    """Print the cold starts, paired run by run."""
    empty = work / "empty.py"
    empty.write_text(EMPTY)
    selectors = {
        "painted": "h2:has-text('Layerscope')",
        "predicted": "text=The network says",
        "explained": "text=Layer-wise relevance",
    }
    rows: list[tuple[float, ...]] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-gpu"]
        )
        for run in range(runs + 1):
            blank = cold(browser, empty, {"painted": "h1"}, work)["painted"]
            ours = cold(browser, ROOT / "Home.py", selectors, work)
            script = bare()
            if run:  # the first fills the disk cache
                rows.append((blank, script, *ours.values()))
        browser.close()
    blank, script, painted, predicted, explained = map(statistics.median, zip(*rows, strict=True))
    print(
        f"cold start, median of {runs}: empty app painted {blank:.2f} s, bare script {script:.2f} s"
    )
    print(f"  painted    {painted:.2f} s = {painted / blank:.2f} x the empty app (budget 1.5)")
    print(
        f"  predicted  {predicted:.2f} s = {predicted / script:.2f} x the bare script (budget 1.3)"
    )
    print(f"  explained  {explained:.2f} s")


def warm_reruns(runs: int, work: Path) -> None:
    """Print the server time of a warm rerun of each page."""
    with running(work / "empty.py", work) as port:
        blank = warm(port, "", runs)
    print(f"warm rerun, median of {runs}: empty page {1000 * blank:.1f} ms")
    with running(ROOT / "Home.py", work) as port:
        for page in PAGES:
            ours = warm(port, page, runs)
            ratio = ours / blank
            print(f"  {page or 'start':13s} {1000 * ours:6.1f} ms = {ratio:5.2f} x (budget 3)")


def warm(port: int, page: str, runs: int) -> float:
    """Return the median seconds of a rerun once every job of the page is done."""
    session = Session(port)
    try:
        for _ in range(20):
            session.run(page)
            time.sleep(0.5)
        return statistics.median(session.run(page) for _ in range(runs))
    finally:
        session.close()


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        cold_starts(runs, Path(folder))
        warm_reruns(4 * runs, Path(folder))


if __name__ == "__main__":
    main()
