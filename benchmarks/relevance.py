"""LRP beside plain zennit on the same network: time, equality of the maps, memory.

Run it with ``python benchmarks/relevance.py`` (about four minutes). Each composite is run
through the public :func:`xai.attribution.run` and through zennit's own composite with its
canonizer, in turn; nothing but the prepared network is kept between runs. The bare forward
pass stands beside them. VGG-16 has random weights, see ``benchmarks/untrained.py``; its
maps must be equal. EfficientNet-Lite0 is given to zennit with its batch norms folded already
and without a rule for its sums, so that only the time is compared.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import untrained
from benchmarks.spent import Spent, load, spread, threads, timed
from xai import models
from xai.attribution import run

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: The composite that is judged, and of what share of zennit's time.
JUDGED, BUDGET = "epsilon_plus_flat", 0.7
COMPOSITES = (JUDGED, "epsilon_plus", "epsilon_alpha2_beta1_flat", "epsilon_gamma_box")
LARGE = "vgg16"


def by_zennit(model: LoadedModel, image: np.ndarray, composite: str) -> Callable[[], np.ndarray]:
    """Return what makes the same map with zennit's composite and canonizer."""
    import torch
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.composites import COMPOSITES as THEIRS

    from xai.models.folding import fold_batch_norms

    net = fold_batch_norms(model.private(), model.norm_pairs)
    pixel = (1, model.spec.channels, 1, 1)
    bounds = {}
    if composite.endswith("box"):
        ends = {"low": torch.zeros(pixel), "high": torch.ones(pixel)}
        bounds = {name: model.normalize(value) for name, value in ends.items()}

    def make() -> np.ndarray:
        leaf = model.normalize(model.tensor(image)).requires_grad_()
        rules = THEIRS[composite](canonizers=[SequentialMergeBatchNorm()], **bounds)
        with rules.context(net):
            scores = net(leaf)
            start = torch.zeros_like(scores)
            index = int(scores.argmax())
            start[0, index] = scores[0, index].detach()
            (found,) = torch.autograd.grad(scores, leaf, start)
        result: np.ndarray = found[0].numpy()
        return result

    return make


def compare(model: LoadedModel, image: np.ndarray, composite: str, runs: int) -> None:
    """Print the times of both in turn, their ratio, and how far apart the maps are."""
    import torch

    theirs = by_zennit(model, image, composite)
    maps: dict[str, np.ndarray] = {}

    def ours() -> None:
        maps["ours"] = run(model, image, "lrp", params={"composite": composite}).relevance

    def zennit() -> None:
        maps["zennit"] = theirs()

    def forward() -> None:
        with torch.no_grad():
            model.logits(model.tensor(image))

    turns = [(timed(forward), timed(zennit), timed(ours)) for _ in range(runs + 1)][1:]
    print(f"{model.spec.label}, {composite}; ms, median of {runs} (least to most)")
    for word in Spent._fields:
        bare, base, own = (
            [getattr(one, word) for one in kind] for kind in zip(*turns, strict=True)
        )
        ratios = [after / before for before, after in zip(base, own, strict=True)]
        what = "on the clock" if word == "seconds" else "processor"
        passes = statistics.median(own) / statistics.median(bare)
        print(
            f"  {what:12s} forward {spread(bare, 1000)}; zennit {spread(base, 1000)}; "
            f"ours {spread(own, 1000)} = {spread(ratios, form='{:.2f}')} x zennit, "
            f"{passes:.1f} x forward"
        )
    if model.spec.name == LARGE:
        apart = np.abs(maps["ours"] - maps["zennit"]).max() / np.abs(maps["zennit"]).max()
        print(f"  {'':12s} maps apart by {apart:.1e} of the largest value (budget 1e-5)")
    if model.spec.name == LARGE and composite == JUDGED:
        print(f"  {'':12s} budget {BUDGET} x zennit")


def kept(model: LoadedModel, image: np.ndarray, composite: str) -> None:
    """Print how much memory the weights take that wait for the next explanation."""
    from xai.models import lending

    run(model, image, "lrp", params={"composite": composite})
    with lending.lent(model, "lrp", lambda _: None) as prepared:
        if prepared is None:
            raise RuntimeError("expected a prepared network that waits, found none")
        print(f"  kept with {model.spec.label}, {composite}: {prepared.variants.size / 1e6:.0f} MB")


def main() -> None:
    """Compare on both models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=[LARGE, "efficientnet-lite0"])
    parser.add_argument("--composites", nargs="*", default=list(COMPOSITES), choices=COMPOSITES)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    print(load())
    threads(given.threads)
    for name in given.models:
        model = untrained.untrained(name) if name == LARGE else models.load(name)
        image = np.random.default_rng(0).random(model.input_shape, dtype=np.float32)
        for composite in given.composites:
            compare(model, image, composite, given.runs)
        for composite in (*given.composites, "excitation_backprop"):
            kept(model, image, composite)
    print(load())


if __name__ == "__main__":
    main()
