"""Whether the score falls when what a map marks is taken away, and comes when it is shown.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from xai.attribution.black_box.params import FILLS
from xai.attribution.checks.naming import labels
from xai.attribution.result import Attribution
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Names of the two curves that a map has to beat.
RANDOM, EDGES = "random", "edges"
_LABELS = {RANDOM: "random order", EDGES: "edge detector"}
#: Methods that are bright where something speaks against the class.
AGAINST = frozenset({"negative_grad_cam"})
# Name, label, and which of the orders a curve is the mean of.
_Part = tuple[str, str, list[int]]


@dataclass(frozen=True, eq=False)
class Curve:
    """What one order of the pixels does to the explained number.

    Attributes
    ----------
    name : str
        Key of the method, or ``"random"``, or ``"edges"``.
    label : str
        Name for people.
    target : int
        Index of the explained class.
    contrast : int or None
        Index of the class that is taken off.
    deletion : ndarray, shape (S + 1,), float64, read-only
        With the first pixels of the order hidden: the lower, the more of what the
        decision rests on came first.
    insertion : ndarray, shape (S + 1,), float64, read-only
        With nothing but the first pixels shown: the higher, the better.
    deletion_area, insertion_area : float
        Mean of the curve over the share of pixels, by the trapezoid rule.
    deletion_spread, insertion_spread : ndarray, shape (S + 1,), float64, read-only
        Standard deviation over several orders; zeros where there is one.
    """

    name: str
    label: str
    target: int
    contrast: int | None
    deletion: np.ndarray
    insertion: np.ndarray
    deletion_area: float
    insertion_area: float
    deletion_spread: np.ndarray
    insertion_spread: np.ndarray

    def __post_init__(self) -> None:
        for values in (self.deletion, self.insertion, self.deletion_spread, self.insertion_spread):
            values.setflags(write=False)

    @property
    def reference(self) -> bool:
        """Whether it is no explanation, but what one is compared with."""
        return self.name in _LABELS


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Deletion and insertion curves of several maps.

    Attributes
    ----------
    shares : ndarray, shape (S + 1,), float64, read-only
        Share of the pixels that are hidden, or shown, from 0 to 1.
    score : tuple of Curve
        Of the explained score (of a contrast: the difference of two), for each class
        explained: the maps in the order given, then random order, then the edges.
    probability : tuple of Curve
        The same of the probability, or the difference of two.
    fill : str
        What stood where pixels were hidden.
    orders : int
        Random orders behind one curve.
    seed : int
        Of the random orders, and of the order among equal values.
    passes : int
        Images shown to the network.
    """

    shares: np.ndarray
    score: tuple[Curve, ...]
    probability: tuple[Curve, ...]
    fill: str
    orders: int
    seed: int
    passes: int

    def __post_init__(self) -> None:
        self.shares.setflags(write=False)

    @property
    def aims(self) -> tuple[tuple[int, int | None], ...]:
        """What was explained: each pair of a class and the one taken off, or None."""
        return tuple(dict.fromkeys((curve.target, curve.contrast) for curve in self.score))

    def about(self, target: int, contrast: int | None = None) -> Faithfulness:
        """Return the curves of one class: others are on another scale.

        Raises
        ------
        ValueError
            If no map explains it.
        """
        if (target, contrast) not in self.aims:
            raise ValueError(f"target: expected one of {self.aims}, got {(target, contrast)}")
        return replace(
            self,
            score=_of(self.score, target, contrast),
            probability=_of(self.probability, target, contrast),
        )


