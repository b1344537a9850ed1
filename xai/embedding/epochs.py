"""The steps of UMAP, by parts of umap-learn, so that a caller can see and end them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from xai.embedding.params import UmapParams
from xai.types import Progress

#: Where numba has no thread-safe backend, two UMAPs at once abort the process.
_ALONE = threading.Lock()
#: Set once a map has been made in this process.
COMPILED = threading.Event()


@contextmanager
def alone(progress: Progress | None) -> Iterator[None]:
    """Wait until no other UMAP runs."""
    while not _ALONE.acquire(timeout=0.2):
        if progress is not None:
            progress(0, 0, "Waiting for another UMAP")
    try:
        if progress is not None and not COMPILED.is_set():
            progress(0, 0, "Compiling UMAP, once after a start: about 12 seconds")
        yield
    finally:
        _ALONE.release()


def parts() -> Any:
    """Import what UMAP is made of."""
    try:
        from umap import umap_
    except ImportError as error:
        raise ValueError("UMAP is not installed here; choose t-SNE or PCA") from error
    return umap_


def random_state(seed: int) -> np.ndarray:
    """Return the state that umap-learn draws for its own generator."""
    low, high = np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1
    return np.random.RandomState(seed).randint(low, high, 3).astype(np.int64)


def descend(
    head: np.ndarray,
    tail: np.ndarray,
    graph: Any,
    params: UmapParams,
    epochs: Epochs | int,
    random: np.ndarray,
    step: float = 1.0,
) -> None:
    """Move the points of ``head`` in place; with them those of ``tail`` if both are one."""
    from umap.layouts import optimize_layout_euclidean

    learn = parts()
    count = max(epochs) if isinstance(epochs, list) else epochs
    graph.data[graph.data < graph.data.max() / count] = 0.0
    graph.eliminate_zeros()
    a, b = learn.find_ab_params(1.0, params.min_dist)
    optimize_layout_euclidean(
        head,
        tail,
        graph.row,
        graph.col,
        epochs,
        graph.shape[1],
        learn.make_epochs_per_sample(graph.data, count),
        a,
        b,
        random,
        1.0,
        step,
        5,
        parallel=False,
        move_other=head is tail,
    )


class Enough(Exception):  # noqa: N818 - nothing is wrong when it is raised
    """Raised between two epochs to end them."""


class Epochs(list[int]):
    """The epochs to keep a copy of: none but the last, and it hears of each that is over.

    After each epoch umap-learn asks whether it is in this list. No other door lets
    a caller see the points on their way, or end it: the progress bar that it also
    takes holds a lock of the process while it writes.
    """

    def __init__(self, total: int, step: Callable[[int], None]) -> None:
        super().__init__([total])
        self._step = step

    def __contains__(self, epoch: object) -> bool:
        if isinstance(epoch, int):
            self._step(epoch + 1)
        return False
