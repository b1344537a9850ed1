"""Each regulariser does what its name says, on images small enough to see through."""

from __future__ import annotations

import ascent_reference as reference
import numpy as np
import pytest
import torch

from xai.visualization import REGULARIZERS, VisualizationParams, off, only, used
from xai.visualization import regularizers as hold

SHAPE = (2, 6, 9)


def picture(shape: tuple[int, int, int] = SHAPE, seed: int = 3) -> torch.Tensor:
    return torch.rand((1, *shape), generator=torch.Generator().manual_seed(seed))


def literal(rule, x: torch.Tensor, *settings: float) -> np.ndarray:
    return np.stack([rule(one.double().numpy(), *settings) for one in x])


# ------------------------------------------------------------------------------ blur
@pytest.mark.parametrize("sigma", [0.2, 0.7, 1.5, 4.0])
def test_a_blur_is_the_mean_of_the_neighbours(sigma):
    x = torch.cat((picture(), picture(seed=4)))
    found = hold.blurred(x, sigma)
    np.testing.assert_allclose(found, literal(reference.blurred, x, sigma), atol=1e-6)
    assert float(found.diff(dim=3).abs().sum()) < float(x.diff(dim=3).abs().sum())


def test_a_point_becomes_a_bell_of_that_width():
    x = torch.zeros(1, 1, 41, 41)
    x[0, 0, 20, 20] = 1
    bell = hold.blurred(x, 2.0)[0, 0].double()
    places = torch.arange(41, dtype=torch.float64) - 20
    assert float(bell.sum()) == pytest.approx(1, abs=1e-6)
    for profile in (bell.sum(0), bell.sum(1)):
        # Cut off at three sigma: a little narrower.
        assert float((profile * places**2).sum()) ** 0.5 == pytest.approx(2.0, rel=0.02)


def test_no_blur_and_a_flat_image_stay_as_they_are():
    x = picture()
    assert hold.blurred(x, 0.0) is x
    flat = torch.full((1, 3, 5, 4), 0.3)
    torch.testing.assert_close(hold.blurred(flat, 3.0), flat)


# -------------------------------------------------------------------- total variation
def test_turned_and_shifted_at_once_is_one_after_the_other():
    x = torch.rand((2, 3, 6, 9), generator=torch.Generator().manual_seed(3))
    for down, right in ((0, 0), (2, -3), (-5, 8), (7, -10)):
        expected = hold.shifted(hold.turned(x, 25, 1.2), down, right)
        torch.testing.assert_close(hold.turned(x, 25, 1.2, down, right), expected)
        assert torch.equal(hold.turned(x, 0, 1, down, right), hold.shifted(x, down, right))


def test_what_was_prepared_in_inference_mode_serves_a_gradient():
    with torch.inference_mode():
        hold.blurred(torch.ones(1, 1, 11, 13), 0.77)
        hold.turned(torch.ones(1, 1, 11, 13), 5, 1.1, 1, 2)
    x = torch.ones(1, 1, 11, 13).requires_grad_()
    for found in (hold.blurred(x, 0.77), hold.turned(x, 5, 1.1, 1, 2)):
        assert torch.autograd.grad(found.sum(), x)[0].any()


def test_the_slope_of_the_total_variation_is_its_gradient():
    x = torch.cat((picture(), picture(seed=4)))
    for one, slope in zip(x, hold.variation_slope(x), strict=True):
        exact = one.double().requires_grad_()
        (expected,) = torch.autograd.grad(reference.variation(exact), exact)
        np.testing.assert_allclose(slope, expected, atol=1e-5)
        assert float(slope.abs().max()) <= 4


def test_down_that_slope_edges_stay_and_grain_goes():
    step = torch.zeros(1, 1, 8, 8)
    step[..., 4:] = 1
    grain = step + 0.1 * (picture((1, 8, 8)) - 0.5)
    smoother = grain.clone()
    for _ in range(60):
        smoother = smoother - 0.002 * hold.variation_slope(smoother)
    rough, even = (float(x[..., :3].std()) for x in (grain, smoother))
    assert even < 0.3 * rough
    edge = float((smoother[..., 4] - smoother[..., 3]).mean())
    assert edge > 0.7


def test_a_flat_image_has_no_total_variation_to_lose():
    assert not hold.variation_slope(torch.full((1, 1, 4, 5), 0.7)).any()
    assert not hold.variation_slope(torch.rand(1, 1, 1, 1)).any()


# --------------------------------------------------------------------- shifts and turns
def test_a_shift_goes_down_and_right_and_comes_back():
    x = picture()
    np.testing.assert_array_equal(hold.shifted(x, 2, -1), literal(reference.shifted, x, 2, -1))
    point = torch.zeros(1, 1, 4, 5)
    point[0, 0, 1, 1] = 1
    assert hold.shifted(point, 1, 2)[0, 0, 2, 3] == 1
    assert hold.shifted(point, -2, -2)[0, 0, 3, 4] == 1
    assert hold.shifted(x, 0, 0) is x
    assert torch.equal(hold.shifted(hold.shifted(x, 3, 0), -3, 0), x)


@pytest.mark.parametrize(("degrees", "factor"), [(8, 1.1), (-33, 0.7), (90, 1), (0, 1.4)])
@pytest.mark.parametrize("shape", [SHAPE, (1, 7, 7), (3, 8, 5)])
def test_a_turn_reads_each_pixel_where_it_came_from(degrees, factor, shape):
    x = picture(shape)
    found = hold.turned(x, degrees, factor)
    np.testing.assert_allclose(found, literal(reference.turned, x, degrees, factor), atol=1e-5)


