"""Where misclassified images leave the way of their class, beside what right images do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xai.flow.graph import FlowGraph, Node, checked_graph
from xai.flow.reports.streams import NEVER, Kind, leaving, streams
from xai.types import accepted_seed

#: The band of the baseline, as shares of the draws.
_BAND = (0.05, 0.95)
_DRAWS = 2000
#: Names of classes in a sentence.
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many misclassified images leave at each layer, and how many right ones would.

    Attributes
    ----------
    kind : str
        ``"first"`` or ``"good"``.
    counts : ndarray, shape (L + 1,), int64
        Misclassified images by the layer at which they leave; last those that never do.
    expected : ndarray, shape (L + 1,), float64
        The same for as many right images of the same classes, on average.
    low, high : ndarray, shape (L + 1,), float64
        Between these lie nine in ten draws of such right images.
    compared : int
        Misclassified images that the baseline stands for: those of whose class at least
        one is right.
    """

    kind: Kind
    counts: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    compared: int


@dataclass(frozen=True, eq=False)
class Pair:
    """Images of one class that are taken for the same other class.

    Attributes
    ----------
    true, predicted : int
        Indices of the data set's classes and of the model's.
    names : tuple of str
        The names of both.
    images : ndarray, shape (m,), int64
        Rising.
    counts : ndarray, shape (L + 1,), int64
        By the layer at which they leave; last those that never do.
    """

    true: int
    predicted: int
    names: tuple[str, str]
    images: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, eq=False)
class Derailments:
    """At which layers the misclassified images leave the stream of their class.

    Attributes
    ----------
    graph : FlowGraph
    labels, guesses : ndarray, shape (N,), int64
        True class of each image, and what the network takes it for.
    right : ndarray, shape (N,), bool
    inside : ndarray, shape (L, N), bool
        Whether each image is in the stream of its class, in each layer.
    images : ndarray, shape (M,), int64
        The misclassified ones, rising, that are not the only one of their class.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    graph: FlowGraph
    labels: np.ndarray
    guesses: np.ndarray
    right: np.ndarray
    inside: np.ndarray
    images: np.ndarray
    notes: tuple[str, ...] = ()

    @cached_property
    def first(self) -> np.ndarray:
        """The first layer outside of the stream, (M,) int64; -1 for an image that never is."""
        return self.columns("first")

    @cached_property
    def good(self) -> np.ndarray:
        """The layer from which on an image never returns, (M,) int64; -1 if it ends inside."""
        return self.columns("good")

    @property
    def true(self) -> np.ndarray:
        """Classes of the images, (M,) int64."""
        return self.labels[self.images]

    @property
    def predicted(self) -> np.ndarray:
        """What the network takes them for, (M,) int64, indices of the model's classes."""
        return self.guesses[self.images]

    def columns(self, kind: Kind = "good") -> np.ndarray:
        """Return the layer at which each image leaves, (M,) int64; see ``first`` and ``good``.

        Raises
        ------
        ValueError
            If ``kind`` is another word.
        """
        return leaving(self.inside[:, self.images], kind)

    def at(self, column: int, kind: Kind = "good") -> np.ndarray:
        """Return the misclassified images that leave at a layer; -1 for those that never do."""
        return self.images[self.columns(kind) == column]

    def went(self, image: int, kind: Kind = "good") -> Node | None:
        """Return the node that a misclassified image leaves its stream for, None if never.

        Raises
        ------
        ValueError
            If it is none of ``images``.
        """
        place = np.flatnonzero(self.images == image)
        if not len(place):
            raise ValueError(f"image: expected a misclassified one, got {image}")
        column = int(self.columns(kind)[place[0]])
        if column == NEVER:
            return None
        return self.graph.node(column, int(self.graph.assigned[column, image]))

    def histogram(self, kind: Kind = "good", *, seed: int = 0) -> Histogram:
        """Count by layer, beside what right images of the same classes would give.

        Parameters
        ----------
        kind : str
            ``"first"`` or ``"good"``.
        seed : int
            Of the draws that make the band.

        Raises
        ------
        TypeError, ValueError
            If ``kind`` is another word, or ``seed`` is none.

        Notes
        -----
        Each misclassified image is replaced by a right one of its class, drawn with
        replacement. The mean over all draws is computed exactly; the band comes from
        2,000 draws.
        """
        width = len(self.graph.layers) + 1
        counts = _counted(self.columns(kind), width)
        right = np.flatnonzero(self.right)
        theirs = leaving(self.inside[:, right], kind)
        rng = np.random.default_rng(accepted_seed(seed))
        expected, drawn, compared = np.zeros(width), np.zeros((_DRAWS, width)), 0
        for label in np.unique(self.true):
            alike = _counted(theirs[self.labels[right] == label], width)
            if not alike.any():
                continue
            number, shares = int((self.true == label).sum()), alike / alike.sum()
            compared += number
            expected += number * shares
            drawn += rng.multinomial(number, shares, size=_DRAWS)
        low, high = np.quantile(drawn, _BAND, axis=0)
        return Histogram(kind, counts, expected, low, high, compared)

    def pairs(self, kind: Kind = "good") -> tuple[Pair, ...]:
        """Return the pairs of true and predicted class, the commonest first."""
        width = len(self.graph.layers) + 1
        columns, true, predicted = self.columns(kind), self.true, self.predicted
        found = []
        for one, other in sorted(set(zip(true.tolist(), predicted.tolist(), strict=True))):
            mine = (true == one) & (predicted == other)
            names = self.graph.classes[one], self.graph.model_classes[other]
            counts = _counted(columns[mine], width)
            found.append(Pair(one, other, names, self.images[mine], counts))
        return tuple(sorted(found, key=lambda pair: -len(pair.images)))


