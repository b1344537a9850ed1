"""The latest results of a store, held in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from xai.store import Store, archive
from xai.store.archive import key_text


class Shelf:
    """A store whose latest values need no reading, and that works where nothing can be written.

    Parameters
    ----------
    store : Store or None
        Where values are kept beyond this process; None keeps them in memory alone.
    max_bytes : int
        Size of the arrays held in memory; those not asked for the longest go first. The
        latest value is always held.

    Raises
    ------
    ValueError
        If ``max_bytes`` is not positive.

    Notes
    -----
    All who ask share the same arrays, so none of them can be written to.
    """

    def __init__(self, store: Store | None, *, max_bytes: int = 192 * 2**20) -> None:
        if max_bytes <= 0:
            raise ValueError(f"max_bytes: expected a positive number, got {max_bytes}")
        self._store = store
        self._most = max_bytes
        self._held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, key: object) -> Any:
        """Return the value of ``key`` from memory or the store; None if there is none.

        Raises
        ------
        TypeError
            If the key holds anything but primitives.
        """
        text = key_text(key)
        with self._lock:
            if text in self._held:
                self._held.move_to_end(text)
                return self._held[text][0]
        value = None if self._store is None else self._store.load(key)
        if value is not None:
            self._hold(text, value)
        return value

    def save(self, key: object, value: Any) -> bool:
        """Hold ``value`` and write it to the store; return whether it was written.

        Raises
        ------
        TypeError
            If the key or the value holds what a store cannot keep.
        """
        self._hold(key_text(key), value)
        return self._store is not None and self._store.save(key, value)

    def _hold(self, text: str, value: Any) -> None:
        packed = archive.pack(value, {})
        for array in packed.arrays:
            array.setflags(write=False)
        nbytes = packed.nbytes
        with self._lock:
            self._held[text] = (value, nbytes)
            self._held.move_to_end(text)
            total = sum(size for _, size in self._held.values())
            while total > self._most and len(self._held) > 1:
                _, (_, size) = self._held.popitem(last=False)
                total -= size
