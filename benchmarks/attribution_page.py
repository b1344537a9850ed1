"""Six explanations of a new image on the attribution page, from the click to the screen.

Run it with ``python benchmarks/attribution_page.py`` (about two minutes). A headless Chromium
opens the page with six panels, takes another image at random, and waits until all six maps are
those of the new image. Beside each turn this process makes a forward and a backward pass of the
same network: what a single gradient costs. The budget is ten of these plus one second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import screen, untrained
from benchmarks.map_page import settle
from benchmarks.spent import Spent, load, spread, threads, timed
from xai import models

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from xai.models import LoadedModel

MODEL, DATA = "efficientnet-lite0", "photos"
#: The boards that are looked at.
BOARDS = {
    "six voices": (
        *("gradient", "input_x_gradient", "guided_backprop", "grad_cam", "layer_cam", "lrp"),
    ),
    "LRP for four classes": ("lrp", "lrp-2@281", "lrp-3@282", "lrp-4@285"),
}
FACTOR, GRACE = 10, 1.0

# Waits until every panel shows another map than before; a label tells the raw values.
_AWAIT = """(count) => {
    const labels = () => watch.all("canvas[aria-label*='Raw values']")
        .map((canvas) => canvas.getAttribute("aria-label"));
    const before = new Set(labels());
    watch.reset();
    const look = () => {
        const now = labels();
        if (watch.begin !== null && now.length === count && now.every((one) => !before.has(one)))
            watch.finish();
        else requestAnimationFrame(look);
    };
    look();
}"""


def both_ways(model: LoadedModel) -> Spent:
    """Return the time of a forward pass and of the way back to the image."""
    x = torch.rand(1, *model.input_shape)

    def work() -> None:
        leaf = x.clone().requires_grad_()
        torch.autograd.grad(model.logits(leaf)[:, 0].sum(), leaf)

    work()
    return timed(work)


def turn(page: Page, count: int) -> float:
    """Take another image; return the seconds until all maps are its own."""
    button = page.get_by_role("button", name="casino icon")
    button.wait_for()
    page.evaluate(_AWAIT, count)
    button.click()
    seconds: float = screen.result(page, 120_000)["painted"] / 1000
    settle(page)
    return seconds


def board(browser: Browser, port: int, words: str, runs: int) -> None:
    """Print how soon a board is there."""
    model = models.load(MODEL)
    page = screen.open_page(browser)
    methods = ",".join(BOARDS[words])
    page.goto(f"http://127.0.0.1:{port}/attribution?data={DATA}&model={MODEL}&methods={methods}")
    page.locator("canvas[aria-label*='Raw values']").first.wait_for(timeout=120_000)
    settle(page, 3)
    count = len(BOARDS[words])
    turn(page, count)  # prepared networks are made by the first
    pairs = [(turn(page, count), both_ways(model).seconds) for _ in range(runs)]
    page.context.close()
    seen, bare = zip(*pairs, strict=True)
    inside = sum(one <= FACTOR * base + GRACE for one, base in pairs)
    allowed = FACTOR * float(np.median(bare)) + GRACE
    print(f"{model.spec.label}, {words} ({count} panels), ms, median of {runs} (least to most)")
    print(f"    click to all maps   {spread(seen, 1000)}")
    print(f"    forward + backward  {spread(bare, 1000)}")
    print(
        f"    budget {FACTOR} x + {GRACE:.0f} s = {1000 * allowed:.0f}; {inside} of {runs} within"
    )


def main() -> None:
    """Look at each board."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    print(load())
    threads(given.threads)
    with (
        tempfile.TemporaryDirectory() as folder,
        untrained.serving([], Path(folder)) as port,
        screen.chromium() as browser,
    ):
        for words in BOARDS:
            board(browser, port, words, given.runs)
    print(load())


if __name__ == "__main__":
    main()
