"""Values to pixels: closed forms, one scale, nothing hidden."""

from __future__ import annotations

import numpy as np
import pytest

from xai.figures import heatmaps, legends, pictures, summary
from xai.figures.colours import AGAINST, DIVERGING, FOR, INK, SEQUENTIAL, rgb

WHITE = (255, 255, 255)


def test_zero_is_white_and_the_scale_is_the_full_colour():
    pixels = heatmaps.signed(np.array([[-2.0, 0.0, 2.0]]), 2.0)
    assert pixels.dtype == np.uint8
    assert [tuple(pixel) for pixel in pixels[0]] == [rgb(AGAINST), WHITE, rgb(FOR)]


def test_colours_depend_on_value_over_scale_alone():
    values = np.random.default_rng(0).normal(size=(9, 7))
    assert (heatmaps.signed(values, 3.0) == heatmaps.signed(values * 1e-9, 3e-9)).all()


def test_opposite_values_are_mirrored_in_the_table():
    parts = np.linspace(0, 1, 256)[None]
    rows = np.rint(parts[0] * 255).astype(int)
    assert (heatmaps.signed(parts, 1)[0] == DIVERGING[255 + rows]).all()
    assert (heatmaps.signed(-parts, 1)[0] == DIVERGING[255 - rows]).all()


def test_values_beyond_the_scale_are_cut_not_wrapped():
    pixels = heatmaps.signed(np.array([[-1e30, 1e30]]), 1e-3)
    assert [tuple(pixel) for pixel in pixels[0]] == [rgb(AGAINST), rgb(FOR)]


def test_an_empty_map_is_white_and_a_scale_of_zero_is_for_empty_maps_only():
    assert (heatmaps.signed(np.zeros((3, 3)), 0.0) == 255).all()
    with pytest.raises(ValueError, match="above 0"):
        heatmaps.signed(np.ones((3, 3)), 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_everywhere(bad):
    values = np.zeros((4, 4))
    values[1, 2] = bad
    calls = [
        lambda: heatmaps.signed(values, 1),
        lambda: heatmaps.magnitude(values, 0, 1),
        lambda: heatmaps.common_scale([np.ones((4, 4)), values]),
        lambda: heatmaps.collapse(values[None]),
        lambda: summary.describe(values),
        lambda: pictures.picture(values[None]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="finite"):
            call()


@pytest.mark.parametrize("scale", [-1.0, np.nan, np.inf])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="scale"):
        heatmaps.signed(np.zeros((2, 2)), scale)


def test_magnitudes_span_their_range():
    pixels = heatmaps.magnitude(np.array([[-5.0, 0.0, 2.0, 4.0, 9.0]]), 0.0, 4.0)[0]
    assert (pixels == SEQUENTIAL[[0, 0, 128, 255, 255]]).all()


def test_a_constant_map_is_drawn_in_one_colour():
    pixels = heatmaps.magnitude(np.full((5, 5), 3.0), 3.0, 3.0)
    assert (pixels == SEQUENTIAL[0]).all()
    with pytest.raises(ValueError, match="low"):
        heatmaps.magnitude(np.ones((2, 2)), 2.0, 1.0)


def test_collapsing_keeps_the_sum():
    relevance = np.random.default_rng(1).normal(size=(3, 8, 8)).astype(np.float32)
    flat = heatmaps.collapse(relevance)
    assert flat.shape == (8, 8)
    assert flat.dtype == np.float32
    assert flat.sum() == pytest.approx(relevance.sum(), rel=1e-4)
    assert heatmaps.collapse(np.array([[[3.0]], [[-3.0]]]))[0, 0] == 0
    with pytest.raises(ValueError, match="C, H, W"):
        heatmaps.collapse(flat)


def test_one_scale_is_the_largest_absolute_value_of_all_maps():
    maps = [np.array([[1.0, -2.0]]), np.array([[0.5, 0.0]])]
    assert heatmaps.common_scale(maps) == 2.0
    assert heatmaps.common_scale(maps[::-1]) == 2.0
    assert heatmaps.common_scale([]) == 0.0
    assert heatmaps.common_scale([np.zeros((2, 2))]) == 0.0


def test_a_percentile_tames_a_single_extreme_pixel_but_never_empties_a_map():
    values = np.linspace(0, 1, 10_000).reshape(100, 100)
    values[0, 0] = 1000.0
    assert heatmaps.common_scale([values]) == 1000.0
    assert heatmaps.common_scale([values], percentile=99.5) == pytest.approx(0.995, abs=0.001)
    lonely = np.zeros((100, 100))
    lonely[5, 5] = -7.0
    assert heatmaps.common_scale([lonely], percentile=99.5) == 7.0
    with pytest.raises(ValueError, match="percentile"):
        heatmaps.common_scale([values], percentile=0)


def test_a_map_is_summed_up_by_hand():
    found = summary.describe(np.array([[3.0, -1.0], [0.0, 0.0]]))
    assert (found.min, found.max, found.sum) == (-1.0, 3.0, 2.0)
    assert (found.positive_share, found.concentration) == (0.75, 0.75)
    assert not found.constant
    assert not found.empty


def test_concentration_is_the_share_of_the_strongest_hundredth():
    values = np.ones((20, 20))
    assert summary.describe(values).concentration == pytest.approx(0.01)
    values[0, :4] = 99.0
    assert summary.describe(values).concentration == pytest.approx(396 / (396 + 396))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (np.zeros((4, 4)), "empty"),
        (np.full((4, 4), -0.25), "constant"),
        (np.eye(4) * [1, 0, 0, 0], "concentrated"),
        (-np.arange(1.0, 401).reshape(20, 20), "against"),
    ],
)
def test_a_map_that_misleads_is_remarked_on(values, word):
    assert word in summary.describe(values).remark


