"""Features of many layers by key, from as few passes of the network as memory allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xai.features.keys import FeaturesKey, belongs
from xai.features.result import Features
from xai.store.keeping import Keeper
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel

#: Most bytes that the averaged answers of all layers may take together.
MOST_BYTES = 320 * 2**20


@dataclass(frozen=True, eq=False)
class Gathered:
    """Features of several layers.

    Attributes
    ----------
    features : mapping of FeaturesKey to Features
        In the order of the keys that were asked for.
    left_out : mapping of str to str
        Layers that have no features, and why, as a part of a sentence.
    """

    features: Mapping[FeaturesKey, Features]
    left_out: Mapping[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should be told, one sentence each."""
        return tuple(f"{name} was left out ({why})." for name, why in self.left_out.items())


@dataclass(frozen=True)
class _Share:
    """A layer that a pass is to serve: its grid, and what is to be said of that."""

    key: FeaturesKey
    grid: int
    notes: tuple[str, ...]
    nbytes: int


def features_of_all(
    keys: Sequence[FeaturesKey],
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None = None,
    *,
    progress: Progress | None = None,
) -> Gathered:
    """Return the features of several layers: from the store, else all from one pass.

    Parameters
    ----------
    keys : sequence of FeaturesKey
        Of one model and one data set; a key that comes twice counts once.
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet
    store : Keeper, optional
        Where known features are looked for and new ones are kept, under the keys that
        :func:`xai.features.keys.features_of` uses. None keeps nothing.
    progress : callable, optional
        ``progress(done, total, message)``: in images during a pass, and then in
        layers; may raise.

    Returns
    -------
    Gathered

    Raises
    ------
    ValueError
        If the model or the images are not those of a key, the model has no such
        layer, or there are fewer than two images.

    Notes
    -----
    The answers of all missing layers are averaged as they appear, in one pass, as
    long as they take less than 320 MB together; beyond that there is a further pass.
    Features are those of :func:`xai.embedding.features` up to rounding. A layer whose
    answer is no array, or is the same for all images, is left out.
    """
    for key in keys:
        belongs(key, model, images)
    found: dict[FeaturesKey, Features] = {}
    for key in dict.fromkeys(keys):
        known = None if store is None else store.load(key)
        if isinstance(known, Features):
            found[key] = known
    missing = [key for key in dict.fromkeys(keys) if key not in found]
    left_out: dict[str, str] = {}
    for batch in _passes(missing, model, images, left_out) if missing else ():
        for key, features in _from_one_pass(batch, model, images, left_out, progress):
            found[key] = features
            if store is not None:
                store.save(key, features)
    return Gathered({key: found[key] for key in keys if key in found}, left_out)


def _passes(
    keys: Sequence[FeaturesKey], model: LoadedModel, images: ImageSet, left_out: dict[str, str]
) -> list[list[_Share]]:
    """Return which layers each pass serves: of one grid, and not too many for memory."""
    from xai.features.description import affordable
    from xai.features.extraction import pixel_count, shapes
    from xai.features.pooling import dimensions

    names = tuple(dict.fromkeys(key.layer for key in keys))
    sizes, without = shapes(model, images, names)
    left_out.update(without)
    passes: list[list[_Share]] = []
    for key in keys:
        layer = key.layer
        if layer in without:
            continue
        grid, notes = affordable(model, layer, len(images), key.grid)
        width = pixel_count(model) if layer is None else dimensions(sizes[layer], grid)
        share = _Share(key, grid, notes, 4 * width * len(images))
        for batch in passes:
            full = sum(one.nbytes for one in batch) + share.nbytes > MOST_BYTES
            # The pixels have no grid: any pass will do.
            alike = layer is None or all(one.grid == grid for one in batch if one.key.layer)
            if alike and not full:
                batch.append(share)
                break
        else:
            passes.append([share])
    return passes


def _from_one_pass(
    batch: Sequence[_Share],
    model: LoadedModel,
    images: ImageSet,
    left_out: dict[str, str],
    progress: Progress | None,
) -> Iterator[tuple[FeaturesKey, Features]]:
    from xai.features.description import described
    from xai.features.extraction import extract

    grid = next((one.grid for one in batch if one.key.layer), batch[0].grid)
    layers = [one.key.layer for one in batch]
    answers = extract(model, images, layers, grid=grid, skip=True, progress=progress)
    left_out.update(answers.left_out)
    for place, one in enumerate(batch):
        layer = one.key.layer
        if layer not in answers.values:
            continue
        shown = layer or "pixels"
        say = partial(_say, progress, place, len(batch), f"Components of {shown}")
        try:
            made = described(
                model,
                images,
                layer,
                answers,
                reduce=one.key.reduce,
                grid=one.grid,
                notes=one.notes,
                progress=say,
            )
        except ValueError as error:  # the other layers are as good
            left_out[shown] = str(error).partition(": ")[2].partition(",")[0] or str(error)
            continue
        if made.values is answers.values[layer]:
            # A view would keep the answers of all layers in memory.
            made = dataclasses.replace(made, values=made.values.copy())
        yield one.key, made


def _say(progress: Progress | None, place: int, count: int, message: str, *_: object) -> None:
    """Count layers; what the work within one of them says has another scale."""
    if progress is not None:
        progress(place, count, message)
