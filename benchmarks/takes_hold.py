"""What it costs to see where an attack takes hold, beside bare forward passes.

Run it with ``python benchmarks/takes_hold.py`` (about a minute). Measured is ``divergence``
for one clean and nine other images, all layers, against ten bare forward passes: as the
batches that a pass takes, and one image at a time. All alternate in one process; the ratio
is that of each pair.

The nine are the clean image under random changes of its pixels, which cost what attacked
ones cost.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.activations import bare
from benchmarks.spent import compare, load, threads
from xai import datasets, models
from xai.activations import divergence
from xai.models import LoadedModel

#: Model, and data set whose first image it is shown.
SHOWN = (("lenet5-mnist", "mnist"), ("vgg16-mnist", "mnist"), ("efficientnet-lite0", "photos"))
OTHERS = 9
STRENGTH = 4 / 255


def ten(model: LoadedModel, data: str) -> np.ndarray:
    """Return the clean image and the nine others, (10, C, H, W) in [0, 1]."""
    clean = model.prepare(datasets.load(data).images[0])
    rng = np.random.default_rng(0)
    noise = rng.uniform(-STRENGTH, STRENGTH, (OTHERS, *clean.shape))
    return np.concatenate([clean[None], (clean + noise).clip(0, 1)]).astype(np.float32)


def singly(model: LoadedModel, images: np.ndarray) -> None:
    """Pass images forward one by one."""
    for image in images:
        bare(model, image[None])


def measure(name: str, data: str, runs: int) -> None:
    """Print the figures of one model."""
    model = models.load(name)
    images = ten(model, data)

    def own() -> object:
        return divergence(model, images[0], images[1:])

    found = divergence(model, images[0], images[1:])
    print(f"  {model.spec.label}: {len(found.layers)} layers, pixels included", flush=True)
    compare("ten in batches", lambda: bare(model, images), "divergence", own, runs)
    compare("ten one by one", lambda: singly(model, images), "divergence", own, runs)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int, help="of torch; its own number if left out")
    given = parser.parse_args()
    threads(given.threads)
    for name, data in SHOWN:
        measure(name, data, given.runs)
    print(load())


if __name__ == "__main__":
    main()
