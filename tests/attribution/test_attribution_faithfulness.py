"""Deletion and insertion: on a linear model each point of each curve can be worked out."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from attribution_networks import randomise
from torch import nn

from xai.attribution import run
from xai.attribution.checks import faithfulness, labels, perturbation
from xai.attribution.checks.edges import edge_map

SIDE = 6
PIXELS = SIDE * SIDE


@pytest.fixture(scope="module")
def linear(wrap):
    """Three scores, each a weighted sum of the 36 pixels."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 3))
    return wrap(randomise(net, 5), (1, SIDE, SIDE))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(3).random((1, SIDE, SIDE), dtype=np.float32)


def weights_of(model, target: int) -> tuple[np.ndarray, float]:
    dense = model.net[1]
    return dense.weight[target].double().numpy(), float(dense.bias[target])


def literal(shown: np.ndarray, image: np.ndarray, weights: np.ndarray, bias: float) -> float:
    """Return the score of the image where only the pixels ``shown`` are not black."""
    return float(weights[shown] @ image.ravel()[shown].astype(np.float64) + bias)


def test_the_curves_of_a_linear_model_are_worked_out_by_hand(linear, image):
    found = run(linear, image, "input_x_gradient", target=1)
    result = faithfulness(linear, image, [found], steps=9, fill="black")
    weights, bias = weights_of(linear, 1)
    order = np.argsort(-weights * image.ravel())
    counts = [4 * step for step in range(10)]
    assert np.allclose(result.shares, np.array(counts) / PIXELS)
    curve = result.score[0]
    deletion = [literal(order[count:], image, weights, bias) for count in counts]
    insertion = [literal(order[:count], image, weights, bias) for count in counts]
    assert np.allclose(curve.deletion, deletion, atol=1e-5)
    assert np.allclose(curve.insertion, insertion, atol=1e-5)
    area = sum((a + b) / 2 for a, b in pairwise(deletion)) / 9
    assert curve.deletion_area == pytest.approx(area, abs=1e-5)
    # What each pixel adds is known, so that no order can be better, at any step.
    assert [other.name for other in result.score[1:]] == ["random", "edges"]
    for other in result.score[1:]:
        assert (curve.deletion <= other.deletion + 1e-5).all()
        assert (curve.insertion >= other.insertion - 1e-5).all()
        assert curve.deletion_area < other.deletion_area


def test_the_references_are_random_orders_and_the_edges(linear, image):
    found = run(linear, image, "gradient", target=0)
    result = faithfulness(linear, image, [found], steps=9, fill="black", orders=2, seed=4)
    weights, bias = weights_of(linear, 0)
    rng = np.random.default_rng(4)
    rng.permutation(PIXELS)
    orders = [rng.permutation(PIXELS) for _ in range(2)]
    curves = np.array(
        [[literal(o[4 * step :], image, weights, bias) for step in range(10)] for o in orders]
    )
    _, by_chance, edges = result.score
    assert np.allclose(by_chance.deletion, curves.mean(0), atol=1e-5)
    assert np.allclose(by_chance.deletion_spread, curves.std(0), atol=1e-5)
    assert by_chance.deletion_spread.max() > 0.01
    assert [curve.reference for curve in result.score] == [False, True, True]
    order = np.argsort(-edge_map(image).ravel(), kind="stable")
    expected = [literal(order[: 4 * step], image, weights, bias) for step in range(10)]
    assert np.allclose(edges.insertion, expected, atol=1e-5)
    assert not edges.insertion_spread.any()


def test_the_probability_is_that_of_all_scores_and_a_contrast_is_a_difference(linear, image):
    found = run(linear, image, "input_x_gradient", target=2, contrast=0)
    result = faithfulness(linear, image, [found], steps=4, fill="grey")
    hidden = np.full_like(image, 0.5)
    expected = []
    for shown in (image, hidden):
        row = linear.predict(shown)
        expected.append(
            (row.logits[2] - row.logits[0], row.probabilities[2] - row.probabilities[0])
        )
    pairs = zip((result.score[0], result.probability[0]), np.transpose(expected), strict=True)
    for curve, want in pairs:
        ends = [curve.deletion[0], curve.deletion[-1], curve.insertion[-1], curve.insertion[0]]
        assert np.allclose(ends, [*want, *want], atol=1e-5)
        assert (curve.target, curve.contrast) == (2, 0)


