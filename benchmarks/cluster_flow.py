"""Cluster flow: what the way from images to the drawing costs, and how little crosses in it.

Run it with ``python benchmarks/cluster_flow.py`` on a quiet machine (about eight minutes;
``--part`` takes one or more). What is compared alternates, on one thread unless ``--threads``
says otherwise: on a busy machine threads that wait for each other measure the others.

1. ``pipeline``: 1,000 digits through all layers of LeNet-5, from images to what the browser is
   sent, beside its bare parts: forward passes whose hooks see every layer's output,
   scikit-learn's PCA of the same averaged answers and its OPTICS of the components. And
   where the time goes.
2. ``growth``: the same with 500 and 2,000 digits, and with three and six columns.
3. ``layout``: order and places of 200 nodes and 2,000 images, beside the layout of the same
   graph by grandalf and a matrix product.
4. ``crossings``: the order beside the optimum and grandalf, and of the digits; counts alone.
5. ``path``: the path of one image beside one forward pass.
6. ``files``: a flow written and read beside the same arrays without compression or checks.
7. ``memory``: the highest resident memory of 2,000 digits, above what the process held before,
   in a process of its own; beside that of the bare parts. It is read from Linux's /proc.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from streamlit.logger import set_log_level

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import flow_order
from benchmarks.features import forget_peak, memory
from benchmarks.session import ROOT
from benchmarks.spent import compare, load, tell, threads, timed
from xai import datasets, flow, models
from xai.flow.columns import default_layers
from xai.flow.keys import seen
from xai.flow.pipeline import Run, run
from xai.store import Store
from xai.store.shelf import Shelf

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

MODEL = "lenet5-mnist"
#: Digits and columns, and how often; all columns where they are None.
USUAL, USUAL_RUNS = 1000, 5
GROWTH = ((500, None, 3), (2000, None, 2), (USUAL, 3, 3), (USUAL, 6, 3))
MANY = 2000
#: What the pipeline may take of its bare parts, and the layout in seconds.
LIMIT, SOON = 4.0, 0.5
BATCH = 64
#: Columns, nodes of each, and share of images that leave their bundle.
SHAPE, STRAYS = (20, 10), (0.2, 1.0)
SIDE = 1500  # of the matrices that are multiplied


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
    folded = flow.fold(found, most=flow_order.NODES)
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
    bare(warm, Laps()), drawing(warm, Laps())  # imports, and each thing once
    pairs = [
        (timed(partial(bare, what, base)), timed(partial(drawing, what, own))) for _ in range(runs)
    ]
    print(f"  {count:,} digits, {len(what.columns)} columns, {runs} runs; {load()}")
    tell("bare parts", "images to drawing", pairs, LIMIT)
    base.tell("bare parts")
    own.tell("images to drawing")


# --------------------------------------------------------------------------- the layout
def layout() -> None:
    """Print what order and places of a large graph cost."""
    columns, width = SHAPE
    matrix = np.random.default_rng(0).random((SIDE, SIDE))
    for strays in STRAYS:
        graph = flow_order.travelling(columns, width, MANY, strays, seed=0)
        layers, edges = flow_order.as_edges(graph)
        print(f"  {columns * width} nodes, {MANY:,} images, {len(edges):,} flows; budget {SOON} s")

        def ours(graph: flow.FlowGraph = graph) -> None:
            # Without what the graph has cached of itself.
            flow.lay_out(flow.order(flow.unordered(graph)))

        theirs = partial(flow_order.by_grandalf, layers, edges)
        compare("grandalf", theirs, "order and places", ours, 7)
        compare(f"product of {SIDE} x {SIDE}", lambda: matrix @ matrix, "the same", ours, 7)


def crossings(store: Shelf) -> None:
    """Print the counts."""
    flow_order.small_graphs()
    flow_order.large_graphs()
    flow_order.digits(models.load(MODEL, device="cpu"), sample(USUAL), store)


# -------------------------------------------------------------------------- one image
def path(store: Shelf) -> None:
    """Print what the path of one image costs when all is at hand."""
    import torch

    model = models.load(MODEL, device="cpu")
    graph = flow.flow_of(model, sample(USUAL), store=store)
    pool = datasets.load_all("mnist")
    image = model.prepare(pool.images[len(pool) // 2])
    batch = torch.from_numpy(image[None])

    def forward() -> None:
        with torch.no_grad():
            model.net(model.normalize(batch))

    print(f"  among {USUAL:,} digits, {len(graph.layers)} columns; {load()}")
    compare("one pass", forward, "path", lambda: flow.path(graph, model, image), 100)


# ------------------------------------------------------------------------------ files
def files(store: Shelf) -> None:
    """Print what writing and reading a flow cost, and how large the file is."""
    import h5py

    from xai.flow.answers import answers

    model, images = models.load(MODEL, device="cpu"), sample(USUAL)
    graph = flow.flow_of(model, images, store=store)
    places, batches = flow.lay_out(graph), list(answers(model, images, graph))
    with tempfile.TemporaryDirectory() as folder:
        own, raw = Path(folder) / "own.h5", Path(folder) / "raw.h5"
        write = partial(flow.write, own, graph, places, activations=batches)
        write()
        arrays: dict[str, np.ndarray] = {}
        with h5py.File(own, "r") as file:
            file.visititems(lambda name, one: _take(arrays, name, one))
        least = [name for name in arrays if not name.endswith("/activations")]

        def write_raw() -> None:
            with h5py.File(raw, "w") as file:
                for name, array in arrays.items():
                    file[name] = array

        def read_raw() -> None:
            with h5py.File(raw, "r") as file:
                for name in least:
                    file[name][()]

        compare("h5py", write_raw, "write", write, 7)
        compare("h5py", read_raw, "read, without activations", partial(flow.read, own), 7)
        sizes = raw.stat().st_size, own.stat().st_size
        share = sizes[1] / sizes[0]
        print(f"    h5py {sizes[0] / 1e6:.2f} MB, ours {sizes[1] / 1e6:.2f} MB = {share:.2f} x")


def _take(arrays: dict[str, np.ndarray], name: str, one: object) -> None:
    if hasattr(one, "shape"):
        arrays[name] = one[()]  # type: ignore[index]


# ----------------------------------------------------------------------------- memory
def grown(name: str, count: int) -> float:
    """Return by how many MiB this process grows at most during the work."""
    set_log_level("ERROR")
    work = {"bare": bare, "drawing": drawing}[name]
    what = given(count)
    work(given(60), Laps())
    rest = memory("VmRSS")
    forget_peak()
    work(what, Laps())
    return memory("VmHWM") - rest


def peaks() -> None:
    """Print the highest memory of both sides, in a process of its own each."""
    found = {}
    for name, count in itertools.product(("bare", "drawing"), (USUAL, MANY)):
        with get_context("spawn").Pool(1) as pool:
            found[name, count] = pool.apply(grown, (name, count))
    for count in (USUAL, MANY):
        base, own = found["bare", count], found["drawing", count]
        print(f"  {count:,} digits: bare parts {base:.0f} MiB; images to drawing {own:.0f} MiB")


def growth() -> None:
    """Print the second part."""
    for count, columns, runs in GROWTH:
        measured(count, columns, runs)


def main() -> None:
    """Run all parts, or some."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Store(Path(folder), shipped=ROOT / "xai" / "data" / "flows"))
        parts: dict[str, Callable[[], None]] = {
            "pipeline": lambda: measured(USUAL, None, USUAL_RUNS),
            "growth": growth,
            "layout": layout,
            "crossings": lambda: crossings(shelf),
            "path": lambda: path(shelf),
            "files": lambda: files(shelf),
            "memory": peaks,
        }
        reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
        reader.add_argument("--part", nargs="+", choices=parts, help="some parts only")
        reader.add_argument("--threads", type=int, default=1)
        wanted = reader.parse_args()
        set_log_level("ERROR")  # that no page is running is meant
        print(load())
        threads(wanted.threads)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(wanted.threads):
            for name in wanted.part or parts:
                print(f"\n{name}", flush=True)
                parts[name]()


if __name__ == "__main__":
    main()
