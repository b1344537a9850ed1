"""Prepared aliases of networks, kept for the next who needs one.

Making an alias, folding its batch norms, giving it rules: for a large network this takes
as long as a pass. Who needs a prepared network borrows it; nobody else has it meanwhile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import torch

from xai.models.folding import fold_batch_norms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xai.models.loaded import LoadedModel

T = TypeVar("T")

#: Prepared networks that wait for each model; those not asked for the longest go first.
_MOST = 6

_idle: WeakKeyDictionary[LoadedModel, OrderedDict[Hashable, Any]] = WeakKeyDictionary()
_lock = threading.Lock()


@contextmanager
def lent(model: LoadedModel, kind: Hashable, prepare: Callable[[LoadedModel], T]) -> Iterator[T]:
    """Lend what was prepared of a model's alias, for as long as the block runs.

    Parameters
    ----------
    model : LoadedModel
    kind : hashable
        What it is prepared for: equal kinds of one model are interchangeable.
    prepare : callable
        Makes it if none is idle. It must hold no reference to the model, or the
        model would never be freed.

    Yields
    ------
    object
        Nobody else has it. After an error it is dropped, whatever its state.
    """
    with _lock:
        waiting = _idle.setdefault(model, OrderedDict())
        ready = waiting.pop(kind, None)
    if ready is None:
        # What is made in somebody's inference mode could serve nobody's gradient.
        with torch.inference_mode(False):
            ready = prepare(model)
    yield ready
    with _lock:
        waiting[kind] = ready
        waiting.move_to_end(kind)
        while len(waiting) > _MOST:
            waiting.popitem(last=False)


@contextmanager
def lean(model: LoadedModel) -> Iterator[Callable[[Tensor], Tensor]]:
    """Lend what takes images in [0, 1] to scores in the least time.

    Parameters
    ----------
    model : LoadedModel

    Yields
    ------
    callable
        As ``model.logits``, with batch norms folded into the convolutions before them,
        which saves two walks through memory each. Scores move by rounding alone; but
        two that are within rounding of each other may change places.
    """
    if not model.norm_pairs:
        yield model.logits
        return
    with lent(model, "folded", _folded) as net:
        yield lambda x: net(model.normalize(x))


def _folded(model: LoadedModel) -> nn.Module:
    return fold_batch_norms(model.private(), model.norm_pairs)


def forget(model: LoadedModel) -> None:
    """Drop what waits for a model."""
    with _lock:
        _idle.pop(model, None)
