"""Attacks: how long they take beside bare passes, and how short Carlini-Wagner's changes are.

Run it with ``python benchmarks/attacks.py`` on a quiet machine (about ten minutes). What is
compared alternates. VGG-16 has random weights; see ``benchmarks/untrained.py``.

1. ``single``: FGSM and PGD through the public door, with the predictions before and after, the
   rounding and all checks, beside as many bare forward and backward passes to the image as they
   have steps. ``step`` is the loop alone, without the door's two predictions.
2. ``shortest``: the median length of the changes that Carlini-Wagner finds for 100 digits,
   beside foolbox's with equal searches and steps, the best of six settings: it works on other
   variables, in which our step size means something else.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import untrained
from benchmarks.spent import compare, load, threads
from xai import attacks, datasets, models
from xai.attacks import ATTACKS, Goal
from xai.attacks.parameters import CwParams

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models import LoadedModel

#: The models, and so many runs of each attack.
MODELS = {"lenet5-mnist": 60, "vgg16-mnist": 20, "efficientnet-lite0": 8, "vgg16": 3}
UNTRAINED = "vgg16"
#: Steps of the attacks, and what they may take in as many bare passes.
STEPS = {"fgsm": 1, "pgd": 40}
LIMITS = {"fgsm": 1.3, "pgd": 1.15}
DIGITS, CW_LIMIT = 100, 1.05
#: Searches and steps of Carlini and Wagner's attack.
BUDGETS = ((5, 60), (9, 200))
#: What foolbox is tried with; its best is what ours is compared with.
RATES, WEIGHTS = (0.01, 0.03, 0.1), (1e-3, 1.0)


def opened(name: str) -> tuple[LoadedModel, np.ndarray]:
    """Return a model and an image for it."""
    model = untrained.untrained(name) if name == UNTRAINED else models.load(name, device="cpu")
    data = datasets.load("mnist", n=1) if name.endswith("mnist") else datasets.load("photos")
    return model, model.prepare(data.images[0])


def bare(model: LoadedModel, x: Tensor, label: int, steps: int) -> None:
    """Take the gradient of the cross-entropy to the image so many times, and do nothing else."""
    import torch

    labels = torch.tensor([label])
    for _ in range(steps):
        leaf = x.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(model.logits(leaf), labels)
        torch.autograd.grad(loss, leaf)


def single(name: str, runs: int) -> None:
    """Print the first part for a model."""
    import torch

    model, image = opened(name)
    x, goal = torch.from_numpy(image)[None], Goal.untargeted(model.predict(image).label)
    for method, steps in STEPS.items():
        print(f"{model.spec.label}: {method}, {steps} steps, {runs} runs (median, least to most)")
        given = {} if method == "fgsm" else {"steps": steps}
        params = dataclasses.replace(ATTACKS[method].params(), **given).resolved(model.spec)  # type: ignore[attr-defined]
        passes = functools.partial(bare, model, x, goal.label, steps)
        whole = functools.partial(attacks.run, model, image, method, goal=goal, params=params)
        alone = functools.partial(ATTACKS[method].function, model, x, (goal,), params, seeds=(0,))
        compare("bare passes", passes, "run", whole, runs, LIMITS[method])
        compare("bare passes", passes, "step", alone, runs, LIMITS[method])


def shortest(searches: int, steps: int) -> None:
    """Print the second part for a budget."""
    import foolbox
    import torch

    model = models.load("lenet5-mnist", device="cpu")
    digits = datasets.load("mnist", n=DIGITS)
    x = torch.from_numpy(np.stack([model.prepare(image) for image in digits.images]))
    labels = torch.from_numpy(np.array(digits.labels))
    settings = CwParams(searches=searches, steps=steps, quantize=False)
    params = settings.resolved(model.spec)
    net = foolbox.PyTorchModel(_scores(model), bounds=(0, 1), device="cpu")
    print(f"Carlini-Wagner, {DIGITS} digits, {searches} searches of {steps} steps")
    best, spent = float("inf"), 0.0
    for rate, weight in itertools.product(RATES, WEIGHTS):
        theirs = foolbox.attacks.L2CarliniWagnerAttack(
            binary_search_steps=searches, steps=steps, stepsize=rate, initial_const=weight
        )
        begin = time.perf_counter()
        _, found, met = theirs(net, x, labels, epsilons=None)
        seconds = time.perf_counter() - begin
        length = _median(x, found, met)
        said = f"median length {length:.4f}, {int(met.sum())} fooled"
        print(f"  foolbox, step size {rate}, first weight {weight}: {said}, {seconds:.1f} s")
        best, spent = min((best, spent), (length, seconds))
    goals = [Goal.untargeted(int(label)) for label in labels]
    for rounding in (False, True):
        asked = dataclasses.replace(params, quantize=rounding)
        begin = time.perf_counter()
        images = ATTACKS["cw"].function(model, x, goals, asked, seeds=range(DIGITS)).images
        seconds = time.perf_counter() - begin
        met = _label(model, images) != labels
        length = _median(x, images, met)
        said = f"median length {length:.4f}, {int(met.sum())} fooled, {seconds:.1f} s"
        print(f"  ours{', rounded' if rounding else ''}: {said}")
        print(
            f"    length {length / best:.3f} x foolbox's best (limit {CW_LIMIT}), "
            f"time {seconds / spent:.2f} x"
        )


def _median(x: Tensor, images: Tensor, met: Tensor) -> float:
    """Return the median length; of an image that was not fooled it is infinite."""
    lengths = (images - x).flatten(1).norm(dim=1).tolist()
    return statistics.median(
        value if ok else float("inf") for value, ok in zip(lengths, met.tolist(), strict=True)
    )


def _label(model: LoadedModel, images: Tensor) -> Tensor:
    import torch

    with torch.no_grad():
        return model.logits(images).argmax(1)


def _scores(model: LoadedModel) -> object:
    """Return the model as a network of images in [0, 1]."""
    import torch

    class Scores(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return model.logits(x)

    return Scores().eval()


def main() -> None:
    """Print all parts, or those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--parts", nargs="*", default=["single", "shortest"])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    threads(options.threads)
    print(load())
    if "single" in options.parts:
        for name in options.models:
            single(name, MODELS[name])
    if "shortest" in options.parts:
        for budget in BUDGETS:
            shortest(*budget)


if __name__ == "__main__":
    main()
