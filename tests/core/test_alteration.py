"""What happens to pictures on their way: JPEG, blur, shift, half size, grey."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from xai import images
from xai.images import alteration, decode

RGB = np.random.default_rng(1).integers(0, 256, (20, 14, 3), dtype=np.uint8)
SMOOTH = np.repeat(np.linspace(0, 255, 32, dtype=np.uint8)[None, :, None], 24, axis=0)


@pytest.mark.parametrize("pixels", [SMOOTH, np.repeat(SMOOTH, 3, axis=2)])
def test_a_jpeg_holds_the_picture_and_is_smaller_the_lower_its_quality(pixels):
    sizes = []
    for quality in (95, 75, 50):
        data = images.encode_jpeg(pixels, quality)
        found = decode(data, name="a.jpg")
        assert found.format == "JPEG"
        assert found.pixels.shape == (*pixels.shape[:2], 3)
        assert np.abs(found.pixels.astype(int) - pixels).mean() < 4
        sizes.append(len(images.encode_jpeg(RGB, quality)))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_a_jpeg_is_that_of_the_usual_settings():
    buffer = BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG", quality=75)
    assert images.encode_jpeg(RGB, 75) == buffer.getvalue()


@pytest.mark.parametrize("quality", [0, 96, -5])
def test_a_quality_out_of_range_is_refused(quality):
    with pytest.raises(ValueError, match="1 to 95"):
        images.encode_jpeg(RGB, quality)


def test_transparency_and_other_numbers_are_refused():
    with pytest.raises(ValueError, match="transparency"):
        images.encode_jpeg(np.zeros((4, 4, 4), np.uint8), 75)
    with pytest.raises(TypeError, match="uint8"):
        images.encode_jpeg(np.zeros((4, 4, 3)), 75)


def test_luma_is_pillows():
    np.testing.assert_array_equal(
        images.luma(RGB)[:, :, 0], np.asarray(Image.fromarray(RGB).convert("L"))
    )
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    np.testing.assert_array_equal(images.luma(grey), grey[:, :, :1])
    np.testing.assert_array_equal(alteration.grey(RGB), np.repeat(images.luma(RGB), 3, axis=2))
    with pytest.raises(ValueError, match="three"):
        images.luma(RGB[:, :, :1])


def test_a_blurred_point_is_a_gaussian():
    point = np.zeros((21, 21, 1), np.uint8)
    point[10, 10] = 255
    sigma = 1.5
    places = np.arange(21) - 10
    bell = np.exp(-(places**2) / (2 * sigma**2))
    bell /= bell.sum()
    expected = 255 * np.outer(bell, bell)
    found = alteration.blur(point, sigma)[:, :, 0]
    assert np.abs(found - expected).max() <= 0.51
    assert found[9, 10] == found[10, 9] == found[11, 10]


def test_a_blur_keeps_a_plain_picture_and_runs_on_at_the_border():
    plain = np.full((6, 5, 3), 173, np.uint8)
    np.testing.assert_array_equal(alteration.blur(plain, 3.0), plain)
    step = np.zeros((8, 8, 1), np.uint8)
    step[:4] = 255
    blurred = alteration.blur(step, 1.0)[:, :, 0]
    assert (blurred == blurred[:, :1]).all()
    assert blurred[0, 0] == 255
    assert blurred[7, 0] == 0
    for sigma in (0, -1, 101, float("nan")):
        with pytest.raises(ValueError, match="sigma"):
            alteration.blur(plain, sigma)


def test_a_shift_moves_all_and_repeats_the_border():
    moved = alteration.shift(RGB, right=2, down=-1)
    np.testing.assert_array_equal(moved[:-1, 2:], RGB[1:, :-2])
    np.testing.assert_array_equal(moved[:-1, 0], RGB[1:, 0])
    np.testing.assert_array_equal(moved[-1, 2:], RGB[-1, :-2])
    np.testing.assert_array_equal(alteration.shift(RGB), RGB)
    with pytest.raises(ValueError, match="shape"):
        alteration.shift(RGB[:, :, 0], right=1)


def test_half_size_and_back_loses_a_chessboard_and_keeps_a_plain_picture():
    board = (255 * (np.indices((16, 16)).sum(0) % 2)).astype(np.uint8)[:, :, None]
    back = alteration.halved(board)
    assert back.shape == board.shape
    assert np.abs(back.astype(int) - 128)[4:-4, 4:-4].max() <= 8
    plain = np.full((5, 1, 3), 9, np.uint8)
    np.testing.assert_array_equal(alteration.halved(plain), plain)