def test_an_ordinary_map_goes_without_remark():
    assert summary.describe(np.random.default_rng(2).normal(size=(20, 20))).remark == ""


def test_an_overlay_is_the_image_where_nothing_is_and_the_colour_where_all_is():
    pixels = np.random.default_rng(3).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    colours = np.full((6, 5, 3), 200, np.uint8)
    assert (pictures.overlay(pixels, colours, 0.0) == pixels).all()
    assert (pictures.overlay(pixels, colours, 1.0) == colours).all()
    half = pictures.overlay(pixels, colours, np.full((6, 5), 0.5)).astype(int)
    assert np.abs(half - (pixels.astype(int) + 200) / 2).max() <= 0.5
    assert (pictures.overlay(pixels / 255.0, colours, 0.0) == pixels).all()


@pytest.mark.parametrize(
    ("colours", "alpha"),
    [
        (np.zeros((4, 5, 3)), 0.5),
        (np.zeros((5, 5)), 0.5),
        (np.zeros((5, 5, 3)), 1.5),
        (np.zeros((5, 5, 3)), np.zeros((4, 5))),
        (np.zeros((5, 5, 3)), np.nan),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused(colours, alpha):
    with pytest.raises(ValueError):
        pictures.overlay(np.zeros((5, 5, 3), np.uint8), colours, alpha)


def test_ink_is_transparent_at_zero_and_thicker_where_evidence_is_stronger():
    pixels = np.full((1, 4, 3), 90, np.uint8)
    inked = heatmaps.signed_overlay(pixels, np.array([[0.0, 0.25, 1.0, -1.0]]), 1.0, opacity=1.0)
    assert (inked[0, 0] == 90).all()
    assert (np.abs(inked[0, 1] - (90 + INK[1].astype(float)) / 2) <= 0.5).all()
    assert (inked[0, 2] == INK[1]).all()
    assert (inked[0, 3] == INK[0]).all()


def test_an_empty_map_leaves_the_image_alone():
    pixels = np.random.default_rng(4).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    assert (heatmaps.signed_overlay(pixels, np.zeros((6, 5)), 0.0) == pixels).all()
    assert (heatmaps.magnitude_overlay(pixels, np.zeros((6, 5)), 0.0, 0.0) == pixels).all()


def test_a_magnitude_overlay_shows_the_image_at_the_lowest_and_the_colour_at_the_highest():
    pixels = np.full((1, 2, 3), 90, np.uint8)
    laid = heatmaps.magnitude_overlay(pixels, np.array([[2.0, 6.0]]), 2.0, 6.0, opacity=1.0)
    assert (laid[0, 0] == 90).all()
    assert (laid[0, 1] == SEQUENTIAL[255]).all()


def test_images_and_pixels_of_any_kind_become_rgb():
    pixels = np.random.default_rng(5).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = (pixels / np.float32(255)).transpose(2, 0, 1)
    assert (pictures.picture(pixels) == pixels).all()
    assert (pictures.picture(image) == pixels).all()
    grey = pixels[:, :, :1]
    assert (pictures.picture(grey) == np.repeat(grey, 3, axis=2)).all()
    assert (pictures.picture(grey[:, :, 0]) == np.repeat(grey, 3, axis=2)).all()
    without = pictures.picture(pixels, grey=True)
    assert (without == without[:, :, :1]).all()
    assert (pictures.picture(np.full((2, 2, 3), 77, np.uint8), grey=True) == 77).all()
    with pytest.raises(ValueError, match="channels"):
        pictures.picture(np.zeros((5, 5, 5), np.uint8))


def test_enlarging_repeats_pixels():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    large = pictures.enlarge(pixels, 3)
    assert large.shape == (6, 9)
    assert (large[1::3, 1::3] == pixels).all()
    assert (large == np.kron(pixels, np.ones((3, 3)))).all()
    with pytest.raises(ValueError):
        pictures.enlarge(pixels, 0)


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [((28, 28), 280, (280, 280)), ((28, 28), 300, (308, 308)), ((14, 7), 56, (56, 28))],
)
def test_fitting_uses_whole_factors(shape, side, expected):
    assert pictures.fit(np.zeros(shape, np.uint8), side).shape == expected


def test_a_large_picture_is_not_made_smaller():
    pixels = np.zeros((500, 400, 3), np.uint8)
    assert pictures.fit(pixels, 224).shape == pixels.shape


def test_the_legend_carries_raw_numbers_both_words_and_both_ends():
    text = legends.signed_legend(2.5e-7, note="same scale in all panels")
    for part in ("−2.5 × 10⁻⁷", "+2.5 × 10⁻⁷", "against", "for", "same scale in all panels"):
        assert part in text
    for colour in (AGAINST, FOR):
        assert f"rgba({','.join(map(str, rgb(colour)))},1)" in text
    assert "rgba(255,255,255,1) 50%" in text


def test_the_legend_of_an_overlay_is_transparent_in_the_middle():
    text = legends.signed_legend(1.0, overlay=True)
    assert ",0) 50%" in text
    assert f"rgba({','.join(map(str, INK[1]))},1) 100%" in text


def test_the_legend_of_magnitudes_has_both_ends_of_its_range():
    text = legends.magnitude_legend(0.125, 3.0)
    assert "0.125" in text
    assert ">3<" in text
    assert "against" not in text


def test_the_legend_of_an_empty_map_says_so():
    assert "0 everywhere" in legends.signed_legend(0.0)


def test_a_note_in_a_legend_is_text_not_markup():
    text = legends.signed_legend(1.0, note="<script>x</script>", words=("<b>", '"'))
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
