"""Explanations: how long they take beside a bare gradient and beside the field's libraries.

Run it with ``python benchmarks/explanations.py`` on a quiet machine (about fifteen minutes;
``--models efficientnet-lite0`` for three). VGG-16 has random weights; see
``benchmarks/untrained.py``. What is compared alternates, and nothing is kept from one run to
the next but the prepared aliases that a session keeps, too.

1. ``single``: methods of one pass through the public door, checks included, beside the bare
   forward and backward pass to the image; then captum and pytorch-grad-cam (``grad-cam`` on the
   package index, if it is installed) beside ours.
2. ``many``: integrated gradients and SmoothGrad of 50 images beside captum with batches of
   one. The points are the same. What is as accurate is seen from the same sum in double
   precision: both stand as far from it, as rounding moves some units over their kink.
3. ``occlusion``: windows of 15 pixels every 8, beside captum with one window a pass and with
   up to 16.
4. ``growth``: the memory of the process over 200 explanations in a row.
"""

from __future__ import annotations

import argparse
import copy
import functools
import gc
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import untrained, witnesses
from benchmarks.memory import resident
from benchmarks.spent import compare, load, threads
from benchmarks.witnesses import FromPixels, as_map
from xai import datasets, models
from xai.attribution import run

if TYPE_CHECKING:
    from torch import Tensor

    from benchmarks.witnesses import Witness
    from xai.models import LoadedModel

#: The models, and so many runs of one pass: until their median stands still.
MODELS = {"lenet5-mnist": 300, "efficientnet-lite0": 40, "vgg16": 10}
UNTRAINED = "vgg16"
SINGLE = ("gradient", "input_x_gradient", "guided_backprop", "grad_cam")
#: What may be taken: times the bare passes, and times captum.
OF_BARE, OF_CAPTUM, OF_WINDOWS = 1.2, 0.7, 1.0
POINTS, SIGMA = 50, 0.15
WINDOW, STRIDE = 15, 8
GROWTH, AFTER, MOST_MB = 200, 10, 20


def opened(name: str) -> tuple[LoadedModel, np.ndarray]:
    """Return a model and an image for it."""
    model = untrained.untrained(name) if name == UNTRAINED else models.load(name, device="cpu")
    data = datasets.load("mnist", n=1) if name.endswith("mnist") else datasets.load("photos")
    return model, model.prepare(data.images[0])


def bare(model: LoadedModel, x: Tensor) -> Tensor:
    """Return the gradient of the predicted class's score, and do nothing else."""
    import torch

    leaf = x.detach().requires_grad_()
    scores = model.logits(leaf)
    return torch.autograd.grad(scores[0, scores[0].argmax()], leaf)[0]


