"""Sprites: every tile is where the sprite says it is, with its own pixels."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from xai.figures import heatmaps, pictures, sheets, sprites
from xai.figures.colours import DIVERGING, SEQUENTIAL


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("columns", [None, 1, 4, 23, 50])
@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize("background", [None, (9, 8, 7), (9, 8, 7, 60)])
def test_every_tile_is_found_pixel_by_pixel(columns, gap, background):
    tiles = noise(23, 5, 4, 3)
    sheet = sprites.sprite(tiles, columns=columns, gap=gap, background=background)
    for index, tile in enumerate(tiles):
        x, y, width, height = sheet.position(index)
        assert (sheet.pixels[y : y + height, x : x + width, :3] == tile).all()
        assert (sheet.tile(index)[:, :, :3] == tile).all()
        assert sheet.pixels.shape[2] == 3 or (sheet.tile(index)[:, :, 3] == 255).all()


def test_the_sprite_is_as_large_as_its_tiles_and_gaps():
    sheet = sprites.sprite(noise(7, 5, 4), columns=3, gap=2)
    assert (sheet.rows, sheet.columns) == (3, 3)
    assert sheet.pixels.shape == (3 * 5 + 2 * 2, 3 * 4 + 2 * 2, 4)


def test_what_is_no_tile_is_background():
    tiles = np.full((5, 2, 2, 3), 255, np.uint8)
    opaque = sprites.sprite(tiles, columns=3, gap=1, background=(1, 2, 3)).pixels
    clear = sprites.sprite(tiles, columns=3, gap=1).pixels
    tinted = sprites.sprite(tiles, columns=3, gap=1, background=(1, 2, 3, 60)).pixels
    outside = clear[:, :, 3] == 0
    assert outside.sum() == opaque.shape[0] * opaque.shape[1] - 5 * 4
    assert (opaque[outside] == (1, 2, 3)).all()
    assert (tinted[:2, 2] == (1, 2, 3, 60)).all()  # a gap
    assert (tinted[3:, 6:] == 0).all()  # the place of a sixth tile


@pytest.mark.parametrize("index", [-1, 23])
def test_a_tile_that_is_not_there_is_refused(index):
    with pytest.raises(ValueError, match="0 to 22"):
        sprites.sprite(noise(23, 2, 2)).position(index)


def test_what_cannot_be_tiles_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        sprites.sprite([])
    with pytest.raises(ValueError, match="one size"):
        sprites.sprite([noise(2, 2), noise(3, 2)])
    with pytest.raises(TypeError, match="uint8"):
        sprites.sprite(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="columns"):
        sprites.sprite(noise(2, 2, 2), columns=0)
    with pytest.raises(ValueError, match="gap"):
        sprites.sprite(noise(2, 2, 2), gap=-1)


def test_files_hold_the_same_pixels():
    from PIL import Image

    sheet = sprites.sprite(noise(12, 6, 6, 3), columns=4)
    for data in (sheet.png(), sheet.webp(quality=None)):
        assert (np.array(Image.open(BytesIO(data)).convert("RGB")) == sheet.pixels).all()
    assert len(sheet.webp()) < len(sheet.webp(quality=None))


@pytest.mark.parametrize("levels", [2, 4, 7])
def test_few_levels_are_even_and_make_a_smaller_file(levels):
    from PIL import Image

    sheet = sprites.sprite(noise(12, 28, 28, 1), columns=4)
    data = sheet.webp(quality=None, levels=levels)
    found = np.array(Image.open(BytesIO(data)).convert("RGB")).astype(int)
    assert np.allclose(np.unique(found), np.linspace(0, 255, levels), atol=0.5)
    assert np.abs(found - sheet.pixels).max() <= 255 / (levels - 1) / 2 + 1
    assert len(data) < len(sheet.webp(quality=None))
    for wrong in (1, 257):
        with pytest.raises(ValueError, match="levels"):
            sheet.webp(quality=None, levels=wrong)


def test_a_sprite_too_long_for_webp_is_refused():
    with pytest.raises(ValueError, match="16,383"):
        sprites.sprite(np.zeros((1, 1, 16_384), np.uint8)).webp()


def test_thumbnails_of_their_own_size_are_untouched():
    digits = noise(30, 28, 28, 1)
    sheet = sprites.thumbnails(digits, side=28)
    for index, digit in enumerate(digits):
        assert (sheet.tile(index) == digit).all()


def test_thumbnails_keep_their_proportions_between_bars():
    wide = np.full((20, 80, 3), 200, np.uint8)
    tall = np.full((90, 30, 1), 100, np.uint8)
    sheet = sprites.thumbnails([wide, tall], side=24, background=(1, 1, 1))
    assert (sheet.tile(0)[9:15] == 200).all()
    assert (sheet.tile(0)[:9] == 1).all()
    assert (sheet.tile(0)[15:] == 1).all()
    assert (sheet.tile(1)[:, 8:16] == 100).all()
    assert (sheet.tile(1)[:, :8] == 1).all()


def test_a_large_photograph_looks_as_if_it_were_resampled_at_once():
    from PIL import Image

    rng = np.random.default_rng(7)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    photo = np.array(coarse.resize((640, 480), Image.Resampling.BICUBIC))
    tile = sprites.thumbnails([photo], side=32).tile(0).astype(int)
    at_once = np.array(Image.fromarray(photo).resize((32, 24), Image.Resampling.BICUBIC))
    assert (tile[:4] == 0).all()
    assert (tile[28:] == 0).all()
    assert np.abs(tile[4:28] - at_once).max() <= 4


def test_a_strip_one_pixel_wide_still_has_a_thumbnail():
    sheet = sprites.thumbnails([np.full((1, 500, 3), 255, np.uint8)], side=20)
    assert (sheet.tile(0).max(axis=(1, 2)) == 255).sum() == 1


@pytest.mark.parametrize("side", [0, -4])
def test_thumbnails_without_size_are_refused(side):
    with pytest.raises(ValueError, match="side"):
        sprites.thumbnails(noise(2, 4, 4, 3), side=side)


# ------------------------------------------------------------------- the sheet
def maps(channels: int = 9, side: int = 7) -> np.ndarray:
    return np.random.default_rng(channels).normal(size=(channels, side, side)).astype(np.float32)


def test_each_channel_is_drawn_on_its_own_range():
    values = maps()
    sheet = sheets.channel_sheet(values, side=56)
    for index, channel in enumerate(values):
        coloured = heatmaps.magnitude(channel, channel.min(), channel.max())
        assert (sheet.sprite.tile(index)[:, :, :3] == pictures.enlarge(coloured, 8)).all()
        assert (sheet.low[index], sheet.high[index]) == (channel.min(), channel.max())


@pytest.mark.parametrize("scale", ["layer", (-1.0, 2.5)])
def test_all_channels_are_drawn_on_one_range(scale):
    values = maps()
    low, high = (values.min(), values.max()) if scale == "layer" else scale
    sheet = sheets.channel_sheet(values, scale=scale, side=7)
    for index, channel in enumerate(values):
        coloured = heatmaps.magnitude(channel, low, high)
        assert (sheet.sprite.tile(index)[:, :, :3] == coloured).all()


@pytest.mark.parametrize("scale", ["channel", "layer"])
def test_zero_is_white_on_a_zero_centred_sheet(scale):
    values = maps()
    values[:, 0, 0] = 0
    sheet = sheets.channel_sheet(values, scale=scale, zero_centred=True, side=7)
    for index, channel in enumerate(values):
        top = np.abs(values if scale == "layer" else channel).max()
        assert (sheet.sprite.tile(index)[:, :, :3] == heatmaps.signed(channel, top)).all()
        assert (sheet.sprite.tile(index)[0, 0] == 255).all()


def test_the_order_decides_which_channel_is_where():
    values = maps()
    plain, sorted_ = sheets.channel_sheet(values), sheets.channel_sheet(values, order=[8, 2, 5])
    assert sorted_.order == (8, 2, 5)
    assert sorted_.sprite.count == 3
    for index, channel in enumerate(sorted_.order):
        assert (sorted_.sprite.tile(index) == plain.sprite.tile(channel)).all()
        assert sorted_.high[index] == plain.high[channel]


def test_constant_channels_are_drawn_as_constant_and_named():
    values = maps()
    values[3], values[6] = 0.0, 1.5
    sheet = sheets.channel_sheet(values)
    assert sheet.constant == (3, 6)
    for channel in sheet.constant:
        assert (sheet.sprite.tile(channel)[:, :, :3] == SEQUENTIAL[0]).all()
    alike = sheets.channel_sheet(values, scale="layer")
    assert alike.constant == (3, 6)
    expected = heatmaps.magnitude(np.float64(1.5), values.min(), values.max())
    assert (alike.sprite.tile(6)[:, :, :3] == expected).all()


def test_pixels_that_are_not_finite_are_shown_and_spoil_no_other():
    values = maps()
    spoiled = values.copy()
    spoiled[4, 2, 3], spoiled[4, 0, 0] = np.nan, -np.inf
    spoiled[7] = np.inf
    sheet, clean = (sheets.channel_sheet(x, scale="layer", side=7) for x in (spoiled, values))
    assert sheet.broken == (4, 7)
    assert sheet.constant == ()
    tile = sheet.sprite.tile(4)[:, :, :3]
    assert [tuple(tile[place]) for place in ((2, 3), (0, 0))] == [sheets.BROKEN] * 2
    assert (sheet.sprite.tile(7)[:, :, :3] == sheets.BROKEN).all()
    rest = [i for i in range(9) if i not in sheet.broken]
    assert np.isfinite([sheet.low, sheet.high]).all()
    own = sheets.channel_sheet(values, order=rest, scale=(sheet.low[0], sheet.high[0]), side=7)
    for index, channel in enumerate(rest):
        assert (sheet.sprite.tile(channel) == own.sprite.tile(index)).all()
    assert clean.broken == ()


def test_a_sheet_without_one_finite_value_is_still_drawn():
    sheet = sheets.channel_sheet(np.full((2, 3, 3), np.nan), scale="layer", side=3)
    assert sheet.broken == (0, 1)
    assert (sheet.sprite.tile(1)[:, :, :3] == sheets.BROKEN).all()


def test_large_maps_are_averaged_over_blocks():
    values = np.kron(maps(4, 10), np.ones((6, 6), np.float32))
    sheet = sheets.channel_sheet(values, side=10)
    for index, channel in enumerate(maps(4, 10)):
        small = heatmaps.magnitude(channel, channel.min(), channel.max()).astype(int)
        assert np.abs(sheet.sprite.tile(index)[:, :, :3].astype(int) - small).max() <= 3


@pytest.mark.parametrize(
    ("side_of_map", "tile"), [(1, 56), (7, 56), (14, 56), (24, 48), (56, 56), (75, 38), (112, 56)]
)
def test_tiles_come_near_the_wanted_size(side_of_map, tile):
    sheet = sheets.channel_sheet(maps(3, side_of_map), side=56)
    assert (sheet.sprite.width, sheet.sprite.height) == (tile, tile)


def literal(channel: np.ndarray, low: float, high: float, *, signed: bool) -> np.ndarray:
    """Colour one map value by value."""
    table = DIVERGING if signed else SEQUENTIAL
    pixels = np.zeros((*channel.shape, 3), np.uint8)
    for place, value in np.ndenumerate(channel):
        if not np.isfinite(value):
            pixels[place] = sheets.BROKEN
            continue
        level = (float(value) - float(low)) / (float(high) - float(low))
        pixels[place] = table[round(min(max(level, 0.0), 1.0) * (len(table) - 1))]
    return pixels


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scale", ["channel", "layer", (-0.5, 1.0)])
@pytest.mark.parametrize("shape", [(5, 3, 4), (7, 1, 1), (3, 6, 2)])
def test_every_pixel_of_a_sheet_is_that_of_a_literal_colouring(shape, scale, signed):
    values = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    values[1, 0, 0] = np.nan
    order = np.random.default_rng(5).permutation(len(values)).tolist()
    sheet = sheets.channel_sheet(
        values, order=order, scale=scale, zero_centred=signed, side=24, gap=0, enlarge=False
    )
    assert (sheet.sprite.width, sheet.sprite.height) == shape[:0:-1]
    for index, channel in enumerate(order):
        low, high = sheet.low[index], sheet.high[index]
        if low == high:  # one value on its own range
            colour = DIVERGING[255] if signed else SEQUENTIAL[0]
            wanted = np.where(np.isfinite(values[channel])[..., None], colour, sheets.BROKEN)
        else:
            wanted = literal(values[channel], low, high, signed=signed)
        np.testing.assert_array_equal(sheet.sprite.tile(index)[..., :3], wanted)


@pytest.mark.parametrize("side_of_map", [1, 5, 24])
def test_a_sheet_enlarged_by_the_page_has_the_same_colours(side_of_map):
    values = maps(4, side_of_map)
    large = sheets.channel_sheet(values, side=48).sprite
    small = sheets.channel_sheet(values, side=48, enlarge=False).sprite
    assert small.width == side_of_map
    for index in range(4):
        times = large.width // side_of_map
        enlarged = pictures.enlarge(small.tile(index)[..., :3], times)
        assert (large.tile(index)[..., :3] == enlarged).all()


def test_what_cannot_be_a_sheet_is_refused():
    with pytest.raises(ValueError, match="C, H, W"):
        sheets.channel_sheet(np.zeros((4, 4)))
    for order in ([], [0, 9], [-1]):
        with pytest.raises(ValueError, match="order"):
            sheets.channel_sheet(maps(), order=order)
    for scale in ("network", (2.0, 1.0), (0.0, np.inf)):
        with pytest.raises(ValueError, match="scale"):
            sheets.channel_sheet(maps(), scale=scale)
