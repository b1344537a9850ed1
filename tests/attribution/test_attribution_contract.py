"""What checks outside the project rely on: names, defaults, and why one class and not another."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from zennit.composites import EpsilonPlusFlat

from xai.attribution import METHODS, run

NAMED = {
    *("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad", "guided_backprop"),
    *("deconvnet", "grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "layer_cam"),
    *("guided_grad_cam", "occlusion", "rise", "lrp"),
}
QUICK = {
    "integrated_gradients": {"steps": 4},
    "smoothgrad": {"n": 3},
    "smooth_grad_cam_pp": {"n": 3},
    "occlusion": {"window": 3, "stride": 2},
    "rise": {"n": 20},
    "lrp": {"composite": "epsilon"},
}
#: The score enters these by itself, so that a contrast is the difference of two maps.
LINEAR = (
    *("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad", "occlusion", "rise"),
    "lrp",
)


def test_the_names_are_there_and_run_takes_what_it_promised():
    assert set(METHODS) >= NAMED
    found = inspect.signature(run).parameters
    assert list(found)[:3] == ["model", "image", "method"]
    given = {name: found[name].default for name in ("target", "params", "seed", "progress")}
    assert given == {"target": None, "params": None, "seed": 0, "progress": None}
    assert all(found[name].kind is inspect.Parameter.KEYWORD_ONLY for name in given)


def test_the_defaults_are_the_predicted_class_black_and_epsilon_plus_flat(lenet, digits):
    image = digits[1]
    predicted = lenet.predict(image).label
    for method in METHODS:
        assert run(lenet, image, method, params=QUICK.get(method)).target == predicted
    x = torch.from_numpy(image)[None]
    shares = ((torch.arange(50) + 0.5) / 50).reshape(-1, 1, 1, 1)
    path = (shares * x).requires_grad_()
    (slopes,) = torch.autograd.grad(lenet.logits(path)[:, predicted].sum(), path)
    expected = (x[0] * slopes.mean(0)).numpy()
    found = run(lenet, image, "integrated_gradients").relevance
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    net, leaf = lenet.private(), lenet.normalize(image[None]).requires_grad_()
    with EpsilonPlusFlat().context(net):
        scores = net(leaf)
        start = torch.eye(scores.shape[1])[[predicted]] * scores
        expected = torch.autograd.grad(scores, leaf, start)[0][0].numpy()
    found = run(lenet, image, "lrp").relevance
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_why_one_class_and_not_another(residual, picture, method):
    image, params = picture((3, 8, 8), 3), QUICK.get(method)
    scores = residual.predict(image).logits
    found = run(residual, image, method, target=1, contrast=4, params=params, seed=2)
    assert (found.target, found.contrast) == (1, 4)
    assert found.logit == pytest.approx(scores[1], rel=1e-6)
    assert found.contrast_logit == pytest.approx(scores[4], rel=1e-6)
    assert found.score == pytest.approx(scores[1] - scores[4], rel=1e-5)
    one, other = (
        run(residual, image, method, target=index, params=params, seed=2).relevance
        for index in (1, 4)
    )
    assert not np.allclose(found.relevance, one)
    if method in LINEAR:
        scale = max(np.abs(one).max(), np.abs(other).max())
        assert np.abs(found.relevance - (one - other)).max() <= 1e-5 * scale
    if METHODS[method].signed:
        assert found.signed
    with pytest.raises(ValueError, match="another class than the explained one"):
        run(residual, image, method, contrast=int(scores.argmax()), params=params)


@pytest.mark.parametrize("method", ["smoothgrad", "smooth_grad_cam_pp", "rise"])
def test_a_seed_decides_all_that_is_random(residual, picture, method):
    image, params = (
        picture((3, 8, 8), 3),
        QUICK[method] | ({"sigma": 0.3} if method != "rise" else {}),
    )
    params |= {"layer": "relu1"} if method == "smooth_grad_cam_pp" else {}
    torch.manual_seed(1)
    one = run(residual, image, method, params=params, seed=7).relevance
    torch.manual_seed(2)
    same = run(residual, image, method, params=params, seed=7).relevance
    other = run(residual, image, method, params=params, seed=8).relevance
    assert np.array_equal(one, same)
    assert not np.allclose(one, other, rtol=1e-3, atol=0)
