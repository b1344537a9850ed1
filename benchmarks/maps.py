"""t-SNE of digits as the page makes it, beside bare openTSNE and scikit-learn.

Run it with ``python benchmarks/maps.py`` (about five minutes), or for one size with
``python benchmarks/maps.py --sizes 1000``; ``benchmarks/trust.py`` judges the shipped maps.

All three lay out the same features (pixels, the components with 90 % of their variance),
take the same number of steps and threads, and are judged by the same measure, which the
tests compare with scikit-learn's. Each runs on a thread of its own, as the page's job does: an
OpenMP library waits in another way on a process's first thread. Their order changes from run
to run, and up to 5,000 digits so do the digits. What the page's job does beside the layout is
stated by itself.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from streamlit.logger import set_log_level

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from xai import datasets, models
from xai.datasets import ImageSet
from xai.embedding import Embedding, Features, TsneParams
from xai.embedding.quality import measure
from xai.features.keys import FeaturesKey, features_of
from xai.jobs import Jobs
from xai.models import LoadedModel
from xai.models.spec import weights_of
from xai.store import Store
from xai.store.shelf import Shelf

MODEL = "lenet5-mnist"
#: Repetitions of each size; others are run once.
RUNS = {1000: 5, 5000: 2}
BUDGET = 1.15
PAGE, BARE, OTHER = "the page's job", "bare openTSNE", "scikit-learn"


class Made(NamedTuple):
    """A map and the seconds that its layout took."""

    points: np.ndarray
    seconds: float


class Job(NamedTuple):
    """What the page's job gave: the map, and seconds from its start to its end in parts."""

    features: Features
    embedding: Embedding
    describing: float
    rest: float


def sample(count: int, seed: int = 0) -> ImageSet:
    """Return digits; with seed 0 those that the page shows for a number of images."""
    return datasets.pool_sample(datasets.load_all("mnist", most=10_000), count, seed)


def page_job(model: LoadedModel, images: ImageSet, folder: Path) -> Job:
    """Run the job of the page, from nothing, on the thread of a queue as there.

    The only thing that is not the page's is the folder of its results: an empty one.
    """
    from pages._ui import cached
    from pages._ui.atlas import computing
    from pages._ui.atlas.choices import Wanted

    weights = weights_of(model.spec)
    wanted = Wanted(
        images.signature, MODEL, weights, None, "tsne", TsneParams(), reduce="pca90", grid=4
    )
    shelf = Shelf(Store(folder))
    with (
        mock.patch.object(cached, "shelf", return_value=shelf),
        mock.patch.object(cached, "model", return_value=model),
    ):
        begin = time.perf_counter()
        features_of(wanted.features, model, images, shelf)  # the job's own first step
        describing = time.perf_counter() - begin
        queue = Jobs()
        begin = time.perf_counter()
        job = queue.submit(
            wanted.key, computing._making(wanted, images), label=wanted.title, keep=False
        )
        job.wait()
        seconds = time.perf_counter() - begin
        queue.shutdown(timeout=5.0)
    status = job.snapshot()
    if status.error is not None:
        raise status.error
    laid = status.result
    return Job(laid.features, laid.embedding, describing, seconds - laid.embedding.seconds)


def bare(values: np.ndarray, threads: int) -> Made:
    """Lay out with openTSNE's own front door and the settings of ``xai.embedding.tsne``."""
    import openTSNE

    from xai.embedding import tsne

    params = TsneParams()
    method = openTSNE.TSNE(
        perplexity=params.perplexity,
        early_exaggeration=tsne._EARLY,
        early_exaggeration_iter=params.early_iterations,
        n_iter=params.iterations,
        initial_momentum=0.5,
        final_momentum=0.8,
        negative_gradient_method="fft" if len(values) >= tsne._MANY else "bh",
        neighbors="exact",
        initialization="pca",
        n_jobs=threads,
        random_state=0,
    )
    begin = time.perf_counter()
    points = np.asarray(method.fit(values))
    return Made(points, time.perf_counter() - begin)


def scikit(values: np.ndarray, threads: int, steps: int) -> Made:
    """Lay out with scikit-learn, whose gradient always takes all cores."""
    from sklearn.manifold import TSNE

    method = TSNE(
        perplexity=TsneParams().perplexity,
        init="pca",
        max_iter=steps,
        n_jobs=threads,
        random_state=0,
    )
    begin = time.perf_counter()
    points = method.fit_transform(values)
    return Made(points, time.perf_counter() - begin)


