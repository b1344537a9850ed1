"""Class visualisation: what a step costs, and whether the presets keep what they promise.

Run it with ``python benchmarks/class_visualization.py`` on a quiet machine (about fifteen
minutes; ``--part`` takes one). What is compared alternates.

1. ``step``: 200 steps (LeNet-5 and the narrow VGG-16) or 20 (EfficientNet-Lite0) with the
   preset, through the public door, beside as many bare forward and backward passes to the image.
   ``watched`` is the same with somebody who looks at it, as the page does.
2. ``whole``: 200 steps in seconds.
3. ``digits``: for each digit model, ten digits and three seeds: is the grown image's score
   above that of the best held-out digit of its class, and does the other digit model
   read it as that digit?
4. ``photographs``: 20 of the classes of the bundled photographs, three seeds: is the score
   above that of the best photograph of the class?
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.spent import compare, load, threads
from xai import datasets, images, models
from xai.visualization import Visualization, run

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Steps and runs of the first part, and what they may take in as many bare passes.
STEPS = {"lenet5-mnist": (200, 30), "vgg16-mnist": (200, 10), "efficientnet-lite0": (20, 8)}
LIMIT, SECONDS = 1.3, 3.0
DIGIT_MODELS = ("lenet5-mnist", "vgg16-mnist")
PHOTOGRAPHS = "efficientnet-lite0"
SEEDS = (0, 1, 2)
CLASSES = 20
_BATCH = 50


def bare(model: LoadedModel, label: int, steps: int) -> None:
    """Take the gradient of a class's logit to the image so many times, and do nothing else."""
    import torch

    x = torch.full((1, *model.input_shape), 0.4)
    for _ in range(steps):
        leaf = x.detach().requires_grad_()
        torch.autograd.grad(model.logits(leaf)[0, label], leaf)


def step(name: str) -> None:
    """Print the first part for a model."""
    model = models.load(name, device="cpu")
    steps, runs = STEPS[name]
    print(f"{model.spec.label}: {steps} steps, {runs} runs (median, least to most)")
    settings = {"steps": steps}
    alone = functools.partial(run, model, "class", index=3, params=settings)
    passes = functools.partial(bare, model, 3, steps)
    compare("bare passes", passes, "run", alone, runs, LIMIT)
    watched = functools.partial(alone, on_step=lambda sight: None)
    compare("bare passes", passes, "watched", watched, runs, LIMIT)


def whole(name: str) -> None:
    """Print the second part for a model."""
    model = models.load(name, device="cpu")
    run(model, "class", index=3, params={"steps": 2})
    spent = []
    for seed in SEEDS:
        begin = time.perf_counter()
        run(model, "class", index=3, params={"steps": 200}, seed=seed)
        spent.append(time.perf_counter() - begin)
    words = ", ".join(f"{one:.2f}" for one in spent)
    print(f"{model.spec.label}: 200 steps in {words} s")


def best_scores(model: LoadedModel, data: datasets.ImageSet) -> dict[int, float]:
    """Return the highest logit of each class among the images of that class."""
    found: dict[int, float] = {}
    for first in range(0, len(data), _BATCH):
        rows = range(first, min(first + _BATCH, len(data)))
        batch = np.stack([model.prepare(data.images[row]) for row in rows])
        for row, said in zip(rows, model.predict_batch(batch), strict=True):
            name = data.classes[int(data.labels[row])]
            if name not in model.classes:
                continue
            label = model.classes.index(name)
            found[label] = max(found.get(label, -np.inf), float(said.logits[label]))
    return found


def grown(model: LoadedModel, label: int, seed: int) -> Visualization:
    """Grow a class with the preset, 200 steps."""
    return run(model, "class", index=label, seed=seed, params={"steps": 200})


def digits() -> None:
    """Print the third part."""
    data = datasets.load("mnist")
    loaded = {name: models.load(name, device="cpu") for name in DIGIT_MODELS}
    for name, model in loaded.items():
        best = best_scores(model, data)
        (other,) = (one for key, one in loaded.items() if key != name)
        for seed in SEEDS:
            beaten = agreed = 0
            for label in range(10):
                found = grown(model, label, seed)
                beaten += found.score > best[label]
                seen = other.predict(other.prepare(images.to_uint8(found.image)))
                agreed += seen.label == label
            print(
                f"{model.spec.label}, seed {seed}: above the best of {len(data):,} images for "
                f"{beaten} of 10 digits (9 wanted); {other.spec.label} agrees on {agreed} of 10 "
                "(6 wanted)"
            )


def photographs() -> None:
    """Print the fourth part."""
    model = models.load(PHOTOGRAPHS, device="cpu")
    best = best_scores(model, datasets.load("photos"))
    rng = np.random.default_rng(0)
    sampled = sorted(rng.choice(sorted(best), CLASSES, replace=False).tolist())
    for seed in SEEDS:
        pairs = [(grown(model, label, seed).score, best[label]) for label in sampled]
        beaten = sum(ours > real for ours, real in pairs)
        least = min(ours - real for ours, real in pairs)
        print(
            f"{model.spec.label}, seed {seed}: above the photograph for {beaten} of {CLASSES} "
            f"classes (18 wanted), by {least:.1f} at least",
            flush=True,
        )


def _each(part: Callable[[str], None]) -> None:
    for name in STEPS:
        part(name)


def main() -> None:
    """Run all parts, or one."""
    parts: dict[str, Callable[[], None]] = {
        "step": lambda: _each(step),
        "whole": lambda: _each(whole),
        "digits": digits,
        "photographs": photographs,
    }
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    reader.add_argument("--part", choices=parts, help="one part only")
    chosen = reader.parse_args().part
    print(load())
    threads(None)
    for name in [chosen] if chosen else parts:
        print(f"\n{name}")
        parts[name]()


if __name__ == "__main__":
    main()
