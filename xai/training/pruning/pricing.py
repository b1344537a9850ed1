"""The passes behind a price: mask some units, classify all images, mask more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from xai.datasets.spec import ImageSet
from xai.training.pruning.masking import masked
from xai.training.pruning.price import Price
from xai.training.pruning.producers import producer
from xai.training.pruning.ranking import Ranking
from xai.types import Progress, accepted_seed

if TYPE_CHECKING:
    from xai.models import LoadedModel

_BATCH = 256
_MOST_DRAWS = 100
OnPrice = Callable[[Price], None]


def measure(
    model: LoadedModel,
    images: ImageSet,
    ranking: Ranking,
    shares: Sequence[float],
    *,
    draws: int,
    seed: int,
    progress: Progress | None,
    on_price: OnPrice | None,
) -> Price:
    """Measure what masking costs; see :func:`xai.training.pruning.price`."""
    if not isinstance(draws, int) or not 0 <= draws <= _MOST_DRAWS:
        raise ValueError(f"draws: expected 0 to {_MOST_DRAWS}, got {draws!r}")
    accepted_seed(seed)
    table = _Table(model, images, ranking, shares, draws)
    makers = {layer: producer(model, layer) for layer in ranking.layers}
    orders = [ranking, *(ranking.shuffled([seed, 1 + draw]) for draw in range(draws))]
    total, done = table.passes, 0
    for turn, order in enumerate(orders):
        name = "by the rule" if not turn else f"at random, {turn} of {draws}"
        for place in table.open(turn):
            count = int(table.counts(turn)[place])
            if progress is not None:
                progress(done, total, f"{count:,} of {ranking.total:,} units {name}")
            net = masked(model.private(), makers, order.first(count))
            table.put(turn, place, _right(net, table.inputs, table.labels))
            done += 1
            if on_price is not None:
                on_price(table.price())
    return table.price()


def _right(net: nn.Module, inputs: Sequence[Tensor], labels: np.ndarray) -> np.ndarray:
    """Return which images a network gets right, (N,) bool."""
    found = []
    with torch.no_grad():
        for batch in inputs:
            logits = net(batch)
            seen = logits.argmax(1)
            seen[~torch.isfinite(logits).all(1)] = -1
            found.append(seen.cpu().numpy())
    return np.concatenate(found) == labels


class _Table:
    """What is known so far, by order and number of units."""

    def __init__(
        self,
        model: LoadedModel,
        images: ImageSet,
        ranking: Ranking,
        shares: Sequence[float],
        draws: int,
    ) -> None:
        self._ranking, self._classes = ranking, model.classes
        self.labels, self.inputs = _inputs(model, images)
        self._by_class = np.bincount(self.labels, minlength=len(model.classes))
        counts = ranking.counts(shares)
        # At random there is a number of its own wherever the rule has one.
        self._counts = [counts, np.union1d(counts, ranking.shuffled([0]).counts(shares))]
        sizes = (1, len(self._counts[0])), (draws, len(self._counts[1]))
        self._accuracy = [np.full(size, np.nan) for size in sizes]
        self._recall = [np.full((*size, len(model.classes)), np.nan) for size in sizes]

    @property
    def passes(self) -> int:
        """How many numbers are still to be measured."""
        rule, chance = self._counts
        return len(rule) + len(self._accuracy[1]) * (len(chance) - len(self._shared))

    @property
    def _shared(self) -> list[int]:
        """Numbers of units at which every order has masked the same: none, and all."""
        every = [0] if len(self._ranking) < self._ranking.total else [0, self._ranking.total]
        return [count for count in every if count in self._counts[0]]

    def counts(self, turn: int) -> np.ndarray:
        """Return the numbers of units of an order; the first is that of the rule."""
        return self._counts[min(turn, 1)]

    def open(self, turn: int) -> list[int]:
        """Return the places of an order that nothing is known of."""
        known = self._accuracy[0][0] if not turn else self._accuracy[1][turn - 1]
        return [int(place) for place in np.flatnonzero(np.isnan(known))]

    def put(self, turn: int, place: int, right: np.ndarray) -> None:
        """Note which images are right, where it is the same for every order for all."""
        hits = np.bincount(self.labels[right], minlength=len(self._by_class))
        share = np.full(len(hits), np.nan)
        np.divide(hits, self._by_class, out=share, where=self._by_class > 0)
        count = self.counts(turn)[place]
        row = slice(0, 1) if not turn else slice(turn - 1, turn)
        self._note(min(turn, 1), row, place, right.mean(), share)
        if not turn and count in self._shared:
            for other in np.flatnonzero(self._counts[1] == count):
                self._note(1, slice(None), int(other), right.mean(), share)

    def _note(
        self, kind: int, rows: slice, place: int, accuracy: float, recall: np.ndarray
    ) -> None:
        self._accuracy[kind][rows, place] = accuracy
        self._recall[kind][rows, place] = recall

    def price(self) -> Price:
        """Return what is known, with arrays of its own."""
        return Price(
            rule=self._ranking.rule,
            layers=self._ranking.layers,
            units=self._ranking.total,
            images=len(self.labels),
            classes=self._classes,
            class_counts=self._by_class.astype(np.int64),
            counts=self._counts[0].copy(),
            accuracy=self._accuracy[0][0].copy(),
            recall=self._recall[0][0].copy(),
            random_counts=self._counts[1].copy(),
            random_accuracy=self._accuracy[1].copy(),
            random_recall=self._recall[1].copy(),
        )


def _inputs(model: LoadedModel, images: ImageSet) -> tuple[np.ndarray, list[Tensor]]:
    """Return the labels that the model knows, and their images as its network takes them."""
    if not isinstance(images, ImageSet):
        raise TypeError(f"images: expected an image set, got {type(images).__name__}")
    labels = images.labels_in(model.classes)
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        raise ValueError("images: expected some of a class that the model has, got none")
    prepared = (
        model.tensor(np.stack([model.prepare(images.images[place]) for place in places]))
        for places in np.split(known, range(_BATCH, len(known), _BATCH))
    )
    return labels[known], [model.normalize(batch) for batch in prepared]
