"""The way from images to the drawn flow, beside its bare parts; see ``cluster_flow.py``."""

from __future__ import annotations

import warnings
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.spent import load, tell, timed
from xai import datasets, flow, models
from xai.flow.columns import default_layers
from xai.flow.keys import seen
from xai.flow.pipeline import Run, run

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

MODEL = "lenet5-mnist"
#: What the pipeline may take of its bare parts.
LIMIT = 4.0
#: Most nodes of a column, as the page folds them.
NODES = 16
BATCH = 64


class Laps:
    """Seconds of each step of some runs."""

    def __init__(self) -> None:
        self.runs: list[dict[str, float]] = []
        self._last = 0.0

    def begin(self) -> None:
        """Start a run."""
        self.runs.append({})
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        """Say what the time since the last lap went into."""
        now, run = perf_counter(), self.runs[-1]
        run[name] = run.get(name, 0.0) + now - self._last
        self._last = now

    def tell(self, title: str) -> None:
        """Print the median of each step and its share of all steps."""
        steps = {name: median(run.get(name, 0.0) for run in self.runs) for name in self.runs[0]}
        whole = sum(steps.values())
        words = (f"{name} {value:.3f} ({value / whole:.0%})" for name, value in steps.items())
        print(f"    {title}, s: {', '.join(words)}")


class Given(NamedTuple):
    """What both sides of a comparison are given.

    ``prepared`` is what the network takes, ``answers`` the averaged ones of each column.
    """

    model: LoadedModel
    images: ImageSet
    columns: tuple[str, ...]
    prepared: np.ndarray
    answers: tuple[np.ndarray, ...]


def given(count: int, most: int | None = None) -> Given:
    """Return some digits and columns that are spread over all of them."""
    from xai.features.extraction import extract

    model, images = models.load(MODEL, device="cpu"), sample(count)
    whole = default_layers(model)
    places = np.linspace(0, len(whole) - 1, most or len(whole)).round().astype(int)
    columns = tuple(whole[place] for place in places)
    layers = [seen(name) for name in columns]
    values = extract(model, images, layers).values
    prepared = np.stack([model.prepare(image) for image in images.images])
    return Given(model, images, columns, prepared, tuple(values[name] for name in layers))


def sample(count: int) -> ImageSet:
    """Return the digits that the page shows for a number of images."""
    return datasets.pool_sample(datasets.load_all("mnist"), count)


# ------------------------------------------------------------------------- the pipeline
def bare(what: Given, laps: Laps) -> None:
    """Do the parts that the drawing cannot do without, and nothing else."""
    from sklearn.cluster import OPTICS
    from sklearn.decomposition import PCA

    laps.begin()
    bare_passes(what)
    laps.lap("forward passes")
    rows = [PCA(0.9).fit_transform(answers) for answers in what.answers]
    laps.lap("PCA")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal neighbours
        for table in rows:
            OPTICS(min_samples=10).fit(table)
    laps.lap("OPTICS")


def bare_passes(what: Given) -> None:
    """Show the network all images; hooks see what each layer answers."""
    import torch

    net, outputs = what.model.private(), {}

    def keep(name: str, *told: object) -> None:
        outputs[name] = told[-1]  # until the next batch

    for layer in what.model.layers:
        net.get_submodule(layer.name).register_forward_hook(partial(keep, layer.name))
    with torch.no_grad():
        for start in range(0, len(what.prepared), BATCH):
            net(what.model.normalize(torch.from_numpy(what.prepared[start : start + BATCH])))


def drawing(what: Given, laps: Laps) -> None:
    """Go from images to what the browser is sent, as the page does."""
    from pages._ui.flow_view.payload import picture_part
    from xai.figures.flow_picture import picture

    found = clustered(what, laps).graph
    folded = flow.fold(found, most=NODES)
    if not np.array_equal(folded.assigned, found.assigned):
        found = flow.order(folded)
    laps.lap("fold")
    raw = flow.unordered(found)
    places = flow.lay_out(found), flow.lay_out(raw)
    laps.lap("places")
    shown = picture(found, places[0], raw, places[1])
    laps.lap("picture")
    picture_part(shown)
    laps.lap("packing")


def clustered(what: Given, laps: Laps) -> Run:
    """Run the pipeline; its own words say where it is."""
    steps = {"Components": "components", "Clusters": "clusters", "Order": "order"}
    present = "passes and averages"

    def told(done: int, total: int, message: str) -> None:
        nonlocal present
        step = steps.get(message.split()[0], present)
        if step != present:
            laps.lap(present)
            present = step

    laps.begin()
    found = run(what.model, what.images, what.columns, progress=told)
    laps.lap(present)
    return found


def measured(count: int, most: int | None, runs: int) -> None:
    """Print what some digits and columns cost, and what goes into it."""
    what, warm = given(count, most), given(60, most)
    base, own = Laps(), Laps()
    bare(warm, Laps())  # imports, and each thing once
    drawing(warm, Laps())
    pairs = [
        (timed(partial(bare, what, base)), timed(partial(drawing, what, own))) for _ in range(runs)
    ]
    print(f"  {count:,} digits, {len(what.columns)} columns, {runs} runs; {load()}")
    tell("bare parts", "images to drawing", pairs, LIMIT)
    base.tell("bare parts")
    own.tell("images to drawing")
