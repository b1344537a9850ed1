"""Images as pixels and as waves: there, back, and along a gradient."""

from __future__ import annotations

import ascent_reference as reference
import numpy as np
import pytest
import torch

from xai.visualization import VisualizationParams
from xai.visualization.canvases import Fourier, Pixels, canvas, resolved_color

#: Even and odd sides, grey, colours by themselves and together.
CASES = [
    ((1, 6, 8), False), ((1, 7, 5), False), ((3, 8, 7), False), ((3, 5, 6), True), ((3, 1, 4), True)
]  # fmt: skip
MEAN = (0.3, 0.5, 0.6)


def made(shape: tuple[int, int, int], together: bool) -> Fourier:
    mean = torch.tensor(MEAN[: shape[0]]).reshape(1, -1, 1, 1)
    return Fourier(shape, mean, together)


def numbers(shape: tuple[int, int, int], count: int = 2, seed: int = 1) -> torch.Tensor:
    size = (count, shape[0], shape[1], shape[2] // 2 + 1, 2)
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))


def pictures(shape: tuple[int, int, int], seed: int = 2) -> torch.Tensor:
    found = torch.rand((2, *shape), generator=torch.Generator().manual_seed(seed))
    return 0.01 + 0.98 * found


@pytest.mark.parametrize(("shape", "together"), CASES)
def test_waves_stand_for_any_image(shape, together):
    waves, x = made(shape, together), pictures(shape)
    torch.testing.assert_close(waves.decode(waves.encode(x)), x, atol=1e-5, rtol=0)
    z = numbers(shape)
    again = waves.encode(waves.decode(z))
    torch.testing.assert_close(waves.decode(again), waves.decode(z), atol=1e-5, rtol=0)
    torch.testing.assert_close(waves.encode(waves.decode(again)), again, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("shape", "together"), CASES)
def test_waves_are_what_the_formula_says(shape, together):
    waves, z = made(shape, together), numbers(shape)
    for one, image in zip(z, waves.decode(z), strict=True):
        expected = reference.decoded(one.double(), shape[2], MEAN[: shape[0]], together)
        np.testing.assert_allclose(image, expected, atol=1e-5)


@pytest.mark.parametrize("x", [0.0, 1.0])
def test_black_and_white_are_a_quarter_grey_level_away(x):
    waves = made((3, 4, 4), True)
    found = waves.decode(waves.encode(torch.full((1, 3, 4, 4), x)))
    torch.testing.assert_close(
        found, torch.full_like(found, abs(x - 0.25 / 255)), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("shape", "together"), CASES)
def test_slopes_go_the_way_back(shape, together):
    """Against PyTorch's own gradient, and against a small move along a direction."""
    waves, z, slope = made(shape, together), numbers(shape), pictures(shape, 5) - 0.5
    free = z.clone().requires_grad_()
    x = waves.decode(free)
    (expected,) = torch.autograd.grad((x * slope).sum(), free)
    pulled = waves.pull(x.detach(), slope)
    torch.testing.assert_close(pulled, expected, atol=1e-6, rtol=1e-5)
    direction = numbers(shape, seed=7)
    pushed = waves.push(x.detach(), direction)
    assert float((pushed * slope).sum()) == pytest.approx(
        float((pulled * direction).sum()), rel=1e-3, abs=1e-5
    )
    near = (waves.decode(z + 0.01 * direction) - waves.decode(z - 0.01 * direction)) / 0.02
    torch.testing.assert_close(pushed, near, atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 9, 6), (3, 28, 20)])
