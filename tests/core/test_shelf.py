"""A store with its latest results in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from xai.store import Store
from xai.store.shelf import Shelf


@dataclass(frozen=True)
class RowKey:
    number: int


def row(number: int) -> np.ndarray:
    return np.full(1000, number, np.float32)


def test_a_value_comes_from_memory_and_in_a_new_process_from_the_disk(tmp_path: Path) -> None:
    shelf, saved = Shelf(Store(tmp_path)), row(1)
    assert shelf.load(RowKey(1)) is None
    assert shelf.save(RowKey(1), saved)
    assert shelf.load(RowKey(1)) is saved
    again = Shelf(Store(tmp_path))
    read = again.load(RowKey(1))
    np.testing.assert_array_equal(read, saved)
    assert again.load(RowKey(1)) is read
    for shared in (saved, read):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 9


def test_it_works_where_nothing_can_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    shelf = Shelf(Store(blocked / "results"))
    assert not shelf.save(RowKey(1), row(1))
    np.testing.assert_array_equal(shelf.load(RowKey(1)), row(1))


def test_memory_is_bounded_and_the_latest_used_stay(tmp_path: Path) -> None:
    shelf, values = Shelf(Store(tmp_path), max_bytes=3 * 4000), [row(n) for n in range(5)]
    for number in range(3):
        shelf.save(RowKey(number), values[number])
    assert shelf.load(RowKey(0)) is values[0]
    shelf.save(RowKey(3), values[3])
    assert shelf.load(RowKey(0)) is values[0]
    fresh = shelf.load(RowKey(1))
    assert fresh is not values[1]
    np.testing.assert_array_equal(fresh, values[1])


def test_a_value_larger_than_the_bound_is_held_alone(tmp_path: Path) -> None:
    shelf, large = Shelf(Store(tmp_path), max_bytes=10), row(7)
    shelf.save(RowKey(1), row(1))
    shelf.save(RowKey(7), large)
    assert shelf.load(RowKey(7)) is large


def test_the_bound_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        Shelf(Store(tmp_path), max_bytes=0)


def test_many_threads_may_ask(tmp_path: Path) -> None:
    shelf, wrong = Shelf(Store(tmp_path), max_bytes=2 * 4000), []

    def work(first: int) -> None:
        for number in range(first, first + 6):
            shelf.save(RowKey(number % 4), row(number % 4))
            found = shelf.load(RowKey(number % 4))
            if found is None or found[0] != number % 4:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
