"""What an attack refuses, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from xai.attacks import EPS_MAX, Goal, default_eps, run
from xai.attacks.parameters import CwParams, FgsmParams, NoiseParams, PgdParams

IMAGE = np.full((3, 4, 4), 0.5, dtype=np.float32)
GOAL = Goal.untargeted(0)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"params": {"eps": -0.1}}, ValueError, "eps"),
        ({"params": {"eps": 1.1}}, ValueError, "eps"),
        ({"params": {"eps": float("nan")}}, ValueError, "eps"),
        ({"params": {"eps": "8"}}, TypeError, "eps"),
        ({"params": {"steps": 0}}, ValueError, "steps: expected 1 to 1000, got 0"),
        ({"params": {"steps": 1001}}, ValueError, "steps"),
        ({"params": {"steps": 2.5}}, TypeError, "steps"),
        ({"params": {"restarts": 0}}, ValueError, "restarts"),
        ({"params": {"norm": "l1"}}, ValueError, "linf, l2"),
        ({"params": {"norm": "l2", "eps": 20.5}}, ValueError, "eps"),
        ({"params": {"norm": "l2", "eps": -1.0}}, ValueError, "eps"),
        ({"params": {"norm": "l2", "eps": 2.0, "steps": 0}}, ValueError, "steps"),
        ({"params": {"epsilon": 0.1}}, ValueError, "epsilon"),
        ({"method": "cw", "params": {"eps": 0.1}}, ValueError, "confidence"),
        ({"method": "cw", "params": {"searches": 0}}, ValueError, "searches"),
        ({"params": FgsmParams()}, TypeError, "PgdParams"),
        ({"method": "deepfool"}, ValueError, "fgsm, bim, pgd, cw"),
        ({"method": 3}, TypeError, "method"),
        ({"goal": 3}, TypeError, "Goal.untargeted"),
        ({"goal": Goal.targeted(4)}, ValueError, "from 0 to 3"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 0.5}, TypeError, "seed"),
        ({"image": IMAGE * np.nan}, ValueError, "finite"),
        ({"image": IMAGE * 3}, ValueError, r"\[0, 1\]"),
        ({"image": -IMAGE}, ValueError, r"\[0, 1\]"),
        ({"image": IMAGE[:2]}, ValueError, "shape"),
        ({"image": IMAGE[None]}, ValueError, "one image"),
        ({"image": (IMAGE * 255).astype(np.uint8)}, TypeError, "float32"),
        ({"image": None}, TypeError, "image"),
    ],
)
def test_bad_input_is_refused_in_words(smooth, changes, error, says):
    given = {"image": IMAGE, "method": "pgd", "goal": GOAL, **changes}
    with pytest.raises(error, match=says):
        run(smooth, given.pop("image"), given.pop("method"), **given)


@pytest.mark.parametrize(
    ("label", "error"), [(-1, ValueError), (1.0, TypeError), ("cat", TypeError), (True, TypeError)]
)
def test_a_goal_needs_the_index_of_a_class(label, error):
    for make in (Goal.untargeted, Goal.targeted):
        with pytest.raises(error, match="label"):
            make(label)


def test_a_goal_takes_numpys_numbers():
    assert Goal.targeted(np.int64(3)) == Goal.targeted(3)
    assert Goal.targeted(3) != Goal.untargeted(3)


@pytest.mark.parametrize("eps", [1.0, 1 / 255, 1e-4])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_images_at_the_bounds_stay_within_them(lenet, eps, level):
    image = np.full((1, 28, 28), level, dtype=np.float32)
    result = run(lenet, image, "pgd", goal=Goal.untargeted(0), params={"eps": eps, "steps": 5})
    assert 0 <= result.image.min() <= result.image.max() <= 1
    assert result.linf <= eps + 1e-6


def test_the_l2_default_is_half_a_corner_of_the_linf_ball(lenet, smooth):
    assert default_eps(lenet.spec) == lenet.spec.eps
    assert default_eps(lenet.spec, "l2") == pytest.approx(0.1 * 28 / 2)
    assert default_eps(smooth.spec, "l2") == pytest.approx(0.1 * np.sqrt(48) / 2)
    assert PgdParams(norm="l2", eps=EPS_MAX["l2"]).eps == EPS_MAX["l2"]
    with pytest.raises(ValueError, match="linf, l2"):
        default_eps(lenet.spec, "l1")
    with pytest.raises(ValueError, match="eps"):
        NoiseParams(eps=1.5)


@pytest.mark.parametrize("steps", [1, 60, 1000])
def test_adam_can_always_reach_three_strengths(lenet, steps):
    rate = CwParams(steps=steps).resolved(lenet.spec).rate()
    assert rate * steps >= 3 * lenet.spec.eps * (1 - 1e-9)
    assert lenet.spec.eps / 20 <= rate <= 1