def test_standard_normal_numbers_have_logits_of_deviation_one(shape):
    waves = made(shape, False)
    x = waves.decode(numbers(shape, 3000 // shape[0]).double())
    logits = torch.logit(x) - torch.logit(torch.tensor(MEAN[: shape[0]]).reshape(1, -1, 1, 1))
    assert float(logits.square().mean()) ** 0.5 == pytest.approx(1, abs=0.02)


def test_no_waves_are_the_mean_colour():
    x = made((3, 4, 5), True).decode(torch.zeros(1, 3, 4, 3, 2))
    expected = torch.tensor(MEAN).reshape(1, 3, 1, 1).expand(1, 3, 4, 5)
    torch.testing.assert_close(x, expected)


def test_colours_move_together_as_in_photographs():
    """The first number of each wave is brightness; apart from it hardly anything is moved."""
    shape = (3, 6, 6)
    for together, low, high in ((True, 0.95, 1.06), (False, 0.0, 0.0)):
        z = torch.zeros(1, 3, 6, 4, 2)
        z[0, 0, 1, 2, 0] = 0.01
        x = made(shape, together).decode(z)[0] - torch.tensor(MEAN).reshape(3, 1, 1)
        # The same change of logits; a grey of 0.5 moves more than one of 0.3.
        logits = x / (torch.tensor(MEAN) * (1 - torch.tensor(MEAN))).reshape(3, 1, 1)
        red, green, blue = logits.flatten(1).norm(dim=1).tolist()
        assert red > 0
        assert low <= green / red <= high
        assert low <= blue / red <= high


# ---------------------------------------------------------------------- what holds back
def test_waves_fade_and_fine_ones_are_blurred_more():
    waves, z = made((1, 8, 8), False), torch.ones(1, 1, 8, 5, 2)
    torch.testing.assert_close(waves.faded(z, 0.25), 0.75 * z)
    assert waves.held(z) is z
    passed = waves.blurred(z, 0.8)[0, 0, :, :, 0]
    frequency = torch.tensor(reference.frequencies(8, 8))
    expected = torch.exp(-2 * (torch.pi * 0.8 * frequency) ** 2).float()
    torch.testing.assert_close(passed, expected)
    assert passed[0, 0] == 1
    torch.testing.assert_close(waves.blurred(z, 0.0), z)


def test_blurred_waves_are_blurred_logits():
    """Of an image that goes on at its borders as it began, by the same bell."""
    size, sigma = 24, 1.5
    waves = made((1, size, size), False)
    x = torch.full((1, 1, size, size), MEAN[0])
    x[0, 0, 12, 11] = 0.9
    z = waves.encode(x)
    before, after = (
        torch.logit(waves.decode(one))[0, 0].double() - float(torch.logit(torch.tensor(MEAN[0])))
        for one in (z, waves.blurred(z, sigma))
    )
    expected = torch.from_numpy(reference.blurred(before[None].numpy(), sigma)[0])
    torch.testing.assert_close(after, expected, atol=4e-3, rtol=0)


def test_pixels_are_what_they_are():
    mean = torch.tensor((0.2, 0.4)).reshape(1, 2, 1, 1)
    pixels, x = Pixels(mean), pictures((2, 3, 4))
    for same in (pixels.decode(x), pixels.encode(x), pixels.pull(x, x), pixels.push(x, x)):
        assert torch.equal(same, x)
    assert pixels.encode(x).data_ptr() != x.data_ptr()
    torch.testing.assert_close(pixels.faded(x, 0.1), 0.9 * x + 0.1 * mean)
    assert torch.equal(pixels.held(3 * x - 1), (3 * x - 1).clamp(0, 1))
    expected = np.stack([reference.blurred(one.double().numpy(), 1.0) for one in x])
    np.testing.assert_allclose(pixels.blurred(x, 1.0), expected, atol=1e-6)


# ------------------------------------------------------------------------------ choosing
@pytest.mark.parametrize(
    ("shape", "settings", "kind", "color"),
    [
        ((1, 6, 6), {"parameterization": "fourier"}, Fourier, "independent"),
        ((3, 6, 6), {"parameterization": "fourier"}, Fourier, "decorrelated"),
        (
            (3, 6, 6),
            {"parameterization": "fourier", "color": "independent"},
            Fourier,
            "independent",
        ),
        ((3, 6, 6), {"parameterization": "pixels"}, Pixels, "independent"),
    ],
)
def test_settings_choose_the_canvas(smooth, shape, settings, kind, color):
    model, params = smooth(shape), VisualizationParams(**settings)
    assert resolved_color(model, params) == color
    drawn = canvas(model, params)
    assert type(drawn) is kind
    blank = drawn.faded(drawn.encode(torch.full((1, *shape), 0.5)), 1.0)
    mean = torch.tensor(model.spec.mean).reshape(1, -1, 1, 1).expand(1, *shape)
    torch.testing.assert_close(drawn.decode(blank), mean, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("shape", "parameterization", "said"),
    [
        ((1, 6, 6), "fourier", "grey"),
        ((1, 6, 6), "pixels", "grey"),
        ((3, 6, 6), "pixels", "fourier"),
    ],
)
def test_colours_that_cannot_be_decorrelated(smooth, shape, parameterization, said):
    params = VisualizationParams(parameterization=parameterization, color="decorrelated")
    with pytest.raises(ValueError, match=f"color: expected.*{said}"):
        canvas(smooth(shape), params)
    if shape[0] == 1:
        with pytest.raises(ValueError, match="color"):
            made(shape, True)
