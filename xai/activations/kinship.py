"""Whether a layer answers to an image as it does to the images that excite a channel most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.datasets.spec import ImageSet
from xai.models.doors import checked_model
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Lengths below this share of the longest answer are rounding, and point nowhere.
_NOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class Kinship:
    """How alike images are to a layer, as cosines around the data set's mean answer.

    Nothing in it can be written to. NaN stands where an answer is the mean itself, or no
    other image is left to compare with.

    Attributes
    ----------
    model, layer : str
        Names.
    channel : int or None
        The channel that it is about, which was left out.
    image : float
        Mean cosine of the image to the strongest, in [-1, 1].
    strongest : ndarray, shape (k,), float64
        Mean cosine of each of the strongest to the k - 1 others.
    others : ndarray, shape (n,), float64
        Mean cosine of each of the other images to the strongest.
    """

    model: str
    layer: str
    channel: int | None
    image: float
    strongest: np.ndarray
    others: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.strongest, self.others):
            array.setflags(write=False)

    @property
    def among(self) -> float:
        """Mean cosine of the strongest to each other."""
        return float(_means(self.strongest[None])[0])

    @property
    def share(self) -> float:
        """Share of the other images that are less like the strongest than the image is."""
        known = self.others[np.isfinite(self.others)]
        return float((known < self.image).mean()) if len(known) else float("nan")


def kinship(
    model: LoadedModel,
    image: np.ndarray,
    images: ImageSet,
    strongest: Sequence[int],
    layer: str,
    *,
    channel: int | None = None,
    most: int = 60,
    seed: int = 0,
    progress: Progress | None = None,
) -> Kinship:
    """Compare what a layer answers to an image with what it answers to others.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    image : ndarray, shape (C, H, W), in [0, 1]
    images : ImageSet
        The data set.
    strongest : sequence of int
        Positions in it: the images that the first one is compared with.
    layer : str
        Dotted module path.
    channel : int, optional
        Channel of the layer that the images excite. Answers are then taken at the place where
        it is strongest, and without itself: it would make them alike by construction. None
        takes the mean over all places.
    most : int
        Other images that are looked at, drawn at random; at least 1.
    seed : int
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise.

    Raises
    ------
    TypeError
        If ``model`` or ``images`` is of another kind.
    ValueError
        If fewer than two strongest images are given, one is not there, an image does not
        fit, the model has no such layer, or the layer no such channel.

    Notes
    -----
    An answer is what all channels give at one place (the other images: at a random one, so
    that they say how alike any two places are), less the mean answer to all places of the
    data set, estimated from the images that are looked at. Of two answers u and v the cosine is
    u·v / (|u| |v|): 1 if the layer leaves its mean in the same direction, 0 if the
    directions have nothing to do with each other. Without taking the mean away any two
    images would be alike, since behind a rectifier no answer is negative.
    """
    checked_model(model)
    chosen = _checked(images, strongest, most)
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(np.setdiff1d(np.arange(len(images)), chosen))[:most]
    tens, others = slice(1, 1 + len(chosen)), slice(1 + len(chosen), None)
    chances = rng.random(1 + len(chosen) + len(drawn))
    chances[: others.start] = np.nan
    batch = _Batch(model, image, images, (*chosen, *drawn.tolist()))
    answers, means = _answers(batch, layer, channel, chances, progress)
    answers = _directions(answers - _centre(means[tens], means[others], len(images)))
    # Of a layer's only channel nothing is left to compare by.
    cosines = answers @ answers[tens].T + (0 if answers.shape[1] else np.nan)
    within = cosines[tens].copy()
    np.fill_diagonal(within, np.nan)  # each is like itself
    return Kinship(
        model=model.spec.name,
        layer=layer,
        channel=channel,
        image=float(_means(cosines[:1])[0]),
        strongest=_means(within),
        others=_means(cosines[others]),
    )


@dataclass(frozen=True, eq=False)
class _Batch:
    """An image, and those of a data set at some places, as a network takes them."""

    model: LoadedModel
    image: np.ndarray
    images: ImageSet
    places: tuple[int, ...]

    def __len__(self) -> int:
        return 1 + len(self.places)

    def part(self, start: int, size: int) -> np.ndarray:
        """Return some of them, the image itself as number 0."""
        some = [
            self.model.prepare(self.images.images[self.places[number - 1]])
            if number
            else self.image
            for number in range(start, min(start + size, len(self)))
        ]
        return np.stack(some)


def _answers(
    batch: _Batch,
    layer: str,
    channel: int | None,
    chances: np.ndarray,
    progress: Progress | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return answers at one place and means over all places, (N, C) float64 both.

    ``chances`` in [0, 1) choose the place; NaN takes the channel's strongest.
    """
    from xai.activations.passes import pass_size
    from xai.activations.recording import record

    size, found, means = pass_size(batch.model), [], []
    for start in range(0, len(batch), size):
        maps = record(batch.model, batch.part(start, size), [layer])[layer].astype(np.float64)
        maps = maps.reshape(*maps.shape[:2], -1)
        means.append(maps.mean(axis=2))
        found.append(_at(maps, channel, chances[start : start + size]))
        if progress is not None:
            done = start + len(maps)
            progress(done, len(batch), f"Image {done} of {len(batch)}")
    answers, centres = np.concatenate(found), np.concatenate(means)
    if channel is None:
        return answers, centres
    return np.delete(answers, channel, axis=1), np.delete(centres, channel, axis=1)


