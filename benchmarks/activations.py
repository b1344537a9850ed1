"""What a survey of all units costs beside bare forward passes over the same images.

Run it with ``python benchmarks/activations.py`` (some minutes; the photographs take
300 MB). Measured are 1,000 digits through LeNet-5 and 500 photographs through
EfficientNet-Lite0, all layers each.

The photographs are the 24 bundled ones again and again, each time mirrored or shifted by some
pixels. Images are arrays that the network takes as they are: what is compared is the pass,
not the reading of files. Bare passes go over the same prepared batches of the same size. Bare
passes and surveys alternate; the ratio is that of each pair, the median is judged.

On a machine that others use as well, ``--processor`` counts the processor's time of one
thread in place of time on the clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.features import photographs
from xai import datasets, models
from xai.activations import overview, survey
from xai.models import LoadedModel

BUDGET = 1.3
DIGITS = 1000
PHOTOGRAPHS = 500
#: The clock; ``--processor`` takes another.
_clock: list[Callable[[], float]] = [time.perf_counter]


def _now() -> float:
    return _clock[-1]()


def digits(model: LoadedModel, count: int) -> np.ndarray:
    """Return prepared digits, (N, 1, 28, 28) in [0, 1]."""
    return np.stack([model.prepare(image) for image in datasets.load("mnist", n=count).images])


def bare(model: LoadedModel, images: np.ndarray) -> float:
    """Return the seconds of forward passes over the batches that a survey takes."""
    import torch

    from xai.activations.passes import pass_size
    from xai.datasets.batches import batches

    begin = _now()
    with torch.no_grad():
        for batch in batches(model, images, pass_size(model)):
            model.net(model.normalize(batch))
    return _now() - begin


def surveyed(model: LoadedModel, images: np.ndarray) -> float:
    """Return the seconds of a survey of all layers."""
    begin = _now()
    survey(model, images)
    return _now() - begin


def one_image(model: LoadedModel, images: np.ndarray) -> float:
    """Return the seconds of overviews of each image."""
    begin = _now()
    for image in images:
        overview(model, image)
    return _now() - begin


def measure(model: LoadedModel, images: np.ndarray, runs: int) -> None:
    """Print one row: both times and their ratio."""
    for _ in range(2):
        bare(model, images[:64])
        surveyed(model, images[:64])
    pairs = [(bare(model, images), surveyed(model, images)) for _ in range(runs)]
    ratios = sorted(own / base for base, own in pairs)
    each = 1000 / len(images)
    print(
        f"{model.spec.label:20s} {len(images):5d} images, {len(model.layers):3d} layers: "
        f"bare {each * min(base for base, _ in pairs):6.2f} ms, "
        f"survey {each * min(own for _, own in pairs):6.2f} ms an image; "
        f"ratio {statistics.median(ratios):.2f} (budget {BUDGET}; "
        f"{', '.join(f'{ratio:.2f}' for ratio in ratios)})",
        flush=True,
    )
    few = images[:16]
    singles = [(sum(bare(model, x[None]) for x in few), one_image(model, few)) for _ in range(runs)]
    ratio = statistics.median(own / base for base, own in singles)
    print(f"{'':20s} overview of one image: {ratio:.2f} x its forward pass")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=DIGITS)
    parser.add_argument("--photographs", type=int, default=PHOTOGRAPHS)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--processor", action="store_true", help="count one thread's time")
    given = parser.parse_args()
    if given.processor:
        import torch

        torch.set_num_threads(1)
        _clock.append(time.process_time)
    lenet = models.load("lenet5-mnist")
    measure(lenet, digits(lenet, given.digits), given.runs)
    lite0 = models.load("efficientnet-lite0")
    measure(lite0, photographs(lite0, given.photographs), given.runs)
    if hasattr(os, "getloadavg"):
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