def test_a_turn_is_anticlockwise_as_displayed():
    x = picture((1, 6, 6))
    for quarter in (1, 2, 3):
        expected = torch.rot90(x, quarter, (2, 3))
        np.testing.assert_array_equal(expected[0, 0], np.rot90(x[0, 0], quarter))
        torch.testing.assert_close(hold.turned(x, 90 * quarter, 1), expected, atol=1e-5, rtol=0)
    # A hand of a clock from the middle to the right, and then a little upwards.
    hand = torch.zeros(1, 1, 9, 9)
    hand[0, 0, 4, 4:] = 1
    tip = hold.turned(hand, 30, 1)[0, 0, :, 7]
    assert int(tip.argmax()) < 4


def test_a_turned_line_of_an_oblong_image_keeps_its_length():
    x = torch.zeros(1, 1, 41, 81)
    x[0, 0, 20, 25:56] = 1
    turned = hold.turned(x, 90, 1)[0, 0]
    assert float(turned[:, 40].sum()) == pytest.approx(31, abs=0.01)
    assert float(turned.sum()) == pytest.approx(31, abs=0.01)


def test_a_factor_above_one_enlarges():
    x = torch.zeros(1, 1, 40, 40)
    x[0, 0, 15:25, 15:25] = 1
    for factor in (0.5, 1.5, 2.0):
        assert float(hold.turned(x, 0, factor).sum()) == pytest.approx(100 * factor**2, rel=0.03)


def test_nothing_to_turn_and_what_is_beyond_the_border():
    x = picture()
    assert hold.turned(x, 0.0, 1) is x
    flat = torch.full((1, 3, 5, 7), 0.3)
    torch.testing.assert_close(hold.turned(flat, 37, 0.5), flat)


def test_gradients_come_back_through_a_turn():
    x = picture().requires_grad_()
    weight = picture(seed=9)
    (slope,) = torch.autograd.grad((weight * hold.turned(x, 20, 1.2)).sum(), x)
    nudge = picture(seed=10)
    moved = hold.turned(x.detach() + nudge, 20, 1.2) - hold.turned(x.detach(), 20, 1.2)
    assert float((slope * nudge).sum()) == pytest.approx(float((weight * moved).sum()), rel=1e-4)


# ----------------------------------------------------------------- clipping and octaves
@pytest.mark.parametrize("multiple", [0, 0.5, 2])
def test_a_gradient_is_cut_at_a_multiple_of_its_own_mean(multiple):
    slope = torch.cat((picture() - 0.5, 100 * (picture(seed=4) - 0.5)))
    slope[0, 0, 2, 3] = -50
    found = hold.clipped(slope, multiple)
    np.testing.assert_allclose(found, literal(reference.clipped, slope, multiple), rtol=1e-5)
    if multiple:
        assert float(found[0].abs().max()) == pytest.approx(multiple * float(slope[0].abs().mean()))
    else:
        assert found is slope


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 32])
def test_what_is_kept_of_a_gradient_is_coarse(factor):
    slope = torch.cat((picture((2, 9, 11)), picture((2, 9, 11), 4))) - 0.5
    found = hold.coarse(slope, factor)
    np.testing.assert_allclose(found, literal(reference.coarse, slope, factor), atol=1e-6)


def test_a_checkerboard_is_not_coarse_and_a_flat_gradient_is():
    board = ((torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1)[None, None]
    assert not hold.coarse(board, 2).any()
    torch.testing.assert_close(hold.coarse(board.abs(), 4), board.abs())
    assert hold.coarse(board, 1) is board


def test_octaves_go_from_coarse_to_fine_in_equal_stages():
    assert [hold.coarseness(step, 9, 3) for step in range(9)] == [4, 4, 4, 2, 2, 2, 1, 1, 1]
    assert [hold.coarseness(step, 3, 5) for step in range(3)] == [16, 8, 2]
    assert {hold.coarseness(step, 7, 1) for step in range(7)} == {1}
    # A run that goes on beyond its steps stays fine.
    assert hold.coarseness(50, 10, 4) == 1


# ------------------------------------------------------------------- choosing among them
def test_each_can_be_left_out_or_be_alone():
    every = VisualizationParams(
        weight_decay=0.1, blur_sigma=1.0, total_variation=1.0, jitter=2, rotation=5.0,
        scale=0.2, gradient_clip=2.0, octaves=2,
    )  # fmt: skip
    assert used(every) == REGULARIZERS
    assert used(off(every)) == ()
    assert used(VisualizationParams()) == ()
    for name in REGULARIZERS:
        assert used(off(every, name)) == tuple(one for one in REGULARIZERS if one != name)
        assert used(only(every, name)) == (name,)
        assert getattr(only(every, name), name) == getattr(every, name)
        alone = only(VisualizationParams(steps=7), name)
        assert used(alone) == (name,)
        assert alone.steps == 7
    for change in (off, only):
        with pytest.raises(ValueError, match="regulariser"):
            change(every, "magic")


def test_every_setting_says_what_it_is_for():
    for name, info in VisualizationParams.infos().items():
        assert len(info.help.split()) >= 5, name
        assert info.help.endswith("."), name
