"""Filters as pictures: zero is grey or white, scales are symmetric, pixels are exact."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures.colours import DIVERGING
from xai.figures.kernels import kernel_sheet, pictured
from xai.figures.sheets import BROKEN


def weights(shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def shown(sheet, tile: int, kernel: int) -> np.ndarray:
    """Return the colours of a tile, one for each weight."""
    pixels = sheet.sprite.tile(tile)[..., :3]
    factor = pixels.shape[0] // kernel
    return pixels[::factor, ::factor]


def test_a_colour_filter_is_the_literal_formula_around_mid_grey():
    kernel = weights((5, 3, 3, 3))
    sheet = kernel_sheet(kernel)
    assert sheet.coloured
    for index in range(5):
        bound = np.abs(kernel[index]).max()
        expected = np.rint(127.5 * (1 + kernel[index].astype(np.float64) / bound))
        difference = shown(sheet, index, 3).astype(int) - expected.transpose(1, 2, 0)
        assert np.abs(difference).max() <= 1
        assert sheet.bound[index] == bound
        assert {0, 255} & set(shown(sheet, index, 3).ravel().tolist())


def test_every_weight_is_a_square_of_equal_pixels():
    sheet = kernel_sheet(weights((2, 3, 7, 7)), side=56)
    assert (sheet.sprite.width, sheet.sprite.height) == (56, 56)
    tile = sheet.sprite.tile(1)[..., :3]
    blocks = tile.reshape(7, 8, 7, 8, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()


def test_signed_filters_have_white_for_zero_and_equal_ends():
    kernel = np.zeros((1, 1, 1, 3), np.float32)
    kernel[0, 0, 0] = [-2.0, 0.0, 2.0]
    sheet = kernel_sheet(kernel, side=3)
    assert not sheet.coloured
    assert sheet.sprite.tile(0)[0, :, :3].tolist() == [
        DIVERGING[0].tolist(),
        [255, 255, 255],
        DIVERGING[-1].tolist(),
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_scale_of_the_layer_is_one_for_all(channels):
    kernel = np.ones((3, channels, 2, 2), np.float32) * np.array([4.0, 2.0, -1.0]).reshape(
        3, 1, 1, 1
    )
    own, common = kernel_sheet(kernel), kernel_sheet(kernel, scale="layer")
    assert own.bound.tolist() == [4.0, 2.0, 1.0]
    assert common.bound.tolist() == [4.0, 4.0, 4.0]
    assert np.array_equal(shown(own, 0, 2), shown(own, 1, 2))
    assert not np.array_equal(shown(common, 0, 2), shown(common, 1, 2))
    assert np.array_equal(shown(common, 0, 2), shown(own, 0, 2))
    assert "own scale" in own.sentence
    assert "one scale" in common.sentence


@pytest.mark.parametrize("channels", [1, 3])
def test_order_moves_the_tiles(channels):
    kernel = weights((6, channels, 3, 3))
    plain, turned = kernel_sheet(kernel), kernel_sheet(kernel, order=[4, 0])
    assert turned.order == (4, 0)
    assert turned.sprite.count == 2
    assert np.array_equal(shown(turned, 0, 3), shown(plain, 4, 3))
    assert turned.bound[1] == plain.bound[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_empty_and_broken_filters_are_drawn_and_named(channels):
    kernel = weights((4, channels, 3, 3))
    kernel[1] = 0
    kernel[2, 0, 1, 1] = np.nan
    kernel[3, 0, 0, 0] = np.inf
    sheet = kernel_sheet(kernel)
    assert (sheet.empty, sheet.broken) == ((1,), (2, 3))
    nothing = [128, 128, 128] if channels == 3 else [255, 255, 255]
    assert (shown(sheet, 1, 3) == nothing).all()
    assert shown(sheet, 2, 3)[1, 1].tolist() == list(BROKEN)
    assert shown(sheet, 3, 3)[0, 0].tolist() == list(BROKEN)
    assert np.isfinite(sheet.bound).all()
    assert "1 filter has only zeros. 2 filters have NaN or infinity." in sheet.sentence


def test_colour_and_grey_of_a_single_weight():
    assert kernel_sheet(np.full((1, 3, 1, 1), 0.5, np.float32)).sprite.tile(0)[0, 0, 0] == 255
    assert np.array_equal(
        kernel_sheet(np.full((1, 1, 1, 1), -0.5, np.float32)).sprite.tile(0)[0, 0, :3],
        DIVERGING[0],
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_filter_larger_than_its_tile_is_not_averaged(channels):
    kernel = weights((1, channels, 11, 11))
    assert kernel_sheet(kernel, side=4).sprite.width == 11


def test_which_shapes_are_pictures():
    assert pictured((64, 3, 7, 7))
    assert pictured((32, 1, 3, 3))
    assert not pictured((64, 64, 3, 3))
    assert not pictured((10, 84))
    assert not pictured((0, 3, 3, 3))


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((8, 64, 3, 3), {}, "more channels make no picture"),
        ((10, 84), {}, "kernel: expected shape"),
        ((4, 3, 3, 3), {"order": [4]}, "order: expected filters 0 to 3, got 4"),
        ((4, 3, 3, 3), {"order": []}, "got none"),
        ((4, 3, 3, 3), {"scale": "network"}, "scale: expected filter or layer"),
    ],
)
def test_what_is_no_picture_is_refused(shape, options, words):
    with pytest.raises(ValueError, match=words):
        kernel_sheet(np.ones(shape, np.float32), **options)