def derailments(graph: FlowGraph) -> Derailments:
    """Find out where misclassified images leave the stream of their class.

    Parameters
    ----------
    graph : FlowGraph
        Of images of known classes, about which the network has been asked.

    Returns
    -------
    Derailments

    Raises
    ------
    TypeError
        If it is no flow graph.
    ValueError
        If classes or predictions are unknown, or the network has none of the classes.

    Notes
    -----
    What a stream is: :func:`xai.flow.reports.streams.streams`. A node that holds all images is in
    that of every class; the image itself is no evidence of where it belongs.

    Where a layer is mostly noise or one giant cluster, the two shares differ by chance
    as often as not, and right images are outside, too. That is what the baseline tells,
    and why ``"good"``, the layer from which on an image does not come back, says more
    than ``"first"``.
    """
    graph = checked_graph(graph)
    if graph.labels is None:
        raise ValueError("graph: expected images of known classes, got none")
    if graph.right is None or graph.predicted is None:
        raise ValueError(
            "graph: nobody can tell which images are misclassified; expected predictions of a "
            "network that has the classes of the data set"
        )
    labels, right = graph.labels, graph.right
    sizes = np.bincount(labels, minlength=len(graph.classes))
    wrong = np.flatnonzero(~right)
    images = wrong[sizes[labels[wrong]] > 1]
    lost = [label for label in np.unique(labels[images]) if not right[labels == label].any()]
    notes = _notes(len(wrong), len(images), [graph.classes[label] for label in lost])
    inside = streams(graph, labels)
    return Derailments(graph, labels, graph.predicted, right, inside, images, notes)


def _notes(wrong: int, told: int, lost: list[str]) -> tuple[str, ...]:
    """Return what is to be said of none, of lonely images, and of classes without a right one."""
    notes = []
    if not wrong:
        notes.append("The network gets all of these images right: none derails.")
    if told < wrong:
        notes.append(
            f"{wrong - told} of {wrong} misclassified images are left out: they are the only "
            "ones of their class, which then has no stream."
        )
    if lost:
        named = ", ".join(lost[:_NAMED]) + ", …" * (len(lost) > _NAMED)
        notes.append(
            f"No image is right of {named}: these have nothing to be compared with, and the "
            "baseline leaves them out."
        )
    return tuple(notes)


def _counted(columns: np.ndarray, width: int) -> np.ndarray:
    """Count layers; -1, for never, is the last place."""
    return np.bincount(columns % width, minlength=width)