def distance(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Say how far two maps are apart."""
    length = float(np.linalg.norm(theirs))
    if not length:
        return "theirs is empty"
    far = float(np.linalg.norm(ours.astype(np.float64) - theirs)) / length
    most = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return f"apart by {far:.1e} of the length, {most:.1e} of the largest value"


def single(name: str, runs: int) -> None:
    """Print the first part for a model."""
    import torch

    model, image = opened(name)
    x = torch.from_numpy(image)[None]
    print(f"{model.spec.label}: one pass, median of {runs} (least to most)")
    for method in SINGLE:
        print(f"  {method}")
        compare(
            *("forward and backward", lambda: bare(model, x)),
            *("ours", functools.partial(run, model, image, method)),
            *(runs, OF_BARE),
        )
    for one in (*witnesses.captum(model, x), *witnesses.pytorch_grad_cam(model, x)):
        beside(model, image, one, runs)


def beside(model: LoadedModel, image: np.ndarray, one: Witness, runs: int) -> None:
    """Print how a library's version of a method compares; there is no budget for it."""
    ours = run(model, image, one.method).relevance
    note = "" if one.scaled else f", {distance(ours, one.explain())}"
    print(f"  {one.method}, {one.library}{note}")
    compare(one.library, one.explain, "ours", lambda: run(model, image, one.method), runs)


def many(name: str, runs: int) -> None:
    """Print the second part for a model."""
    import torch
    from captum import attr

    model, image = opened(name)
    x, net = torch.from_numpy(image)[None], FromPixels(model).eval()
    target = int(net(x).argmax())
    path = attr.IntegratedGradients(net)
    noisy = attr.NoiseTunnel(attr.Saliency(net))

    def captum_path() -> np.ndarray:
        given: dict[str, Any] = {"n_steps": POINTS, "method": "riemann_middle"}
        return as_map(path.attribute(x, target=target, internal_batch_size=1, **given).float())

    def captum_noise() -> Tensor:
        given: dict[str, Any] = {"nt_samples": POINTS, "nt_samples_batch_size": 1, "stdevs": SIGMA}
        found: Tensor = noisy.attribute(x, "smoothgrad", target=target, abs=False, **given)
        return found

    def ours(method: str) -> np.ndarray:
        points = {"n": POINTS, "sigma": SIGMA} if method == "smoothgrad" else {"steps": POINTS}
        return run(model, image, method, params=points).relevance

    print(f"{model.spec.label}: {POINTS} images, median of {runs} (least to most)")
    exact = _exact_path(model, image, target)
    print(f"  integrated_gradients; from double precision ours {distance(_path(ours), exact)}")
    print(f"    {'':38s} captum {distance(captum_path(), exact)}")
    compare("captum", captum_path, "ours", lambda: _path(ours), runs, OF_CAPTUM)
    print("  smoothgrad")
    compare("captum", captum_noise, "ours", lambda: ours("smoothgrad"), runs, OF_CAPTUM)


def _path(ours: Callable[[str], np.ndarray]) -> np.ndarray:
    return ours("integrated_gradients")


def _exact_path(model: LoadedModel, image: np.ndarray, target: int) -> np.ndarray:
    """Return integrated gradients in float64, one point after the other."""
    import torch

    net = FromPixels(model, copy.deepcopy(model.net)).eval().double()
    x = torch.from_numpy(image)[None].double()
    total = torch.zeros_like(x)
    for point in range(POINTS):
        leaf = ((point + 0.5) / POINTS * x).requires_grad_()
        total = total + torch.autograd.grad(net(leaf)[0, target], leaf)[0]
    return (x * total / POINTS)[0].numpy()


def occlusion(name: str, runs: int) -> None:
    """Print the third part for a model."""
    import torch
    from captum import attr

    from xai.attribution.gradients.gradient import batch_size

    model, image = opened(name)
    x, net = torch.from_numpy(image)[None], FromPixels(model).eval()
    target = int(net(x).argmax())
    method = attr.Occlusion(net)
    channels = model.spec.channels
    print(f"{model.spec.label}: windows of {WINDOW} every {STRIDE}, median of {runs}")
    params = {"window": WINDOW, "stride": STRIDE, "fill": "black"}
    for together in sorted({1, min(16, batch_size(x))}):

        def theirs(together: int = together) -> Tensor:
            with torch.no_grad():
                found: Tensor = method.attribute(
                    *(x, (channels, WINDOW, WINDOW), (channels, STRIDE, STRIDE)),
                    target=target,
                    perturbations_per_eval=together,
                )
            return found

        compare(
            *(f"captum by {together}", theirs),
            *("ours", lambda: run(model, image, "occlusion", params=params)),
            *(runs, OF_WINDOWS),
        )


def growth(name: str) -> None:
    """Print the fourth part for a model."""
    model, image = opened(name)
    methods = (*SINGLE, "deconvnet", "integrated_gradients", "smoothgrad", "lrp")
    short: dict[str, dict[str, int]] = {
        "integrated_gradients": {"steps": 5},
        "smoothgrad": {"n": 5},
    }
    sizes = []
    for turn in range(GROWTH):
        method = methods[turn % len(methods)]
        run(model, image, method, params=short.get(method))
        gc.collect()
        sizes.append(resident(os.getpid()))
    grown = sizes[-1] - sizes[AFTER - 1]
    print(
        f"{model.spec.label}: {GROWTH} explanations by {len(methods)} methods; "
        f"{sizes[AFTER - 1]:.0f} MiB after {AFTER}, {sizes[-1]:.0f} after all, at most "
        f"{max(sizes):.0f}: {grown:+.1f} MiB, limit {MOST_MB}: "
        f"{'kept' if grown < MOST_MB else 'EXCEEDED'}"
    )


def main() -> None:
    """Run the parts."""
    parts = ("single", "many", "occlusion", "growth")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--parts", nargs="*", default=list(parts), choices=parts)
    parser.add_argument("--runs", type=int, help="instead of each model's own number")
    parser.add_argument("--threads", type=int, help="of torch")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # captum says of every call that it sets hooks
    print(load())
    threads(given.threads)
    for part in given.parts:
        for name in given.models:
            runs = given.runs or MODELS[name]
            if part == "growth":
                growth(name)
            else:
                # Fifty passes take as long as fifty runs of one.
                one = part == "single"
                {"single": single, "many": many, "occlusion": occlusion}[part](
                    name, runs if one else max(3, runs // 10)
                )
    print(load())


if __name__ == "__main__":
    main()