def faithfulness(
    model: LoadedModel,
    image: np.ndarray,
    found: Sequence[Attribution],
    *,
    steps: int = 28,
    fill: str = "mean",
    orders: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Faithfulness:
    """Hide, and show, the pixels that maps call most relevant first.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        The explained image.
    found : sequence of Attribution
        Maps of this image and model, of any classes.
    steps : int
        Equal parts in which the pixels are hidden or shown, 1 to 1000; no more than
        there are pixels.
    fill : str
        What stands where pixels are hidden: ``"mean"``, ``"black"``, ``"grey"`` or
        ``"blur"``.
    orders : int
        Random orders, 1 to 100, whose mean a map has to beat.
    seed : int
        Of the random orders, and of the order among equal values.
    progress : callable, optional
        ``progress(done, total, message)`` in images. May raise, which stops the work.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a map is of another image or model, a number is out of range, or a score is
        not finite.

    Notes
    -----
    A pixel's rank is that of its relevance summed over the channels, the most positive
    first; equal values, such as all zeros of a map without negative evidence, are in one
    random order. A map of negative evidence is read with its sign turned: what it marks
    is hidden last.

    Both curves of an order begin and end with the same two images, the given one and the
    filling, which are asked once. The area is the mean of the curve, so that its unit is
    that of the score.

    The references tell what the numbers mean: a map that is no better than random order
    marks nothing that the decision rests on, one no better than an edge detector (the
    Sobel magnitude of the image) may be nothing else. No fill is neutral. Single pixels
    hidden all over the image, as by random order, are a stronger disturbance than their
    number suggests: a network falls for the noise, so that random order may do better in
    deletion than a coarse map. Read both curves.

    Deviations: Samek and others hide squares of 9 x 9 by random colours and take the area
    above the curve; here, as in Petsiuk and others, single pixels by one fill, and the
    area below it. They insert into a blurred image (``fill="blur"``, here with half of a
    seventh of the longer side as the standard deviation); the default is the mean colour
    for both. They take the probability; both are returned.

    References
    ----------
    V. Petsiuk, A. Das, K. Saenko: RISE: randomized input sampling for explanation of
    black-box models, 2018, arXiv 1806.07421.

    W. Samek, A. Binder, G. Montavon, S. Lapuschkin, K.-R. Müller: Evaluating the
    visualization of what a deep neural network has learned, 2017, arXiv 1509.06321.
    """
    from xai.attribution.checks import perturbation
    from xai.attribution.checks.repeating import between, checked

    x = checked(model, image, found)
    if fill not in FILLS:
        raise ValueError(f"fill: expected one of {', '.join(FILLS)}; got {fill!r}")
    counts = pixel_counts(between(steps, 1, 1000, "steps"), x.shape[2] * x.shape[3])
    drawn = between(orders, 1, 100, "orders")
    rng = np.random.default_rng(between(seed, 0, 2**63 - 1, "seed"))
    ranked = ranks(x[0].cpu().numpy(), found, drawn, rng)
    answers = perturbation.answers(model, x, ranked, counts, fill, progress)
    shares = counts / counts[-1]
    score: list[Curve] = []
    probability: list[Curve] = []
    for aim, parts in _groups(found, labels(found, model.classes), drawn).items():
        for curves, values in zip((score, probability), answers.explained(*aim), strict=True):
            curves += [_curve(*part[:2], aim, values[part[2]], shares) for part in parts]
    return Faithfulness(
        shares, tuple(score), tuple(probability), fill, drawn, int(seed), answers.passes
    )


def _groups(
    found: Sequence[Attribution], names: Sequence[str], drawn: int
) -> dict[tuple[int, int | None], list[_Part]]:
    """Return name, label and orders of each curve, for each class explained."""
    last = len(found)
    references: list[_Part] = [
        (RANDOM, _LABELS[RANDOM], list(range(last, last + drawn))),
        (EDGES, _LABELS[EDGES], [last + drawn]),
    ]
    groups: dict[tuple[int, int | None], list[_Part]] = {}
    for place, (one, name) in enumerate(zip(found, names, strict=True)):
        groups.setdefault((one.target, one.contrast), []).append((one.method, name, [place]))
    return {aim: parts + references for aim, parts in groups.items()}


def pixel_counts(steps: int, pixels: int) -> np.ndarray:
    """Return how many pixels are hidden at each step, (S + 1,) whole numbers from 0 to all."""
    return np.rint(np.linspace(0, pixels, min(steps, pixels) + 1)).astype(np.int64)


def ranks(
    image: np.ndarray, found: Sequence[Attribution], orders: int, rng: np.random.Generator
) -> np.ndarray:
    """Return each pixel's place in each order, (O, H, W): the maps', random ones, the edges'."""
    from xai.attribution.checks.edges import edge_map

    height, width = found[0].relevance.shape[1:]
    ties = rng.permutation(height * width)
    flat = [
        one.relevance.sum(0, dtype=np.float64).ravel() * (-1 if one.method in AGAINST else 1)
        for one in found
    ]
    sequences = [np.lexsort((ties, -values)) for values in flat]
    sequences += [rng.permutation(height * width) for _ in range(orders)]
    sequences.append(np.lexsort((ties, -edge_map(image).ravel())))
    places = np.empty((len(sequences), height * width), np.int64)
    for row, sequence in zip(places, sequences, strict=True):
        row[sequence] = np.arange(height * width)
    return places.reshape(-1, height, width)


def _curve(
    name: str, label: str, aim: tuple[int, int | None], values: np.ndarray, shares: np.ndarray
) -> Curve:
    """Return the mean of curves, (orders, 2, S + 1), deletion before insertion."""
    deletion, insertion = values.mean(0)
    deletion_spread, insertion_spread = values.std(0)
    return Curve(
        name=name,
        label=label,
        target=aim[0],
        contrast=aim[1],
        deletion=deletion,
        insertion=insertion,
        deletion_area=float(np.trapezoid(deletion, shares)),
        insertion_area=float(np.trapezoid(insertion, shares)),
        deletion_spread=deletion_spread,
        insertion_spread=insertion_spread,
    )


def _of(curves: tuple[Curve, ...], target: int, contrast: int | None) -> tuple[Curve, ...]:
    return tuple(curve for curve in curves if (curve.target, curve.contrast) == (target, contrast))
