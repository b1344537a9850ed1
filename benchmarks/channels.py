"""All channels of a layer: how soon they stand on the screen, and what travels for it.

Run it with ``python benchmarks/channels.py`` (about five minutes). The first part makes the
grid of layers of VGG-16 with 512 channels as the page does, from the prepared image to the
message that goes to the browser, beside the forward pass of one image up to that layer. The
two alternate, and nothing is kept from one run to the next. Weights are random; see
``benchmarks/untrained.py``.

The second part looks at the page Feature maps with a headless Chromium: the time from the key
that chooses another layer until its grid is drawn, beside the same forward pass in this
process right after it. Each visitor brings another image, so that no server has its maps yet.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import numpy as np
from streamlit.logger import set_log_level

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import screen, untrained
from benchmarks.map_page import settle
from benchmarks.spent import Spent, judge, load, spread, threads, timed
from xai import datasets, models

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from xai.models import LoadedModel
    from xai.types import Layer

LARGE = "vgg16"
WIDE = 512
#: The models of the second part and the data set that each looks at.
LOOKS = {"vgg16-mnist": "mnist", "efficientnet-lite0": "photos", LARGE: "photos"}
MOST_PICTURES = 3

# Waits until the grid of a layer has its picture.
_AWAIT = """(name) => {
    watch.reset();
    const grid = `.grid[data-ready=yes] .scroll[aria-label="Channels of ${CSS.escape(name)}"]`;
    const look = () => {
        if (watch.begin !== null && watch.find(grid)) watch.finish();
        else requestAnimationFrame(look);
    };
    look();
}"""


class Made(NamedTuple):
    """Each step to a grid, and the bytes of its message."""

    maps: Spent
    order: Spent
    picture: Spent
    size: int

    @property
    def judged(self) -> Spent:
        """All of it."""
        return self.maps + self.order + self.picture


class Turn(NamedTuple):
    """Choosing another layer: seconds, those of the forward pass, bytes, requests."""

    seen: float
    forward: Spent
    until: int
    received: int
    pictures: int


def wide(model: LoadedModel, least: int = 0) -> list[Layer]:
    """Return the layers of a model that have maps, those with many channels."""
    return [one for one in model.layers if len(one.shape) == 3 and one.shape[0] >= least]


def make(model: LoadedModel, image: np.ndarray, layer: Layer, mount: mock.Mock) -> Made:
    """Make the grid of a layer with the page's own functions, from nothing."""
    from pages._ui import cached
    from pages._ui.channels import sheet

    cached.feature_maps.clear()
    cached.channel_sheet.clear()
    mount.reset_mock()
    kept: dict[str, Any] = {}
    name = model.spec.name

    def maps() -> None:
        kept["maps"] = cached.feature_maps(name, "an image", layer.name, image)

    def order() -> None:
        answer = sheet.Answer(name, "an image", layer, kept["maps"])
        kept["answer"] = answer
        kept["ranked"] = sheet.ranked("score", answer.facts.score, len(answer.maps))

    def picture() -> None:
        sheet.grid(kept["answer"], kept["ranked"], None, None, key="grid")

    steps = timed(maps), timed(order), timed(picture)
    sent = [call.kwargs["data"] for call in mount.call_args_list]
    return Made(*steps, size=max(len(data) for data in sent if isinstance(data, bytes)))


@contextmanager
def no_browser() -> Iterator[mock.Mock]:
    """Let the grid's message go nowhere; yield what hears of it."""
    from pages._ui import channel_grid

    with mock.patch.object(channel_grid, "_mount") as mount:
        yield mount


def grids(names: Sequence[str], runs: int) -> None:
    """Print the first part."""
    from pages._ui import cached

    untrained.shelve([LARGE])
    model = cached.model(LARGE)
    image = model.prepare(datasets.load("photos").images[0])
    for layer in (one for one in wide(model, WIDE) if one.name in names):
        pairs = in_turn(model, image, layer, runs + 2)[2:]
        made = [one for _, one in pairs]
        shape = " x ".join(map(str, layer.shape))
        print(f"{model.spec.label}, {layer.name}, {shape}, ms, median of {runs} (least to most)")
        judge("forward pass", [base for base, _ in pairs], "grid", [one.judged for one in made])
        for word in ("maps", "order", "picture"):
            steps = [getattr(one, word).seconds for one in made]
            print(f"    {word:10s} {spread(steps, 1000)}")
        print(f"    message    {made[-1].size / 1e6:.2f} MB")


def in_turn(
    model: LoadedModel, image: np.ndarray, layer: Layer, runs: int
) -> list[tuple[Spent, Made]]:
    """Make the forward pass up to a layer, and its grid, in turn."""
    with no_browser() as mount:
        return [
            (
                timed(lambda: untrained.until(model, image, layer.name)),
                make(model, image, layer, mount),
            )
            for _ in range(runs)
        ]


