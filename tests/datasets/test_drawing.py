"""The laws of MNIST's normalization, and its own digits as the witness."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from xai import datasets
from xai.datasets.drawing import centre_digit


def centre_of_mass(digit: np.ndarray) -> tuple[float, float]:
    mass = digit.sum(dtype=float)
    rows, columns = digit.sum(axis=1, dtype=float), digit.sum(axis=0, dtype=float)
    return float(rows @ np.arange(28) / mass), float(columns @ np.arange(28) / mass)


def ink_box(digit: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def seven(height: int = 280, width: int = 280, *, top: int = 20, left: int = 20) -> np.ndarray:
    """Draw a seven of 100 by 80 pixels, its strokes 16 wide."""
    pixels = np.zeros((height, width), np.uint8)
    pixels[top : top + 16, left : left + 80] = 255
    for row in range(100):
        start = left + 64 - row // 2
        pixels[top + row, start : start + 16] = 255
    return pixels


@pytest.mark.parametrize(("top", "left"), [(0, 0), (20, 150), (180, 200), (90, 100)])
def test_a_digit_is_centred_wherever_it_was_drawn(top: int, left: int) -> None:
    digit = centre_digit(seven(top=top, left=left))
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert max(ink_box(digit)) == 20
    assert max(abs(place - 14) for place in centre_of_mass(digit)) <= 0.51
    np.testing.assert_array_equal(digit, centre_digit(seven()))


def test_the_sides_keep_their_ratio() -> None:
    assert ink_box(centre_digit(seven())) == (20, 16)


@pytest.mark.parametrize("size", [(2000, 10), (10, 2000), (2000, 2000), (1, 1), (28, 28)])
def test_any_scribble_becomes_a_digit(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pixels = np.where(rng.random(size) < 0.2, 255, 0).astype(np.uint8)
    pixels[0, 0] = pixels[-1, -1] = 255
    digit = centre_digit(pixels)
    assert digit.max() == 255
    assert max(ink_box(digit)) == 20
    assert max(abs(place - 14) for place in centre_of_mass(digit)) <= 1


def test_two_far_dots_are_not_averaged_away() -> None:
    pixels = np.zeros((2000, 2000), np.uint8)
    pixels[0, 0] = pixels[-1, -1] = 255
    digit = centre_digit(pixels)
    assert np.count_nonzero(digit) == 2
    assert ink_box(digit) == (20, 20)


def test_a_lopsided_digit_stays_whole() -> None:
    pixels = np.zeros((200, 200), np.uint8)
    pixels[180:, :] = 255
    pixels[0, 0] = 255
    digit = centre_digit(pixels)
    assert ink_box(digit) == (20, 20)
    assert digit[4:24, 4:24].any()


def test_the_haze_of_a_soft_brush_does_not_widen_the_box() -> None:
    soft = seven(top=60, left=60)
    soft[soft == 0] = 3
    np.testing.assert_array_equal(centre_digit(soft) > 60, centre_digit(seven()) > 60)


def test_faint_ink_is_stretched_to_white() -> None:
    np.testing.assert_array_equal(centre_digit(seven() // 4), centre_digit(seven()))


def test_digits_of_mnist_come_back_as_themselves() -> None:
    errors = []
    for image in datasets.load("mnist", n=200).images:
        original = image[:, :, 0]
        sheet = np.zeros((280, 280), np.uint8)
        sheet[5:201, 80:276] = np.kron(original, np.ones((7, 7), np.uint8))
        again = centre_digit(sheet)
        assert max(abs(place - 14) for place in centre_of_mass(again)) <= 1
        errors.append(np.abs(again.astype(float) - original).mean())
    # The few with a whole edge row fainter than a tenth of the peak lose it to the haze rule.
    assert np.percentile(errors, 80) < 0.25
    assert max(errors) < 25


@pytest.mark.parametrize("pixels", [np.zeros((280, 280), np.uint8), np.zeros((0, 5), np.uint8)])
def test_an_empty_drawing_is_refused_with_a_sentence(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="The drawing is empty"):
        centre_digit(pixels)


def test_other_arrays_are_refused() -> None:
    with pytest.raises(TypeError, match="expected a uint8 array, got float64"):
        centre_digit(np.zeros((28, 28)))
    with pytest.raises(TypeError, match="got list"):
        centre_digit([[255]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected shape \(H, W\), got \(28, 28, 3\)"):
        centre_digit(np.zeros((28, 28, 3), np.uint8))


def test_the_drawing_is_left_as_it_was() -> None:
    pixels = seven()
    before = pixels.copy()
    centre_digit(pixels)
    np.testing.assert_array_equal(pixels, before)


def test_importing_it_loads_neither_pillow_nor_torch() -> None:
    code = (
        "import sys, xai.datasets.drawing; "
        "sys.exit(bool({'PIL', 'torch', 'torchvision'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