def apart(make: Callable[[], Made]) -> Made:
    """Run on a fresh thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(make).result()


def contenders(
    model: LoadedModel,
    images: ImageSet,
    values: np.ndarray,
    threads: int,
    steps: int,
    jobs: list[Job],
) -> dict[str, Callable[[], Made]]:
    """Return what makes each map; the page's jobs are added to ``jobs``."""

    def ours() -> Made:
        with tempfile.TemporaryDirectory() as folder:
            jobs.append(page_job(model, images, Path(folder)))
        return Made(jobs[-1].embedding.points, jobs[-1].embedding.seconds)

    return {
        PAGE: ours,
        BARE: lambda: apart(lambda: bare(values, threads)),
        OTHER: lambda: apart(lambda: scikit(values, threads, steps)),
    }


def compare(model: LoadedModel, count: int, runs: int, threads: int, steps: int) -> None:
    """Print the table of one size."""
    made: dict[str, list[Made]] = {PAGE: [], BARE: [], OTHER: []}
    judged: dict[str, list[dict[str, float]]] = {name: [] for name in made}
    jobs: list[Job] = []
    names = list(made)
    for run in range(runs):
        images = sample(count, run)
        values = page_features(model, images).values

        makers = contenders(model, images, values, threads, steps, jobs)
        for name in names[run % 3 :] + names[: run % 3]:
            made[name].append(makers[name]())
            judged[name].append(measure(values, made[name][-1].points, images.labels).figures)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    print(f"\n{count:,} digits, {values.shape[1]} components, {runs} runs; load {load:.1f}")
    report(made, judged)
    describing = statistics.median(job.describing for job in jobs)
    rest = statistics.median(job.rest for job in jobs)
    print(
        f"  the page's job beside its layout: features {describing:.2f} s; quality, neighbours, "
        f"clusters and saving {rest:.2f} s"
    )


def page_features(model: LoadedModel, images: ImageSet) -> Features:
    """Return the features of the pixels as the page describes them."""
    key = FeaturesKey(images.signature, MODEL, weights_of(model.spec), None)
    return features_of(key, model, images)


def report(made: dict[str, list[Made]], judged: dict[str, list[dict[str, float]]]) -> None:
    """Print times, their ratios run by run, and the means of the figures of quality."""
    base = [one.seconds for one in made[BARE]]
    print(f"  {'':15s} layout s   10-NN   trust.   x bare openTSNE, each run")
    for name, each in made.items():
        ratios = [one.seconds / beside for one, beside in zip(each, base, strict=True)]
        accuracy, trust = (
            statistics.mean(figures[key] for figures in judged[name])
            for key in ("knn_accuracy", "trustworthiness")
        )
        print(
            f"  {name:15s} {statistics.median(one.seconds for one in each):8.2f}  {accuracy:.4f}"
            f"   {trust:.4f}   {statistics.median(ratios):.2f}"
            f" ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
            + (f", budget {BUDGET}" if name == PAGE else "")
        )
    pairs = list(zip(made[PAGE], made[OTHER], strict=True))
    share = statistics.median(ours.seconds / other.seconds for ours, other in pairs)
    better = [
        ours["knn_accuracy"] - other["knn_accuracy"]
        for ours, other in zip(judged[PAGE], judged[OTHER], strict=True)
    ]
    print(
        f"  against scikit-learn: {share:.2f} x its time, 10-NN accuracy "
        f"{statistics.mean(better):+.4f} ({', '.join(f'{gain:+.4f}' for gain in better)})"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 5000, 10_000])
    parser.add_argument("--runs", type=int, help="of each size; else 3 at 1,000, 2 at 5,000")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--steps", type=int, help="of scikit-learn; else as many as ours")
    given = parser.parse_args()
    set_log_level("ERROR")  # that no page is running is meant
    model = models.load(MODEL)
    params = TsneParams()
    steps = given.steps or params.early_iterations + params.iterations
    from xai.embedding import tsne

    # On a busy machine the page takes one thread; here each side has the same number.
    with mock.patch.object(tsne, "_jobs", return_value=given.threads):
        with tempfile.TemporaryDirectory() as folder:  # imports, and each method once
            small = sample(200)
            values = page_job(model, small, Path(folder)).features.values
            apart(lambda: bare(values, given.threads))
            apart(lambda: scikit(values, given.threads, steps))
        print(f"t-SNE in {steps} steps with {given.threads} threads")
        for count in given.sizes:
            compare(model, count, given.runs or RUNS.get(count, 1), given.threads, steps)


if __name__ == "__main__":
    main()
