"""Robust accuracy of LeNet-5: how long it takes and how low it is, beside foolbox.

Run it with ``python benchmarks/robust_accuracy.py`` on a quiet machine (about ten minutes;
``--images 50`` for less than one). PGD of 40 steps in the L-infinity norm at five
strengths on 1,000 bundled digits, with equal steps, step size (2.5 times the strength, over
all steps) and random start. The two alternate, strength by strength, and who begins changes
from one run to the next.

1. ``alone``: each strength by itself. Ours stops an image at its first success and then takes
   it out of the batch, which foolbox never does. Both attack only digits that are read rightly.
2. ``curve``: all strengths at once, as the page does it: what a weaker attack has fooled is
   not attacked again.

What foolbox attacks is picked before its time is taken. Its images are judged by a
forward pass of the same network as ours; ours are rounded to what a file can hold, its are not.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.spent import Spent, load, spread, threads, timed
from xai import datasets, models
from xai.attacks import PgdParams
from xai.attacks.parameters import REACH
from xai.attacks.studies.robustness import robustness

if TYPE_CHECKING:
    from xai.attacks.studies.robustness import Robustness
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

MODEL, DATA, IMAGES, STEPS = "lenet5-mnist", "mnist", 1000, 40
#: In units of 1/255: from hardly any error to hardly any accuracy.
STRENGTHS = (6, 13, 19, 26, 38)
#: What may be taken, times foolbox; by how much the accuracy may be above theirs, in points.
OF_FOOLBOX, POINTS = 1.0, 1.0


class Foolbox:
    """PGD of foolbox on the digits that the model reads rightly.

    Parameters
    ----------
    model : LoadedModel
    images : ImageSet
    steps : int
    together : int
        Images in one batch.
    """

    def __init__(self, model: LoadedModel, images: ImageSet, steps: int, together: int) -> None:
        import foolbox
        import torch

        from xai.attacks import volley

        spec = model.spec
        scaling = {"mean": spec.mean[0], "std": spec.std[0]}
        self._net = foolbox.PyTorchModel(
            model.net, bounds=(0, 1), device="cpu", preprocessing=scaling
        )
        self._attack = foolbox.attacks.LinfPGD(
            rel_stepsize=min(1.0, REACH / steps), steps=steps, random_start=True
        )
        self._criterion = foolbox.Misclassification
        self._model, self._together, self._total = model, together, len(images)
        pixels = np.stack([model.prepare(image) for image in images.images])
        right = volley.classified(model, pixels).argmax(1) == images.labels
        self._x = torch.from_numpy(pixels[right])
        self._labels = torch.from_numpy(np.array(images.labels[right]))

    def accuracy(self, eps: float) -> float:
        """Return the share of all images that is still read rightly."""
        from xai.attacks import volley

        standing = 0
        for start in range(0, len(self._x), self._together):
            x, labels = (one[start : start + self._together] for one in (self._x, self._labels))
            attacked = self._attack.run(self._net, x, self._criterion(labels), epsilon=eps)
            said = volley.classified(self._model, attacked.numpy()).argmax(1)
            standing += int((said == labels.numpy()).sum())
        return standing / self._total


def ours(
    model: LoadedModel, images: ImageSet, steps: int, sizes: tuple[float, ...], seed: int
) -> Robustness:
    """Return our answer for some strengths."""
    return robustness(
        model,
        images,
        methods=("pgd",),
        strengths=sizes,
        params={"pgd": PgdParams(steps=steps)},
        seed=seed,
    )


def kept(works: list[Callable[[], Any]], turn: int) -> tuple[list[Spent], list[Any]]:
    """Run some works, the first of them first in even turns; return times and results."""
    found: dict[int, Any] = {}
    times: dict[int, Spent] = {}

    def run(place: int) -> None:
        found[place] = works[place]()

    order = range(len(works)) if turn % 2 == 0 else reversed(range(len(works)))
    for place in order:
        times[place] = timed(functools.partial(run, place))
    return [times[place] for place in range(len(works))], [found[place] for place in sorted(found)]


def say(what: str, pairs: list[list[Spent]], accuracies: list[tuple[float, float]]) -> None:
    """Print times, their ratio and both accuracies of some runs, with the limits."""
    for word in Spent._fields:
        theirs, own = ([getattr(pair[place], word) for pair in pairs] for place in (0, 1))
        ratios = [mine / other for other, mine in zip(theirs, own, strict=True)]
        limit = statistics.median(ratios) <= OF_FOOLBOX
        verdict = f", limit {OF_FOOLBOX}: {'kept' if limit else 'EXCEEDED'}"
        print(
            f"  {what:12s} {'on the clock' if word == 'seconds' else 'processor':12s} foolbox "
            f"{spread(theirs, form='{:.2f}')} s; ours {spread(own, form='{:.2f}')} s = "
            f"{spread(ratios, form='{:.2f}')} x{verdict if word == 'seconds' else ''}"
        )
    other, mine = (100 * statistics.mean(part) for part in zip(*accuracies, strict=True))
    print(
        f"  {'':12s} robust accuracy foolbox {other:.2f} %, ours {mine:.2f} %: "
        f"{mine - other:+.2f} points, limit {POINTS:+.1f}: "
        f"{'kept' if mine - other <= POINTS else 'EXCEEDED'}"
    )


def compare(images: int, steps: int, runs: int, together: int) -> None:
    """Print both parts."""
    from xai.attacks import volley

    model = models.load(MODEL, device="cpu")
    digits = datasets.load(DATA, n=images)
    theirs = Foolbox(model, digits, steps, together or volley.most(model))
    sizes = tuple(strength / 255 for strength in STRENGTHS)
    # Neither pays for what is made at first use.
    theirs.accuracy(sizes[0])
    ours(model, digits, 1, sizes[:1], 0)
    print(f"{model.spec.label}: {len(digits):,} digits, PGD-{steps}, median of {runs} runs")
    print(" alone")
    for strength, eps in zip(STRENGTHS, sizes, strict=True):
        both(theirs, functools.partial(ours, model, digits, steps), f"{strength}/255", (eps,), runs)
    print(" curve")
    both(theirs, functools.partial(ours, model, digits, steps), "all five", sizes, runs)


def both(
    theirs: Foolbox,
    own: Callable[[tuple[float, ...], int], Robustness],
    what: str,
    sizes: tuple[float, ...],
    runs: int,
) -> None:
    """Run both at some strengths, in turn, and print how they compare."""
    pairs, accuracies = [], []
    for turn in range(runs):
        works: list[Callable[[], Any]] = [
            lambda: statistics.mean(theirs.accuracy(eps) for eps in sizes),
            functools.partial(own, sizes, turn),
        ]
        times, (other, mine) = kept(works, turn)
        pairs.append(times)
        accuracies.append((other, float(mine.accuracy("pgd").mean())))
    say(what, pairs, accuracies)


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--together", type=int, default=0, help="images in a batch of foolbox")
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(load())
    threads(given.threads)
    compare(given.images, given.steps, given.runs, given.together)
    print(load())


if __name__ == "__main__":
    main()