def visit(
    browser: Browser, port: int, model: LoadedModel, place: int, layers: Sequence[Layer]
) -> tuple[screen.Weight, list[Turn]]:
    """Open the page with an image and turn from layer to layer, at last back to the second.

    Returns
    -------
    Weight
        Of the page until its first grid stood still.
    list of Turn
        The last one is to maps that the server has already.
    """
    data = LOOKS[model.spec.name]
    images = datasets.load(data, n=100 if data == "mnist" else None)
    image = model.prepare(images.images[place])
    page = screen.open_page(browser)
    whole = screen.Weight(page)
    query = f"data={data}&model={model.spec.name}&image={images.ids[place]}&layer={layers[0].name}"
    page.goto(f"http://127.0.0.1:{port}/feature_maps?{query}")
    page.locator(".grid[data-ready=yes]").wait_for(timeout=120_000)
    settle(page)
    weight = screen.Weight(page)
    weight.received, weight.files, weight.pictures = whole.received, whole.files, whole.pictures
    turns = [turn(page, whole, model, image, layer) for layer in (*layers[1:], layers[1])]
    page.context.close()
    return weight, turns


def turn(
    page: Page, weight: screen.Weight, model: LoadedModel, image: np.ndarray, layer: Layer
) -> Turn:
    """Choose another layer by its name; then make the forward pass that it needs."""
    field = page.get_by_role("combobox", name="Find a layer")
    field.fill(layer.name)
    page.evaluate(_AWAIT, layer.name)
    weight.clear()
    field.press("Enter")
    seen = screen.result(page)["painted"] / 1000
    until = weight.received
    settle(page)
    chosen = page.locator(".network .bar .name").first.inner_text()
    if chosen != layer.name:
        raise RuntimeError(f"looked for {layer.name}, but {chosen} was chosen")
    untrained.until(model, image, layer.name)
    forward = timed(lambda: untrained.until(model, image, layer.name))
    return Turn(seen, forward, until, weight.received, weight.pictures)


def looked_at(browser: Browser, port: int, name: str, runs: int) -> None:
    """Print the second part for a model."""
    if name == LARGE:
        model = untrained.untrained(name)
        some = [one for one in wide(model, WIDE) if one.kind == "ReLU"]
        layers = [model.layers[0], *some[::2]]
    else:
        model = models.load(name)
        some = wide(model)
        layers = some[:: max(1, len(some) // 4)]
    visits = [visit(browser, port, model, place, layers) for place in range(runs)]
    whole = [weight for weight, _ in visits]
    turns = [one for _, found in visits for one in found[:-1]]
    again = [found[-1].seen for _, found in visits]
    words = ", ".join(f"{one.name} ({one.shape[0]})" for one in layers[1:])
    print(f"{model.spec.label}, {len(turns)} turns to {words}; ms, median (least to most)")
    seen = [Spent(one.seen, math.nan) for one in turns]
    judge("forward pass", [one.forward for one in turns], "grid on the screen", seen)
    print(f"    again      {spread(again, 1000)}: {layers[1].name}, whose maps the server has")
    most = max(one.pictures for one in turns)
    first = max(one.pictures for one in whole)
    print(
        f"    a turn     {spread([one.until for one in turns], 1e-6, '{:.2f}')} MB over the "
        f"websocket till then, {spread([one.received for one in turns], 1e-6, '{:.2f}')} in all; "
        f"requests for images at most {most}"
    )
    print(
        f"    the page   {spread([one.received for one in whole], 1e-6, '{:.2f}')} MB over the "
        f"websocket, {spread([one.files for one in whole], 1e-3)} kB of pictures; requests for "
        f"images at most {first} (budget {MOST_PICTURES})"
    )


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", nargs="*", default=["features.18", "features.29"])
    parser.add_argument("--runs", type=int, default=15, help="of the first part")
    parser.add_argument("--models", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    parser.add_argument("--visits", type=int, default=4, help="of the second part, a model")
    parser.add_argument("--part", choices=("grids", "page"), help="one part alone")
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    set_log_level("ERROR")  # that no page is running is meant
    print(load())
    threads(given.threads)
    if given.part != "page":
        grids(given.layers, given.runs)
    if given.part == "grids":
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        untrained.serving([LARGE], Path(folder)) as port,
        screen.chromium() as browser,
    ):
        print(f"Chromium {browser.version}, headless, drawing in software, 1366 x 768")
        for name in given.models:
            looked_at(browser, port, name, given.visits)
    print(load())


if __name__ == "__main__":
    main()