def _at(maps: np.ndarray, channel: int | None, chances: np.ndarray) -> np.ndarray:
    """Return what the maps (N, C, P) hold at one place of each; without a channel their means."""
    if channel is None:
        return maps.mean(axis=2)
    if not 0 <= channel < maps.shape[1]:
        raise ValueError(f"channel: expected 0 to {maps.shape[1] - 1}, got {channel}")
    drawn = np.nan_to_num(chances * maps.shape[2]).astype(np.int64)
    places = np.where(np.isnan(chances), maps[:, channel].argmax(axis=1), drawn)
    return maps[np.arange(len(maps)), :, places]


def _checked(images: ImageSet, strongest: Sequence[int], most: int) -> list[int]:
    if not isinstance(images, ImageSet):
        raise TypeError(f"images: expected an image set, got {type(images).__name__}")
    chosen = [int(place) for place in strongest]
    if len(set(chosen)) < 2 or len(set(chosen)) != len(chosen):
        raise ValueError(f"strongest: expected two or more different images, got {chosen}")
    if not all(0 <= place < len(images) for place in chosen):
        raise ValueError(f"strongest: expected positions below {len(images)}, got {chosen}")
    if most < 1:
        raise ValueError(f"most: expected at least 1, got {most}")
    return chosen


def _centre(strongest: np.ndarray, drawn: np.ndarray, count: int) -> np.ndarray:
    """Return the mean answer to a data set, of which the other images are a sample."""
    if not len(drawn):
        return strongest.mean(axis=0)
    part = len(strongest) / count
    return part * strongest.mean(axis=0) + (1 - part) * drawn.mean(axis=0)


def _directions(answers: np.ndarray) -> np.ndarray:
    """Return answers of length 1, and NaN for those that are the mean itself."""
    lengths = np.linalg.norm(answers, axis=1, keepdims=True)
    known = np.isfinite(lengths)
    somewhere = known & (lengths > _NOTHING * lengths[known].max(initial=0))
    return np.where(somewhere, answers / np.where(somewhere, lengths, 1), np.nan)


def _means(cosines: np.ndarray) -> np.ndarray:
    """Return the mean of each row's numbers; NaN where there is none."""
    known = np.isfinite(cosines)
    count = known.sum(axis=1)
    sums = np.where(known, cosines, 0).sum(axis=1)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)
