"""The film that comes with the app: which it is, and how it is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xai import datasets
from xai.embedding.evolution.keys import EvolutionKey, Load, evolution_of
from xai.embedding.evolution.result import Evolution
from xai.embedding.methods import METHODS
from xai.store import Store

if TYPE_CHECKING:
    from xai.datasets import ImageSet

#: Images of a film, as far as there are so many: enough for ten classes to be seen.
COUNT = 500
METHOD = "tsne"


def filmed(images: ImageSet, count: int = COUNT) -> ImageSet:
    """Return the images that are filmed: a stratified sample, always the same."""
    return datasets.pool_sample(images, min(count, len(images)))


def make(
    folder: Path,
    run: str,
    marks: tuple[float, ...],
    load: Load,
    images: ImageSet,
    layer: str,
) -> Iterator[str]:
    """Make the film of a layer into a folder, replacing those in it.

    Parameters
    ----------
    folder : Path
    run, marks, load
        Of the run: its digest, its marks, and what gives the network at one of them.
    images : ImageSet
        Its test images.
    layer : str

    Yields
    ------
    str
        The row of the data card.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    store = Store(folder)
    store.clear()
    shown = filmed(images)
    key = EvolutionKey(shown.signature, run, marks, layer, METHOD, METHODS[METHOD].params())
    made = evolution_of(key, load, shown)
    if not store.save(key, made):
        raise OSError(store.writable_error)
    yield row(key, made)


def row(key: EvolutionKey, made: Evolution) -> str:
    """Return what the data card says of a film: its first map and its last."""
    figures = [made.quality[name] for name in ("trustworthiness", "knn_accuracy")]
    cells = (
        key.layer or "pixels",
        METHODS[key.method].label,
        f"{made.points.shape[1]:,}",
        f"{len(made)}",
        f"{figures[0][0]:.3f} → {figures[0][-1]:.3f}",
        f"{100 * figures[1][0]:.1f} % → {100 * figures[1][-1]:.1f} %",
    )
    return f"| {' | '.join(cells)} |"