def test_maps_of_several_classes_have_references_of_their_own(linear, image):
    aims = [(0, None), (1, None), (0, None), (1, 2)]
    found = [run(linear, image, "gradient", target=a, contrast=b) for a, b in aims]
    whole = faithfulness(linear, image, found, steps=4)
    assert whole.aims == ((0, None), (1, None), (1, 2))
    assert len(whole.score) == len(whole.probability) == 4 + 3 * 2
    for aim, indices in (((0, None), (0, 2)), ((1, None), (1,)), ((1, 2), (3,))):
        part = whole.about(*aim)
        alone = faithfulness(linear, image, [found[index] for index in indices], steps=4)
        assert part.aims == (aim,)
        for mine, theirs in zip(part.score, alone.score, strict=True):
            assert mine.name == theirs.name
            assert np.allclose(mine.deletion, theirs.deletion, atol=1e-6)
    with pytest.raises(ValueError, match="target: expected one of"):
        whole.about(2)


def test_equal_values_are_in_a_random_order_that_the_seed_fixes(linear, image):
    found = run(linear, image, "gradient")
    flat = dataclasses.replace(found, relevance=np.zeros_like(found.relevance))
    curves = [
        faithfulness(linear, image, [flat], steps=9, fill="black", seed=seed).score[0].deletion
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(curves[0], curves[1])
    assert not np.allclose(curves[0], curves[2])
    weights, bias = weights_of(linear, found.target)
    rows = [literal(np.arange(4 * step, PIXELS), image, weights, bias) for step in range(10)]
    assert not np.allclose(curves[0], rows)


def test_relevance_is_summed_over_the_channels(residual, picture):
    image = picture((3, 8, 8))
    found = run(residual, image, "gradient")
    grey = dataclasses.replace(found, relevance=found.relevance.sum(0, keepdims=True))
    result = faithfulness(residual, image, [found, grey], steps=5)
    assert np.allclose(result.score[0].deletion, result.score[1].deletion)
    largest = dataclasses.replace(found, relevance=found.relevance.max(0, keepdims=True))
    other = faithfulness(residual, image, [largest], steps=5)
    assert not np.allclose(result.score[0].deletion, other.score[0].deletion)


def test_a_map_of_negative_evidence_is_read_with_its_sign_turned(residual, picture):
    image = picture((3, 8, 8))
    found = run(residual, image, "negative_grad_cam")
    marked = np.random.default_rng(1).random((1, 8, 8), dtype=np.float32)
    against = dataclasses.replace(found, relevance=marked)
    turned = dataclasses.replace(against, method="grad_cam", relevance=-against.relevance)
    result = faithfulness(residual, image, [against, turned], steps=5)
    assert np.array_equal(result.score[0].deletion, result.score[1].deletion)


# ------------------------------------------------------------------ how it is asked
def test_the_two_ends_are_asked_once_and_the_rest_in_batches(residual, picture, monkeypatch):
    image = picture((3, 8, 8))
    found = [run(residual, image, method) for method in ("gradient", "grad_cam")]
    asked: list[int] = []
    logits = residual.logits
    monkeypatch.setattr(residual, "logits", lambda x: asked.append(len(x)) or logits(x))
    results, said = [], []
    for size in (1, 7, 1000):
        monkeypatch.setattr(perturbation, "batch_size", lambda x, size=size: size)
        asked.clear()
        said.clear()
        results.append(
            faithfulness(residual, image, found, steps=6, progress=lambda *step: said.append(step))
        )
        assert sum(asked) == results[-1].passes == 2 + (2 + 3 + 1) * 2 * 5
        assert max(asked) <= size
        assert said[-1][:2] == (results[-1].passes, results[-1].passes)
        assert [step[0] for step in said] == sorted(step[0] for step in said)
    for other in results[1:]:
        for one, two in zip(results[0].probability, other.probability, strict=True):
            assert np.allclose(one.insertion, two.insertion, atol=1e-5)


def test_there_are_no_more_steps_than_pixels(wrap):
    net = randomise(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), 1)
    small = wrap(net, (1, 2, 2))
    image = np.array([[[0.1, 0.9], [0.4, 0.3]]], np.float32)
    result = faithfulness(small, image, [run(small, image, "gradient")], steps=28)
    assert result.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_a_stop_and_a_failure_leave_the_network_as_it_was(residual, picture, state_of):
    image = picture((3, 8, 8))
    found = [run(residual, image, "gradient")]
    before = state_of(residual.net)

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        faithfulness(residual, image, found, progress=stop)
    with torch.inference_mode():
        faithfulness(residual, image, found, steps=3)
    assert state_of(residual.net) == before


