"""Stability under noise, and whether a map adds up."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from attribution_networks import Residual, randomise
from torch import nn

from xai.attribution import run
from xai.attribution.checks import completeness, stability
from xai.attribution.checks.likeness import spearman


@pytest.fixture(scope="module")
def linear(wrap):
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    return wrap(randomise(net, 5), (1, 6, 6))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(3).random((1, 6, 6), dtype=np.float32)


def noisy(image: np.ndarray, n: int, sigma: float, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = [rng.standard_normal(image.shape, dtype=np.float32) for _ in range(n)]
    return [np.clip(image + np.float32(sigma) * each, 0, 1) for each in noise]


def test_without_noise_nothing_moves(residual, picture):
    image = picture((3, 8, 8))
    found = [run(residual, image, method) for method in ("gradient", "grad_cam")]
    result = stability(residual, image, found, n=2, sigma=0)
    for one, given in zip(result.maps, found, strict=True):
        assert one.correlation.tolist() == [1, 1]
        assert one.distance.tolist() == [0, 0]
        assert not one.deviation.any()
        assert np.allclose(one.mean, given.relevance.sum(0), atol=1e-6)
    assert result.changed == (False, False)


def test_on_a_linear_model_the_gradient_stays_and_the_product_moves_with_the_image(linear, image):
    found = [run(linear, image, method, target=1) for method in ("gradient", "input_x_gradient")]
    result = stability(linear, image, found, n=3, sigma=0.2, seed=7)
    gradient, product = result.maps
    assert gradient.correlation.tolist() == [1, 1, 1]
    assert gradient.median_distance == 0
    weights = linear.net[1].weight[1].double().numpy().reshape(6, 6)
    clean = weights * image[0]
    maps = np.array([weights * each[0] for each in noisy(image, 3, 0.2, 7)])
    distance = [np.linalg.norm(each - clean) / np.linalg.norm(clean) for each in maps]
    assert np.allclose(product.distance, distance, atol=1e-5)
    assert np.allclose(product.correlation, [spearman(clean, each) for each in maps], atol=1e-9)
    assert product.median_correlation < 0.99
    assert np.allclose(product.mean, maps.mean(0), atol=1e-5)
    assert np.allclose(product.deviation, maps.std(0), atol=1e-5)
    assert result.predicted == tuple(linear.predict(e).label for e in noisy(image, 3, 0.2, 7))


def test_class_parameters_and_seed_stay(residual, picture):
    image = picture((3, 8, 8))
    runner_up = residual.predict(image).top(2)[1]
    first = residual.predict(image).label
    settings = {"target": runner_up, "contrast": first, "params": {"n": 3}, "seed": 9}
    found = run(residual, image, "smoothgrad", **settings)
    result = stability(residual, image, [found], n=2, sigma=0.1)
    again = [run(residual, each, "smoothgrad", **settings) for each in noisy(image, 2, 0.1, 0)]
    clean = found.relevance.sum(0)
    expected = [spearman(clean, one.relevance.sum(0)) for one in again]
    assert np.allclose(result.maps[0].correlation, expected, atol=1e-6)


def test_more_noisy_images_begin_with_the_same(linear, image):
    found = [run(linear, image, "input_x_gradient", target=0)]
    few, many, other = (
        stability(linear, image, found, n=n, sigma=0.1, seed=seed).maps[0].distance
        for n, seed in ((2, 0), (5, 0), (2, 1))
    )
    assert np.array_equal(few, many[:2])
    assert not np.allclose(few, other)


def test_a_changed_prediction_is_said(linear, image):
    found = [run(linear, image, "gradient")]
    result = stability(linear, image, found, n=20, sigma=1.0)
    assert result.clean == linear.predict(image).label
    assert 0 < sum(result.changed) < 20


def test_a_constant_map_has_no_order_and_an_empty_one_no_distance(wrap, image):
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    nn.init.zeros_(net[1].weight)
    model = wrap(net, (1, 6, 6))
    result = stability(model, image, [run(model, image, "gradient", target=0)], n=2)
    (one,) = result.maps
    assert np.isnan(one.correlation).all()
    assert np.isnan(one.distance).all()
    assert np.isnan(one.median_correlation)
    assert np.isnan(one.median_distance)


def test_progress_rises_to_the_end_and_may_stop(residual, picture, state_of):
    image = picture((3, 8, 8))
    found = [run(residual, image, "gradient"), run(residual, image, "occlusion")]
    said: list[tuple[int, int, str]] = []
    stability(residual, image, found, n=3, progress=lambda *step: said.append(step))
    assert [step[0] for step in said] == sorted(step[0] for step in said)
    assert said[-1][0] == said[-1][1]
    before = state_of(residual.net)

    def stop(done: int, total: int, message: str) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stability(residual, image, found, n=3, progress=stop)
    assert state_of(residual.net) == before


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n": 0}, ValueError, "n: expected 1 to 100, got 0"),
        ({"sigma": -0.1}, ValueError, "sigma: expected 0 to 1, got -0.1"),
        ({"sigma": float("nan")}, ValueError, "sigma: expected 0 to 1, got nan"),
        ({"sigma": "much"}, TypeError, "sigma: expected a number"),
        ({"found": []}, ValueError, "at least one"),
    ],
)
def test_settings_out_of_range_are_refused(linear, image, change, error, words):
    settings = {"found": [run(linear, image, "gradient")]} | change
    with pytest.raises(error, match=words):
        stability(linear, image, **settings)


# -------------------------------------------------------------------- completeness
def test_without_biases_relevance_adds_up_to_the_score(wrap, picture):
    model = wrap(randomise(Residual(bias=False), 2), (3, 8, 8))
    found = run(model, picture((3, 8, 8)), "lrp", params={"composite": "epsilon"})
    said = completeness(found)
    assert said.promised == pytest.approx(found.logit)
    assert said.share == pytest.approx(1, abs=1e-3)
    assert said.gap == pytest.approx(0, abs=1e-3)
    assert "next to nothing is lost" in said.sentence
    other = completeness(run(model, picture((3, 8, 8)), "lrp", target=1, contrast=3))
    assert other.promised == pytest.approx(
        model.predict(picture((3, 8, 8))).logits[[1, 3]] @ [1, -1]
    )
    assert "difference of the two scores" in other.sentence


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (0.003, "0.03 % of the score 10"),
        (4.3, "43 % of the score 10: the rest went to biases"),
        (0.0001, "less than 0.01 % of the score"),
        (-2.0, "−20 % of the score 10: more speaks against"),
        (25.0, "250 % of the score 10: biases or a stabilizer handed on more"),
    ],
)
def test_what_is_missing_is_said(linear, image, total, words):
    found = run(linear, image, "lrp")
    relevance = np.full((1, 1, 1), total, np.float32)
    said = completeness(dataclasses.replace(found, relevance=relevance, logit=10.0))
    assert words in said.sentence
    assert said.share == pytest.approx(total / 10)


def test_integrated_gradients_add_up_to_the_difference(residual, picture):
    image = picture((3, 8, 8))
    found = run(residual, image, "integrated_gradients", params={"steps": 200})
    said = completeness(found)
    black = residual.predict(np.zeros_like(image)).logits[found.target]
    assert said.promised == pytest.approx(found.logit - black, abs=1e-4)
    assert said.gap == pytest.approx(found.diagnostics["completeness_gap"], abs=1e-4)
    assert "finely enough" in said.sentence
    coarse = dataclasses.replace(found, relevance=found.relevance * 0.5)
    assert "The gap is 50 %" in completeness(coarse).sentence
    assert "take more steps" in completeness(coarse).sentence


def test_of_a_contrast_the_difference_of_two_scores_is_promised(residual, picture):
    image = picture((3, 8, 8))
    logits = residual.predict(image).logits
    whole = float(logits[1] - logits[4])
    path = run(residual, image, "integrated_gradients", target=1, contrast=4, params={"steps": 200})
    black = residual.predict(np.zeros_like(image)).logits
    said = completeness(path)
    assert said.promised == pytest.approx(whole - float(black[1] - black[4]), abs=1e-4)
    assert abs(said.gap) < 0.01 * abs(said.promised)
    assert path.diagnostics["baseline_logit"] == pytest.approx(black[1] - black[4], abs=1e-5)
    shares = run(residual, image, "lrp", target=1, contrast=4)
    assert completeness(shares).promised == pytest.approx(whole, abs=1e-4)
    assert "difference of the two scores" in completeness(shares).sentence


def test_other_methods_promise_nothing(linear, image):
    for method in ("gradient", "input_x_gradient", "smoothgrad", "occlusion"):
        assert completeness(run(linear, image, method)) is None
    with pytest.raises(TypeError, match="expected an Attribution, got str"):
        completeness("lrp")


def test_a_score_of_zero_has_no_share(linear, image):
    found = dataclasses.replace(run(linear, image, "lrp"), logit=0.0)
    said = completeness(found)
    assert said.share is None
    assert "there is no share" in said.sentence
