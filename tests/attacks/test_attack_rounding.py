"""What a file holds of an attack, and the noise that an attack is compared with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xai import images as pictures
from xai.attacks import Goal, random_noise, run
from xai.attacks.algorithms.norms import NORMS, noise
from xai.attacks.quantization import quantize


def grid(rng, shape):
    levels = rng.integers(-60, 316, shape).clip(0, 255)
    return levels.astype(np.float32) / np.float32(255)


def size(delta, norm):
    delta = delta.astype(np.float64)
    return np.abs(delta).max() if norm == "linf" else np.linalg.norm(delta)


def inside(rng, original, norm, eps):
    """A random point of the ball, often on its edge."""
    delta = torch.tensor(rng.standard_normal((1, *original.shape)) * eps * rng.choice([0.05, 1]))
    delta = NORMS[norm].project(delta, eps)[0].numpy()
    return np.clip(original + delta, 0, 1).astype(np.float32)


# ------------------------------------------------------------------ rounding
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_rounding_stays_in_the_ball_and_on_the_grid(norm):
    rng = np.random.default_rng(0)
    for _ in range(200):
        original = grid(rng, (3, 6, 6))
        eps = float(rng.choice([rng.random(), rng.random() / 30, rng.integers(1, 20) / 255]))
        image = inside(rng, original, norm, eps)
        rounded = quantize(image, original, norm, eps)
        levels = rounded.astype(np.float64) * 255
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
        assert size(rounded - original, norm) <= eps + 1e-6
        assert np.abs(rounded - image).max() < 1.001 / 255
        assert 0 <= rounded.min() <= rounded.max() <= 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_rounding_an_image_off_the_grid_stays_in_the_ball(norm):
    rng = np.random.default_rng(1)
    for _ in range(200):
        original = rng.random((3, 6, 6), dtype=np.float32)
        eps = float(rng.random() / rng.choice([2, 50, 2000]))
        image = inside(rng, original, norm, eps)
        rounded = quantize(image, original, norm, eps)
        assert size(rounded - original, norm) <= eps + 1e-6
        assert 0 <= rounded.min() <= rounded.max() <= 1


def test_a_strength_of_whole_levels_is_used_in_full():
    original = np.arange(20, 200, dtype=np.float32).reshape(1, 12, 15) / np.float32(255)
    for level in range(1, 20):
        up = (original + np.float32(level / 255)).astype(np.float32)
        rounded = quantize(up, original, "linf", level / 255)
        np.testing.assert_array_equal(np.rint((rounded - original) * 255), level)


def test_between_levels_the_linf_ball_decides():
    original = np.array([[[100, 100, 100, 100]]], dtype=np.float32) / np.float32(255)
    image = original + np.array([25.5, 24.6, -25.5, -0.4], dtype=np.float32) / np.float32(255)
    rounded = quantize(image, original, "linf", 25.5 / 255)
    np.testing.assert_allclose((rounded - original) * 255, [[[25, 25, -25, 0]]], atol=1e-3)


def test_in_the_l2_ball_only_the_coarsest_roundings_are_turned_back():
    original = np.full((1, 1, 4), 100 / 255, dtype=np.float32)
    moved = np.array([3.55, 2.9, 1.6, 0.2])
    image = (original + moved / 255).astype(np.float32)
    # 4, 3, 2, 0 has length 5.39; 3, 3, 2, 0 has 4.69: one turn suffices for the given 4.88
    rounded = quantize(image, original, "l2", float(np.linalg.norm(moved)) / 255)
    np.testing.assert_allclose((rounded - original) * 255, [[[3, 3, 2, 0]]], atol=1e-3)


def test_without_a_bound_every_pixel_goes_to_its_nearest_level():
    rng = np.random.default_rng(2)
    original, image = rng.random((2, 1, 8, 8), dtype=np.float32)
    rounded = quantize(image, original, "l2", np.inf)
    np.testing.assert_allclose(rounded * 255, np.rint(image * 255), atol=1e-4)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_result_survives_a_png_file(lenet, digits, norm):
    for image, label in zip(digits[0][:8], digits[1][:8], strict=True):
        goal = Goal.untargeted(int(label))
        result = run(lenet, image, "pgd", goal=goal, params={"norm": norm, "steps": 10})
        assert result.quantized
        file = pictures.encode_png(pictures.to_uint8(result.image))
        read = lenet.prepare(pictures.decode(file, name="attacked.png").pixels)
        np.testing.assert_array_equal(read, result.image)
        assert goal.reached(lenet.predict(read).label) == result.success


def test_what_rounding_undoes_is_said(linear):
    # The class changes 0.4 grey levels away: the exact attack reaches it, no file can.
    weight = np.zeros((2, 1, 2, 2), dtype=np.float32)
    weight[1] = 1.0
    image = np.full((1, 2, 2), 100 / 255, dtype=np.float32)
    bias = np.array([0, -4 * (100.4 / 255)], dtype=np.float32)
    model = linear(weight, bias)
    goal, eps = Goal.untargeted(0), 0.8 / 255
    raw = run(model, image, "fgsm", goal=goal, params={"eps": eps, "quantize": False})
    assert raw.success
    assert not raw.quantized
    file = run(model, image, "fgsm", goal=goal, params={"eps": eps})
    assert not file.success
    assert file.quantized
    assert "rounding to 1/255 undid the attack" in file.notes
    assert "rounding to 1/255 took the whole perturbation away" in file.notes
    np.testing.assert_array_equal(file.image, image)
    strong = run(model, image, "fgsm", goal=goal, params={"eps": 1 / 255})
    assert strong.success
    assert not any("rounding" in note for note in strong.notes)


# --------------------------------------------------------------------- norms
@pytest.mark.parametrize("norm", list(NORMS))
def test_a_projection_is_the_identity_inside_and_ends_on_the_edge(norm):
    generator = torch.Generator().manual_seed(0)
    delta = torch.randn((30, 3, 5, 5), generator=generator) * torch.logspace(-3, 1, 30).reshape(
        -1, 1, 1, 1
    )
    before, projected = NORMS[norm].size(delta), NORMS[norm].project(delta, 0.7)
    inner = before <= 0.7
    assert inner.any()
    assert (~inner).any()
    torch.testing.assert_close(projected[inner], delta[inner])
    edge = NORMS[norm].size(projected[~inner]).float()
    torch.testing.assert_close(edge, torch.full_like(edge, 0.7))


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e30])
@pytest.mark.parametrize("norm", list(NORMS))
def test_a_direction_has_size_one_whatever_the_gradients_scale(norm, scale):
    generator = torch.Generator().manual_seed(1)
    gradient = torch.randn((4, 3, 5, 5), generator=generator)
    gradient[3] = 0
    direction = NORMS[norm].direction(gradient * scale)
    lengths = NORMS[norm].size(direction).float()
    torch.testing.assert_close(lengths, torch.tensor([1.0, 1, 1, 0]))
    torch.testing.assert_close(direction, NORMS[norm].direction(gradient))


@pytest.mark.parametrize("norm", list(NORMS))
def test_random_starts_fill_the_ball(norm):
    generator = torch.Generator().manual_seed(2)
    starts = torch.stack([NORMS[norm].start((1, 1, 2), 0.3, generator) for _ in range(4000)])
    sizes = NORMS[norm].size(starts)
    assert sizes.max() <= 0.3 + 1e-6
    # Uniform in two dimensions: a ball of half the radius holds a quarter of the points.
    assert (sizes < 0.15).double().mean() == pytest.approx(0.25, abs=0.03)
    assert starts.mean(0).abs().max() < 0.01


# --------------------------------------------------------------------- noise
@pytest.mark.parametrize("norm", list(NORMS))
def test_noise_has_the_size_that_was_asked_for(digits, norm):
    for seed, eps in enumerate((0.02, 0.1, 0.45)):
        image = digits[0][seed]
        noisy = noise(image, eps, norm, seed)
        assert size(noisy - image, norm) == pytest.approx(eps, rel=1e-4)
        assert 0 <= noisy.min() <= noisy.max() <= 1
        if norm == "linf":
            ends = [np.clip(image.astype(np.float64) + side * eps, 0, 1) for side in (-1, 1)]
            at = [np.isclose(noisy, end, rtol=0, atol=1e-6) for end in ends]
            assert (at[0] | at[1]).all()
            assert all(0.45 < one.mean() < 0.55 for one in at)


def test_long_noise_is_neither_cut_off_nor_kept_from_the_background(digits):
    image = digits[0][0]
    for eps in (0.1, 12.0):
        noisy = noise(image, eps, "l2", 1)
        assert size(noisy - image, "l2") == pytest.approx(eps, rel=1e-4)
        assert (noisy != image).mean() > 0.95


def test_noise_that_has_no_room_fills_the_room_there_is(digits):
    for norm, eps in (("linf", 1.0), ("l2", 1e3)):
        noisy = noise(digits[0][0], eps, norm, 0)
        assert 0 <= noisy.min() <= noisy.max() <= 1
        assert np.linalg.norm(noisy - digits[0][0]) > 10


def test_noise_depends_on_its_seed_alone(digits):
    image = digits[0][0]
    for norm in NORMS:
        first, again, other = (noise(image, 0.1, norm, seed) for seed in (3, 3, 4))
        assert first.tobytes() == again.tobytes() != other.tobytes()
    with pytest.raises(ValueError, match="linf, l2"):
        noise(image, 0.1, "l1", 0)


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.1), ("l2", 1.4), ("l2", 5.0)])
def test_the_baseline_is_judged_like_an_attack(lenet, digits, norm, eps):
    image, label = digits[0][0], int(digits[1][0])
    result = random_noise(lenet, image, goal=Goal.untargeted(label), eps=eps, norm=norm, seed=2)
    assert result.method == "noise"
    assert result.quantized
    assert (result.steps, len(result.history)) == (0, 1)
    assert 0.95 * eps < size(result.image - image, norm) <= eps + 1e-6
    assert result.success == (lenet.predict(np.array(result.image)).label != label)
    default = random_noise(lenet, image, goal=Goal.untargeted(label), norm=norm)
    assert default.params.eps == pytest.approx({"linf": 0.1, "l2": 1.4}[norm])
    with pytest.raises(ValueError, match="eps"):
        random_noise(lenet, image, goal=Goal.untargeted(label), eps=-0.1)
    unchanged = random_noise(lenet, image, goal=Goal.untargeted(label), eps=0, norm=norm)
    assert unchanged.image.tobytes() == image.tobytes()
