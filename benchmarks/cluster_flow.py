"""Cluster flow: what the way from images to the drawing costs, and how little crosses in it.

Run it with ``python benchmarks/cluster_flow.py`` on a quiet machine (about six minutes;
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
6. ``files``: a flow written and read beside h5py writing and reading the same arrays.
7. ``memory``: the highest resident memory of 1,000 and 2,000 digits, above what the process
   held before, in a process of its own; beside that of the bare parts. It is read from Linux's
   /proc.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.logger import set_log_level

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import flow_order
from benchmarks.features import forget_peak, memory
from benchmarks.flow_pipeline import MODEL, Given, Laps, bare, drawing, given, measured, sample
from benchmarks.session import ROOT
from benchmarks.spent import compare, load, threads
from xai import datasets, flow, models
from xai.store import Store
from xai.store.shelf import Shelf

#: Digits and columns, and how often; all columns where they are None.
USUAL, USUAL_RUNS = 1000, 5
GROWTH = ((500, None, 3), (2000, None, 2), (USUAL, 3, 3), (USUAL, 6, 3))
MANY = 2000
#: Seconds that the layout may take.
SOON = 0.5
#: Nodes of each column, and share of images that leave their bundle.
WIDTHS, STRAYS = [10] * 20, (0.02, 1.0)
SIDE = 1500  # of the matrices that are multiplied


# --------------------------------------------------------------------------- the layout
def layout() -> None:
    """Print what order and places of a large graph cost."""
    matrix = np.random.default_rng(0).random((SIDE, SIDE))
    for strays in STRAYS:
        graph = flow_order.travelling(WIDTHS, MANY, strays, seed=0)
        layers, edges = flow_order.as_edges(graph)
        print(f"  {sum(WIDTHS)} nodes, {MANY:,} images, {len(edges):,} flows; budget {SOON} s")

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
    from xai.flow.files import schema

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

        def write_raw(**packing: Any) -> None:
            with h5py.File(raw, "w") as file:
                for name, array in arrays.items():
                    file.create_dataset(name, data=array, **(packing if array.size else {}))

        def read_raw() -> None:
            with h5py.File(raw, "r") as file:
                for name in least:
                    file[name][()]

        packed = partial(write_raw, **schema.COMPRESSION)
        compare("h5py with compression", packed, "write", write, 7)
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
    works: dict[str, Callable[[Given, Laps], None]] = {"bare": bare, "drawing": drawing}
    work = works[name]
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
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found[name, count] = pool.submit(grown, name, count).result()
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
