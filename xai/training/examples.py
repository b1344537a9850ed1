"""The images of a training: those that a network learns from, and those it is tried on."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from xai import datasets
from xai.datasets import DATASETS, ImageSet
from xai.training.inputs import pixels
from xai.types import find

if TYPE_CHECKING:
    from xai.training.runs.recipe import Recipe
    from xai.training.runs.run import Run

#: Most test images: after each epoch all of them are looked at.
MOST_TESTED = 2_000


def examples(dataset: str, n: int | None = None) -> tuple[ImageSet, ImageSet]:
    """Return the images to train on and those to try the network on.

    Parameters
    ----------
    dataset : str
        A data set that has both.
    n : int, optional
        How many images to train on: a stratified sample, always the same. None, or as many
        as there are, takes all of them in their own order.

    Returns
    -------
    train, test : ImageSet
        The second of at most :data:`MOST_TESTED` images.

    Raises
    ------
    TypeError, ValueError
        If there is no such data set, it has no training images, or ``n`` is below 1.
    NotFetched
        If it has to be downloaded first.
    """
    spec = find(DATASETS, dataset, "data set")
    if not {"train", "test"} <= set(spec.splits):
        known = ", ".join(name for name, row in DATASETS.items() if "train" in row.splits)
        raise ValueError(f"data set: expected one to train on ({known}), got {dataset!r}")
    sizes = dict(zip(spec.splits, spec.sizes, strict=True))
    share = None if n is None or n >= sizes["train"] else n
    tested = None if sizes["test"] <= MOST_TESTED else MOST_TESTED
    train = datasets.load(dataset, n=share, split="train")
    return train, datasets.load(dataset, n=tested, split="test")


def held_out(run: Run) -> ImageSet:
    """Return the test images of a run, in the order of its labels; none if it had none.

    Raises
    ------
    ValueError
        If they are not here: the sentence says how to get them.
    """
    recipe = run.recipe
    if not run.ids:
        nothing = np.zeros((0, 1, 1, 1), np.uint8)
        return ImageSet(nothing, np.zeros(0, np.int64), recipe.classes, (), recipe.data)
    if recipe.data not in DATASETS or not datasets.is_ready(recipe.data):
        raise ValueError(_missing(recipe.data))
    test = datasets.load(recipe.data, split="test")
    if not set(run.ids) <= set(test.ids):
        raise ValueError(_missing(recipe.data))
    found = test.subset([test.index(name) for name in run.ids])
    if found.classes != recipe.classes:  # it may have learned some of the classes alone
        found = replace(found, labels=run.labels, classes=recipe.classes)
    # The same names may stand for other pictures: those of a set that was altered.
    if found.signature != recipe.test_signature:
        raise ValueError(_missing(recipe.data))
    return found


def altered(run: Run, test: ImageSet) -> bool:
    """Tell whether a run was made with other pixels than those of its data set.

    Parameters
    ----------
    run : Run
    test : ImageSet
        See :func:`held_out`.
    """
    if run.recipe.data not in DATASETS or not datasets.is_ready(run.recipe.data):
        return False  # without test images, and none to learn from can be shown
    train = datasets.load(run.recipe.data, split="train")
    if not set(run.train_ids) <= set(train.ids):
        return True
    chosen = train.subset([train.index(name) for name in run.train_ids])
    return pixels(chosen, test if len(test) else None) != run.recipe.pixels


def repeatable(recipe: Recipe) -> bool:
    """Tell whether :func:`examples` gives the images of a recipe."""
    # Asked anew each time: what is not here yet may be downloaded meanwhile.
    ready = recipe.data in DATASETS and datasets.is_ready(recipe.data)
    return ready and _repeatable(recipe)


@functools.lru_cache(maxsize=16)
def _repeatable(recipe: Recipe) -> bool:
    try:
        train, test = examples(recipe.data, recipe.images)
    except ValueError:
        return False
    found = (train.signature, test.signature, pixels(train, test))
    return found == (recipe.signature, recipe.test_signature, recipe.pixels)


def _missing(name: str) -> str:
    if name in DATASETS and not datasets.is_ready(name) and DATASETS[name].kind == "download":
        return (
            f"The run was tried on images of {DATASETS[name].label}, which are not here yet: "
            "download them on the page of the data set, then open the run again."
        )
    return "The run was tried on images that are not here: they are of no data set of this app."
