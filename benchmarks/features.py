"""Features of all layers of EfficientNet-Lite0 in one pass, beside bare forward passes.

Run it with ``python benchmarks/features.py`` (about three minutes; with the usual grid 800
images take 3 GB for their features, with ``--grid 1`` a fifth of a GB).

The images are the 24 bundled photographs again and again, each time mirrored or shifted by
some pixels, as arrays that the network takes as they are: what is compared is the pass, not
the reading of files. Each number of images has a process of its own, in which bare passes
over the same batches and passes that keep the features alternate. Memory is the highest during
the first pass of each kind, above what the process held with the images and the warm network;
it is read from Linux's /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.session import ROOT
from xai import datasets, models
from xai.models import LoadedModel

MODEL = "efficientnet-lite0"
BUDGET = 1.3
#: What the predecessor precomputed, and how long that took it.
MANY = 7000
BEFORE = "30 to 40 hours"


class Figures(NamedTuple):
    """What one process measured; seconds of each run, memory in MiB."""

    images: int
    layers: int
    numbers: int
    bare: list[float]
    passes: list[float]
    bare_peak: float
    pass_peak: float


def photographs(model: LoadedModel, count: int) -> np.ndarray:
    """Return images (N, C, H, W) in [0, 1], no two alike."""
    shown = [model.prepare(image) for image in datasets.load("photos").images]
    found = np.empty((count, *model.input_shape), np.float32)
    for place in range(count):
        turn, which = divmod(place, len(shown))
        image = shown[which][..., ::-1] if turn % 2 else shown[which]
        found[place] = np.roll(image, (turn // 2, 3 * (turn // 2)), axis=(1, 2))
    return found


def memory(name: str) -> float:
    """Return what this process holds (``VmRSS``) or held at most (``VmHWM``), in MiB."""
    text = Path("/proc/self/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let the highest memory count from now on; this too is Linux's."""
    Path("/proc/self/clear_refs").write_text("5")


def bare(model: LoadedModel, images: np.ndarray) -> float:
    """Return the seconds of forward passes over the batches that the features are made of."""
    import torch

    from xai.datasets.batches import batches
    from xai.features import extraction

    begin = time.perf_counter()
    with torch.no_grad():
        for batch in batches(model, images, extraction._size(model)):
            model.net(model.normalize(batch))
    return time.perf_counter() - begin


def one_pass(model: LoadedModel, images: np.ndarray, grid: int) -> tuple[float, int]:
    """Return the seconds of the pass that keeps all layers, and how many numbers it kept."""
    from xai.features.extraction import extract

    begin = time.perf_counter()
    found = extract(model, images, [layer.name for layer in model.layers], grid=grid)
    seconds = time.perf_counter() - begin
    return seconds, sum(part.size for part in found.values.values())


def measure(count: int, grid: int, runs: int) -> Figures:
    """Measure one number of images in this process."""
    model = models.load(MODEL)
    images = photographs(model, count)
    few = images[:8]
    for _ in range(3):
        bare(model, few)
        one_pass(model, few, grid)
    rest = memory("VmRSS")
    forget_peak()
    bare_seconds = [bare(model, images)]
    bare_peak = memory("VmHWM") - rest
    forget_peak()
    seconds, numbers = one_pass(model, images, grid)
    pass_peak = memory("VmHWM") - rest
    pass_seconds = [seconds]
    for _ in range(runs - 1):
        pass_seconds.append(one_pass(model, images, grid)[0])
        bare_seconds.append(bare(model, images))
    return Figures(
        count, len(model.layers), numbers, bare_seconds, pass_seconds, bare_peak, pass_peak
    )


def child(count: int, grid: int, runs: int) -> Figures:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--one", str(count), "--grid", str(grid)]
    command += ["--runs", str(runs)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Figures(*json.loads(done.stdout))


def report(found: list[Figures], grid: int) -> None:
    """Print the table, the slope and what follows from it."""
    print(f"All {found[0].layers} layers, at most {grid} x {grid} values a channel")
    print("  images  bare s  pass s  ratio (each run)           peak MiB = features + rest; bare")
    for one in found:
        ratios = [own / base for own, base in zip(one.passes, one.bare, strict=True)]
        spread = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        kept = one.numbers * 4 / 2**20
        print(
            f"  {one.images:6d} {min(one.bare):7.2f} {min(one.passes):7.2f}  "
            f"{statistics.median(ratios):.2f} ({spread})".ljust(47)
            + f"{one.pass_peak:9.0f} = {kept:5.0f} + {one.pass_peak - kept:4.0f}; "
            f"{one.bare_peak:.0f}"
        )
    print(f"  (budget {BUDGET} x; seconds are the best run's)")
    if len(found) < 2:
        return
    counts = [one.images for one in found]
    slope, start = np.polyfit(counts, [min(one.passes) for one in found], 1)
    base, _ = np.polyfit(counts, [min(one.bare) for one in found], 1)
    print(
        f"  slope: {1000 * slope:.2f} ms an image, {slope / base:.2f} x the bare "
        f"{1000 * base:.2f} ms\n"
        f"  {MANY:,} images, all layers: {(start + slope * MANY) / 60:.1f} min, extrapolated "
        f"(the predecessor's features and maps: {BEFORE}); "
        f"{found[0].numbers / found[0].images * 4 * MANY / 1e9:.1f} GB"
    )


def main() -> None:
    """Print the table, or measure one number of images for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="*", default=[200, 400, 800])
    parser.add_argument("--grid", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", type=int, help="measure in this process, print JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.grid, given.runs)))
        return
    found = [child(count, given.grid, given.runs) for count in given.counts]
    if hasattr(os, "getloadavg"):
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    report(found, given.grid)


if __name__ == "__main__":
    main()
