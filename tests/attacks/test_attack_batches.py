"""What goes on within a batch: rows that leave early, restarts, one row's trouble."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toys import wrap

from xai.attacks import Goal, run, volley
from xai.attacks.algorithms.descent import perturb
from xai.attacks.parameters import BimParams, CwParams, FgsmParams, NoiseParams, PgdParams
from xai.attacks.studies.robustness import robustness
from xai.attacks.volley import Outcome
from xai.datasets import ImageSet


# ----------------------------------------------------------------- early stop and restarts
def test_rows_that_leave_early_are_kept_and_the_others_go_on(smooth):
    rng = np.random.default_rng(3)
    images = rng.integers(-60, 316, (60, 3, 4, 4)).clip(0, 255).astype(np.float32) / np.float32(255)
    goals = [Goal.untargeted(one.label) for one in smooth.predict_batch(images)]
    given = {"eps": 0.08, "steps": 3, "step_size": 0.01, "restarts": 4, "early_stop": True}
    for quantize in (True, False):
        params = PgdParams(**given, quantize=quantize)
        found = perturb(smooth, smooth.tensor(images), goals, params, seeds=range(60))
        alone = [
            run(smooth, image, "pgd", goal=goal, params=params, seed=seed)
            for seed, (image, goal) in enumerate(zip(images, goals, strict=True))
        ]
        steps = found.steps.tolist()
        assert [one.steps for one in alone] == steps
        assert len(set(steps)) > 5, "all left at once"
        for place, one in enumerate(alone):
            assert one.success or steps[place] == 12
            last = one.history[-1]
            assert (
                last.step == sum(record.restart == last.restart for record in one.history) - 1 <= 3
            )
            assert not one.success or steps[place] < 12 or one.history[-1].restart == 3
            if not quantize:
                assert one.queries - 2 == int(found.queries[place])
                np.testing.assert_allclose(found.images[place].numpy(), one.image, atol=2e-6)
        lone = [
            run(smooth, image, "pgd", goal=goal, params=replace(params, restarts=1), seed=seed)
            for seed, (image, goal) in enumerate(zip(images, goals, strict=True))
        ]
        assert all(many.success >= one.success for many, one in zip(alone, lone, strict=True))
        assert sum(one.success for one in alone) > sum(one.success for one in lone)


def test_early_stop_waits_until_the_file_fools_too(linear):
    """The class changes 2.4 levels away: at 2.5 the exact image fools, its file at 3."""
    weight = np.zeros((2, 1, 2, 2), np.float32)
    weight[1] = 1e3
    image = np.full((1, 2, 2), 100 / 255, np.float32)
    model = linear(weight, np.array([0, -4e3 * 102.4 / 255], np.float32))
    given = {"eps": 6 / 255, "steps": 12, "step_size": 0.49 / 255, "early_stop": True}
    goals = [Goal.untargeted(0), Goal.targeted(0)]
    exact, file = (
        perturb(
            model, model.tensor(np.stack([image] * 2)), goals,
            BimParams(**given, quantize=quantize), seeds=(0, 1),
        ).steps.tolist()
        for quantize in (False, True)
    )  # fmt: skip
    assert exact == [5, 0]
    assert file == [6, 0]
    assert run(model, image, "bim", goal=goals[0], params=given).success


# ----------------------------------------------------------------------- vanishing, doors
def test_a_gradient_that_vanishes_for_one_image_stops_no_other():
    """Behind a rectifier a dark image has no gradient; a bright one has."""
    last = nn.Linear(1, 2, bias=False)
    first = nn.Linear(4, 1)
    with torch.no_grad():
        first.weight.fill_(1.0)
        first.bias.fill_(-1.0)
        last.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    model = wrap(nn.Sequential(nn.Flatten(), first, nn.ReLU(), last), (1, 2, 2))
    images = np.stack([np.full((1, 2, 2), level, np.float32) for level in (0.0, 0.3, 1.0)])
    params = BimParams(eps=0.1, quantize=False).resolved(model.spec)
    goals = [Goal.untargeted(0)] * 3
    found = perturb(model, model.tensor(images), goals, params, seeds=range(3))
    assert found.vanished.tolist() == [True, True, False]
    assert found.images[0].numpy().tobytes() == images[0].tobytes()
    np.testing.assert_allclose(found.images[2].numpy(), 0.9, atol=1e-6)
    # It came to the rectifier's edge before its gradient vanished.
    assert 0.2 < found.images[1].numpy().max() <= 0.25


@pytest.mark.parametrize("value", [np.nan, 3e38])
@pytest.mark.parametrize("count", [1, 3])
def test_a_network_without_numbers_is_refused(linear, value, count):
    model = linear(np.full((2, 1, 2, 2), value, np.float32))
    images = np.ones((count, 1, 2, 2), np.float32)
    for method, kind in (("fgsm", FgsmParams), ("cw", CwParams)):
        params = kind().resolved(model.spec)
        with pytest.raises(ValueError, match="finite gradient"):
            volley.volley(
                model, images, [Goal.untargeted(0)] * count, method, params, seeds=range(count)
            )


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"goals": [Goal.untargeted(0), Goal.targeted(4)]}, ValueError, "from 0 to 3"),
        ({"goals": [Goal.untargeted(0)]}, ValueError, "as many goals"),
        ({"seeds": (1,)}, ValueError, "as many goals"),
        ({"params": [FgsmParams(eps=0.1)] * 2}, TypeError, "expected PgdParams, got FgsmParams"),
        ({"params": [PgdParams(eps=0.1, steps=2), PgdParams(eps=0.1)]}, ValueError, "differ"),
        (
            {"params": [PgdParams(eps=0.1), PgdParams(eps=0.1, quantize=False)]},
            ValueError,
            "strength and step size alone",
        ),
        ({"params": PgdParams()}, ValueError, "resolved"),
        ({"method": "deepfool"}, ValueError, "fgsm, bim, pgd, cw, noise"),
        ({"images": np.full((2, 3, 4, 4), 1.5, np.float32)}, ValueError, r"\[0, 1\]"),
        ({"images": np.full((3, 4, 4), 0.5, np.float32)}, ValueError, "images"),
        ({"images": [[0.5]]}, TypeError, "array"),
    ],
)
def test_a_volley_refuses_in_words(smooth, changes, error, says):
    given: dict[str, Any] = {
        "images": np.full((2, 3, 4, 4), 0.5, np.float32),
        "goals": [Goal.untargeted(0)] * 2,
        "method": "pgd",
        "params": PgdParams(eps=0.1, steps=1).resolved(smooth.spec),
        "seeds": (0, 1),
        **changes,
    }
    seeds = given.pop("seeds")
    with pytest.raises(error, match=says):
        volley.volley(smooth, *given.values(), seeds=seeds)


def test_a_volley_of_float64_images_is_that_of_float32(smooth):
    images = np.random.default_rng(5).random((3, 3, 4, 4))
    params = NoiseParams(eps=0.5, norm="l2")
    goals = [Goal.untargeted(0)] * 3

    def noisy(batch: np.ndarray) -> Outcome:
        return volley.volley(smooth, batch, goals, "noise", params, seeds=range(3))

    wide, narrow = noisy(images), noisy(images.astype(np.float32))
    assert wide.images.dtype == np.float32
    assert wide.images.tobytes() == narrow.images.tobytes()


# --------------------------------------------------------------------------- many strengths
def test_only_what_searches_within_the_ball_keeps_what_a_smaller_strength_found():
    """A class that is met in a band alone, 4 to 5.5 levels up: FGSM leaps over it."""
    first, last = nn.Linear(1, 2), nn.Linear(2, 2)
    with torch.no_grad():
        first.weight.fill_(255.0)
        first.bias.copy_(torch.tensor([-100.0, -105.0]))
        last.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, -3.0]]))
        last.bias.copy_(torch.tensor([4.0, 0.0]))
    model = wrap(nn.Sequential(nn.Flatten(), first, nn.ReLU(), last), (1, 1, 1))
    pixels, labels = np.full((9, 1, 1, 1), 101, np.uint8), np.array([0] + [1] * 8)
    some = ImageSet(pixels, labels, model.classes, tuple("abcdefghi"))
    found = robustness(
        model, some, methods=("fgsm", "bim", "noise"), strengths=[n / 255 for n in (2, 4, 9)],
        params={"bim": {"steps": 9, "step_size": 1 / 255}},
    )  # fmt: skip
    assert (found.clean == 0).all()
    assert found.predicted[0, :, 0].tolist() == [0, 1, 0]
    assert found.predicted[1, :, 0].tolist() == [0, 1, 1]
    # Misread without any attack, and so at every strength: noise of 4 levels would mend some.
    assert (found.predicted[:, :, 1:] == 0).all()


def test_lengths_of_other_settings_are_not_taken_for_levels(smooth):
    """A step of 3 is a length; in the other norm it would be refused."""
    some = ImageSet(np.full((1, 4, 4, 3), 90, np.uint8), [0], smooth.classes, ("a",))
    given = PgdParams(norm="l2", eps=5.0, step_size=3.0, steps=2)
    found = robustness(smooth, some, methods=("pgd",), strengths=[0.1], params={"pgd": given})
    (settings,) = found.settings
    assert (settings.norm, settings.eps, settings.step_size, settings.steps) == (
        "linf", None, None, 2,
    )  # fmt: skip
