"""The mosaic: every picture is in it, in its place, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures.mosaic import mosaic


def flat(level: int, side: int = 8) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def test_pictures_stand_in_rows():
    levels = (10, 60, 110, 160, 210)
    made = mosaic([flat(level) for level in levels], [("name", "said")] * 5, columns=3, side=40)
    assert made.dtype == np.uint8
    assert made.shape[2] == 3
    where = [np.argwhere((made == level).all(2)) for level in levels]
    assert [len(one) >= 40 * 40 for one in where] == [True] * 5
    tops = [int(one[:, 0].min()) for one in where]
    lefts = [int(one[:, 1].min()) for one in where]
    assert tops[0] == tops[1] == tops[2] < tops[3] == tops[4]
    assert lefts[0] == lefts[3] < lefts[1] == lefts[4] < lefts[2]


def test_lines_are_written_below():
    named = mosaic([flat(120)], [("a long name", "score −3")], side=60)
    silent = mosaic([flat(120)], [("", "")], side=60)
    assert named.shape == silent.shape
    changed = np.argwhere((named != silent).any(2))
    picture = np.argwhere((silent == 120).all(2))
    assert len(changed)
    assert changed[:, 0].min() > picture[:, 0].max()


@pytest.mark.parametrize(
    ("sizes", "lines", "columns", "match"),
    [
        ([], 0, 5, "lines"),
        ([8, 8], 1, 5, "lines"),
        ([8, 9], 2, 5, "one size"),
        ([8], 1, 0, "columns"),
    ],
)
def test_what_does_not_fit_is_refused(sizes, lines, columns, match):
    with pytest.raises(ValueError, match=match):
        mosaic([flat(1, side) for side in sizes], [("", "")] * lines, columns=columns)
