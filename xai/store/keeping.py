"""Results by key: taken from what keeps them if they were made before, else made and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Keeper(Protocol):
    """What keeps results: a ``xai.store.Store``, or one with a memory before it."""

    def load(self, key: object) -> Any:
        """Return what was saved under ``key``, or None."""

    def save(self, key: object, value: Any) -> bool:
        """Keep ``value``; return whether that worked."""


def kept(key: object, kind: type[T], store: Keeper | None, make: Callable[[], T]) -> T:
    """Return what the store has, or make it and keep it unless it was stopped.

    Parameters
    ----------
    key : frozen dataclass of primitives
    kind : type
        What is served: anything else under the key is made anew.
    store : Keeper or None
        None keeps nothing.
    make : callable
        Makes the result.
    """
    known = None if store is None else store.load(key)
    if isinstance(known, kind):
        return known
    made = make()
    if store is not None and not getattr(made, "stopped", False):
        store.save(key, made)
    return made
