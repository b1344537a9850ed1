"""Films by key: taken from a store if they were made before, else made and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai.embedding.evolution import OnEpoch, evolve
from xai.embedding.evolution.result import Evolution
from xai.features.result import Features
from xai.store.keeping import Keeper, kept
from xai.types import Params, Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

#: The network at a mark of a run, such as ``Run.load``.
Load = Callable[[float], "LoadedModel"]


@dataclass(frozen=True)
class EvolutionKey:
    """Everything that a film depends on.

    Attributes
    ----------
    data : str
        ``ImageSet.signature``.
    run : str
        ``Run.digest``: it stands for the weights at all marks.
    marks : tuple of float
        Epochs since the beginning, rising.
    layer : str or None
        None stands for the pixels, which do not learn.
    method : str
        One of ``xai.embedding.evolution.CONTINUABLE``.
    params : Params
        Of the method's own class.
    seed : int
    grid : int
        Feature maps are averaged to at most ``grid`` by ``grid`` values a channel.
    version : int
        Of the way films are made: what was kept by an earlier one is not served.
    """

    data: str
    run: str
    marks: tuple[float, ...]
    layer: str | None
    method: str
    params: Params
    seed: int = 0
    grid: int = 4
    version: int = 1


def evolution_of(
    key: EvolutionKey,
    load: Load,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    progress: Progress | None = None,
    on_epoch: OnEpoch | None = None,
) -> Evolution:
    """Return the film of a key: from the store, else made and kept there.

    Parameters
    ----------
    key : EvolutionKey
    load : callable
        ``load(mark)`` gives the network at a mark of the key's run.
    images : ImageSet
    store : Keeper, optional
        None keeps nothing.
    progress, on_epoch : callable, optional
        As :func:`xai.embedding.evolution.evolve` takes them; may raise.

    Raises
    ------
    ValueError
        If the images are not those of the key, or no film can be made of them.
    """
    if images.signature != key.data:
        raise ValueError(f"key: expected the images {key.data}, got {images.signature}")

    def make() -> Evolution:
        return evolve(
            _Answers(key, load, images),
            method=key.method,
            params=key.params,
            seed=key.seed,
            names=tuple(f"{mark:g}" for mark in key.marks),
            progress=progress,
            on_epoch=on_epoch,
        )

    return kept(key, Evolution, store, make)


class _Answers(Sequence[Features]):
    """What the layer answers at each mark, worked out when it is asked for.

    All numbers are kept, not the components of most variance: their number would jump
    from epoch to epoch, and the points with it.
    """

    def __init__(self, key: EvolutionKey, load: Load, images: ImageSet) -> None:
        self._key, self._load, self._images = key, load, images

    def __len__(self) -> int:
        return len(self._key.marks)

    def __getitem__(self, place: int) -> Features:  # type: ignore[override]
        """Return the features at a mark, also where all are the same."""
        from xai.features.description import answered
        from xai.features.extraction import extract

        key = self._key
        model = self._load(key.marks[place])
        found = extract(model, self._images, [key.layer], grid=key.grid)
        return answered(model, self._images, key.layer, found, grid=key.grid)
