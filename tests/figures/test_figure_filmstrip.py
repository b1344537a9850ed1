"""The strip of frames: which ones it shows, where they are, and that words stand below them."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures.filmstrip import chosen, filmstrip


def flat(count: int, height: int = 28, width: int = 28) -> list[np.ndarray]:
    """Return frames of one grey each, no two alike."""
    return [np.full((height, width, 1), 20 + 3 * turn, np.uint8) for turn in range(count)]


def greys(strip: np.ndarray) -> list[int]:
    """Return the greys of the frames that a row of pixels meets, paper and hairs left out."""
    row = strip[strip.shape[0] // 3]
    runs = np.split(row, np.flatnonzero((row[1:] != row[:-1]).any(1)) + 1)
    return [int(run[0, 0]) for run in runs if len(run) > 20 and (run[0] != 255).any()]


@pytest.mark.parametrize(
    ("count", "most", "wanted"),
    [(1, 8, (0,)), (3, 8, (0, 1, 2)), (60, 2, (0, 59)), (5, 3, (0, 2, 4)), (9, 1, (8,))],
)
def test_frames_are_chosen_evenly_with_both_ends(count, most, wanted) -> None:
    assert chosen(count, most) == wanted


def test_the_chosen_frames_stand_in_their_order_enlarged() -> None:
    frames = flat(21)
    strip = filmstrip(frames, list(range(21)), [0.0] * 21, most=5)
    assert strip.dtype == np.uint8
    assert greys(strip) == [20 + 3 * place for place in (0, 5, 10, 15, 20)]
    side = np.flatnonzero((strip[strip.shape[0] // 3] == 20).all(1))
    assert len(side) == 224


def test_each_frame_has_its_own_words_and_they_stay_below_it() -> None:
    frames = [flat(1)[0]] * 3
    plain = filmstrip(frames, [0, 1, 2], [1.0, 1.0, 1.0])
    other = filmstrip(frames, [0, 1, 2], [1.0, -123456.0, 1.0])
    rows, columns = np.nonzero((plain != other).any(2))
    third = plain.shape[1] / 3
    assert len(rows) > 0
    assert third < columns.min()
    assert columns.max() < 2 * third
    assert rows.min() > 224


def test_the_letters_are_large_enough_to_be_read() -> None:
    strip = filmstrip(flat(2), [0, 8], [1.0, 2.0])
    dark = (strip[224 + 20 :] < 128).all(2)
    lines = np.flatnonzero(dark.any(1))
    assert lines.size
    first = np.split(lines, np.flatnonzero(np.diff(lines) > 1) + 1)[0]
    assert len(first) > 224 / 16


def test_refusals() -> None:
    for frames, steps, most in (([], [], 8), (flat(2), [0], 8), (flat(2), [0, 1], 0)):
        with pytest.raises(ValueError, match="expected"):
            filmstrip(frames, steps, [0.0] * len(frames), most=most)
    with pytest.raises(ValueError, match="one size"):
        filmstrip([*flat(1), *flat(1, 14)], [0, 1], [0.0, 0.0])