def test_a_score_that_is_not_finite_is_said(wrap, image):
    class Picky(nn.Module):
        def forward(self, x):
            return x[:, 0, 0] / (x.sum((1, 2, 3)) > 1).float()[:, None]

    model = wrap(Picky(), (1, SIDE, SIDE))
    found = [run(model, image, "gradient")]
    with pytest.raises(ValueError, match="another fill may work"):
        faithfulness(model, image, found, fill="black")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps: expected 1 to 1000, got 0"),
        ({"steps": 2.5}, TypeError, "steps: expected a whole number"),
        ({"orders": 0}, ValueError, "orders: expected 1 to 100"),
        ({"seed": -1}, ValueError, "seed"),
        ({"fill": "red"}, ValueError, "fill: expected one of mean, black, grey, blur; got 'red'"),
    ],
)
def test_settings_out_of_range_are_refused(linear, image, change, error, words):
    with pytest.raises(error, match=words):
        faithfulness(linear, image, [run(linear, image, "gradient")], **change)


def test_maps_of_something_else_are_refused(linear, image, residual, picture):
    found = run(linear, image, "gradient")
    with pytest.raises(ValueError, match="got one of another image"):
        faithfulness(linear, image[:, ::-1].copy(), [found])
    with pytest.raises(ValueError, match="expected maps of toy, got one of other"):
        faithfulness(linear, image, [dataclasses.replace(found, model="other")])
    with pytest.raises(ValueError, match="at least one"):
        faithfulness(linear, image, [])
    with pytest.raises(TypeError, match="expected a sequence"):
        faithfulness(linear, image, found)
    with pytest.raises(TypeError, match="expected Attributions, got str"):
        faithfulness(linear, image, ["gradient"])
    with pytest.raises(TypeError, match="model: expected a LoadedModel"):
        faithfulness(linear.net, image, [found])


# ------------------------------------------------------------------------- the door
def test_importing_the_checks_loads_no_torch_and_names_stay_functions():
    code = (
        "import sys, xai.attribution.checks as checks\n"
        "assert 'torch' not in sys.modules, 'torch'\n"
        "import xai.attribution.checks.faithfulness, xai.attribution.checks.stability\n"
        "assert all(callable(getattr(checks, name)) for name in checks.__all__)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_explanations_are_called_by_what_sets_them_apart(residual, picture):
    image = picture((3, 8, 8))

    def made(method, **more):
        return run(residual, image, method, **({"target": 0} | more))

    noisy = {"params": {"n": 2}}
    assert labels([made("gradient"), made("grad_cam")]) == ("Gradient", "Grad-CAM")
    assert labels([made("smoothgrad", **noisy), made("smoothgrad", params={"n": 3})]) == (
        "SmoothGrad (n 2)",
        "SmoothGrad (n 3)",
    )
    assert labels([made("smoothgrad", seed=seed, **noisy) for seed in (0, 5)]) == (
        "SmoothGrad (seed 0)",
        "SmoothGrad (seed 5)",
    )
    assert labels([made("gradient"), made("gradient", target=1, contrast=2)]) == (
        "Gradient (class 0)",
        "Gradient (class 1 rather than class 2)",
    )
    named = labels([made("gradient"), made("gradient", target=1)], ("cat", "dog"))
    assert named == ("Gradient (cat)", "Gradient (dog)")
    assert len(set(labels([made("gradient")] * 3))) == 3
    cams = [made("grad_cam"), made("grad_cam", params={"layer": "relu1"})]
    assert labels(cams) == ("Grad-CAM (layer automatic)", "Grad-CAM (layer relu1)")
