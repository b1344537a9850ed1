"""The sweep over strengths and the search for the smallest one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from xai.attacks import ATTACKS, EPS_MAX, Goal, run
from xai.attacks.parameters import FgsmParams, PgdParams
from xai.attacks.strengths import amount, norms_of
from xai.attacks.studies.shots import lapse
from xai.attacks.studies.smallest import smallest
from xai.attacks.studies.strength import joined, ladder, sweep
from xai.models.loaded import LoadedModel

STEP = 1 / 255


@pytest.fixture(scope="module")
def two(linear: Callable[..., LoadedModel]) -> tuple[LoadedModel, np.ndarray]:
    """Two classes over 2x2 pixels: class 1 wins once every pixel has risen by 10/255."""
    weight = np.stack([np.zeros((1, 2, 2)), np.ones((1, 2, 2))]).astype(np.float32)
    image = np.full((1, 2, 2), 100 / 255, np.float32)
    bias = np.array([0, -4 * 109.5 / 255], np.float32)
    return linear(weight, bias), image


@pytest.fixture(scope="module")
def digit(lenet, digits) -> tuple[LoadedModel, np.ndarray, Goal]:
    images, labels = digits
    return lenet, images[3], Goal.untargeted(int(labels[3]))


# ------------------------------------------------------------------------------- the ladder
@pytest.mark.parametrize("most", [1, 10, 20, 100, 255])
def test_a_linf_ladder_stands_on_levels_of_a_file(most):
    levels = np.array(ladder(most * STEP, "linf", 12)) * 255
    assert levels[0] == 0
    assert levels[-1] == pytest.approx(most)
    assert np.allclose(levels, np.rint(levels))
    assert (np.diff(levels) > 0.5).all()
    assert len(levels) <= 12
    assert np.diff(levels)[0] <= np.diff(levels)[-1]


def test_an_l2_ladder_is_crowded_near_zero():
    lengths = np.array(ladder(4.0, "l2", 9))
    assert lengths[0] == 0
    assert lengths[-1] == 4
    assert len(lengths) == 9
    assert (np.diff(np.diff(lengths)) > 0).all()


def test_norms_are_those_that_the_settings_take():
    assert {name: norms_of(name) for name in ATTACKS} == {
        "fgsm": ("linf",),
        "bim": ("linf",),
        "pgd": ("linf", "l2"),
        "cw": ("l2",),
    }


def test_a_strength_is_written_in_the_unit_of_its_norm():
    assert amount(8 / 255, "linf") == "8/255"
    assert amount(1.25, "l2") == "1.25"


# -------------------------------------------------------------------------------- the sweep
def test_a_linear_model_gives_way_where_the_algebra_says(two):
    model, image = two
    found = sweep(
        model, image, ["fgsm"], goal=Goal.untargeted(0), strengths=ladder(20 * STEP, "linf", 21)
    )
    curve = found.of("fgsm")
    levels = np.rint(curve.strengths * 255)
    assert (curve.success > 0).tolist() == (levels >= 10).tolist()
    assert (curve.labels == (levels >= 10)).all()
    margin = 4 * (levels - 9.5) / 255
    assert curve.probability == pytest.approx(1 / (1 + np.exp(margin)), abs=1e-5)
    assert curve.confidence == pytest.approx(np.maximum(curve.probability, 1 - curve.probability))
    assert curve.smallest == pytest.approx(min(level for level in levels if level >= 10) / 255)
    # Half of the pixels of noise go down: its sum is far from what the attack's is.
    assert found.of("noise").success[curve.strengths < 10 * STEP].max() == 0


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_each_strength_is_what_the_attack_alone_comes_to(digit, method):
    model, image, goal = digit
    params = {"fgsm": FgsmParams(), "pgd": PgdParams(steps=5)}[method]
    found = sweep(
        model,
        image,
        [method],
        goal=goal,
        strengths=[0.0, 0.1, 0.3],
        params={method: params},
        draws=0,
        seed=4,
    ).of(method)
    for place, eps in enumerate((0.0, 0.1, 0.3)):
        alone = run(
            model, image, method, goal=goal, params=dataclasses.replace(params, eps=eps), seed=4
        )
        assert found.success[place] == alone.success
        assert found.labels[place] == alone.after.label
        shares = alone.after.probabilities
        assert found.probability[place] == pytest.approx(float(shares[goal.label]), abs=1e-3)
        assert found.confidence[place] == pytest.approx(alone.after.confidence, abs=1e-3)


def test_the_weakest_image_is_that_of_the_first_success(digit):
    model, image, goal = digit
    found = sweep(model, image, ["pgd"], goal=goal, strengths=ladder(0.4, "linf"), draws=0)
    curve = found.of("pgd")
    first = int(np.argmax(curve.success))
    assert curve.success.any()
    assert first > 0
    assert curve.weakest.strength == curve.strengths[first] == curve.smallest
    said = model.predict(curve.weakest.image)
    assert said.label == curve.labels[first] != goal.label
    assert curve.weakest.after.logits == pytest.approx(said.logits, abs=1e-4)
    delta = curve.weakest.image.astype(float) - image
    assert np.abs(delta).max() == pytest.approx(curve.weakest.linf)
    assert curve.weakest.linf <= curve.smallest + 1e-6
    assert not curve.weakest.image.flags.writeable


def test_strength_zero_is_the_clean_image_for_all(digit):
    model, image, goal = digit
    found = sweep(model, image, ["fgsm"], goal=goal, strengths=[0.2], draws=3)
    clean = model.predict(image)
    for curve in found.curves:
        assert curve.strengths.tolist() == [0.0, 0.2]
        assert curve.probability[0] == pytest.approx(float(clean.probabilities[goal.label]))
        assert curve.success[0] == 0
        assert curve.labels[0] == clean.label


def test_noise_is_a_share_of_draws_and_has_the_seed(digit):
    model, image, goal = digit
    found = [
        sweep(model, image, [], goal=goal, strengths=[0.6, 0.9], draws=5, seed=seed).curves[0]
        for seed in (1, 1, 2)
    ]
    assert found[0].method == "noise"
    assert found[0].draws == 5
    assert (found[0].success * 5 == np.rint(found[0].success * 5)).all()
    assert (found[0].probability == found[1].probability).all()
    assert (found[0].probability[1:] != found[2].probability[1:]).any()


def test_l2_leaves_out_what_has_no_such_norm_and_takes_cw_as_a_point(digit):
    model, image, goal = digit
    found = sweep(
        model, image, ["fgsm", "pgd", "cw"], goal=goal, norm="l2", strengths=[1.0, 4.0], draws=1
    )
    assert [curve.method for curve in found.curves] == ["pgd", "cw", "noise"]
    assert any("FGSM" in note for note in found.notes)
    point = found.of("cw")
    assert len(point.strengths) == 1
    assert point.success[0] == 1
    assert point.strengths[0] == pytest.approx(point.weakest.l2)
    assert found.of("pgd").weakest.l2 <= found.of("pgd").smallest + 1e-5


def test_sweeps_of_one_image_can_be_joined_and_others_not(digit):
    model, image, goal = digit
    parts = [
        sweep(model, image, methods, goal=goal, strengths=[0.2], draws=draws)
        for methods, draws in (((), 2), (("bim",), 0), (("fgsm",), 0))
    ]
    assert [curve.method for curve in joined(parts).curves] == ["fgsm", "bim", "noise"]
    other = sweep(model, image, ["fgsm"], goal=Goal.targeted(0), strengths=[0.2], draws=0)
    with pytest.raises(ValueError, match="one image, goal and norm"):
        joined([parts[0], other])


def test_progress_grows_to_the_end_and_may_stop(digit):
    model, image, goal = digit
    said: list[tuple[int, int]] = []
    sweep(
        model,
        image,
        ["fgsm", "bim"],
        goal=goal,
        strengths=[0.1, 0.2],
        progress=lambda done, total, message: said.append((done, total)),
    )
    done = [one for one, _ in said]
    assert done == sorted(done)
    assert done[-1] == said[-1][1]
    assert len({t for _, t in said}) == 1

    def stop(done: int, total: int, message: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        sweep(model, image, ["fgsm"], goal=goal, strengths=[0.1], progress=stop)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"strengths": []}, "strengths"),
        ({"strengths": [-0.1]}, "strengths"),
        ({"strengths": [1.1]}, "strengths"),
        ({"strengths": [np.nan]}, "strengths"),
        ({"norm": "l1"}, "norm"),
        ({"draws": -1}, "draws"),
        ({"methods": ["nothing"]}, "method"),
    ],
)
def test_a_sweep_says_what_is_wrong(two, options, match):
    model, image = two
    given = {"methods": ["fgsm"], "strengths": [0.1], "norm": "linf", "draws": 1} | options
    methods = given.pop("methods")
    with pytest.raises(ValueError, match=match):
        sweep(model, image, methods, goal=Goal.untargeted(0), **given)


# --------------------------------------------------------------------- the smallest strength
@pytest.mark.parametrize("most", [10, 11, 13, 200, 255])
@pytest.mark.parametrize("method", ["fgsm", "bim"])
def test_the_smallest_strength_of_a_linear_model(two, method, most):
    model, image = two
    found = smallest(
        model, image, method, goal=Goal.untargeted(0), norm="linf", most=min(1.0, most * STEP)
    )
    if method == "bim" and most > 10 and found.strength is None:
        pytest.fail("the strongest did not succeed")
    assert round(found.strength * 255) == 10
    assert model.predict(found.weakest.image).label == 1
    assert found.weakest.linf == pytest.approx(10 * STEP, abs=1e-6)


def test_nothing_is_found_below_what_is_needed(two):
    model, image = two
    found = smallest(model, image, "fgsm", goal=Goal.untargeted(0), norm="linf", most=9 * STEP)
    assert found.strength is None
    assert found.weakest is None
    assert found.draws == found.hits == 0
    assert not found.success.any()
    assert round(found.strengths[-1] * 255) == 9


def test_a_length_is_known_to_one_percent(two):
    model, image = two
    params = PgdParams(norm="l2", steps=10, random_start=False, quantize=False)
    found = smallest(
        model, image, "pgd", goal=Goal.untargeted(0), norm="l2", params=params, most=5.0
    )
    exact = 2 * 9.5 * STEP  # four pixels of equal weight, each by 9.5 levels
    assert exact <= found.strength <= exact * 1.011


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd"])
def test_a_begun_search_never_ends_above_its_sweep(digit, method):
    model, image, goal = digit
    begun = sweep(model, image, [method], goal=goal, strengths=ladder(1.0, "linf"), draws=0)
    curve = begun.of(method)
    found = smallest(model, image, method, goal=goal, norm="linf", most=1.0, begun=curve, draws=4)
    assert found.strength <= curve.smallest
    assert set(curve.strengths) <= set(found.strengths)
    least = np.flatnonzero(found.success)[0]
    assert found.strengths[least] == found.strength
    # Its lower neighbour on the grid of a file was tried and was not enough.
    assert round(255 * (found.strength - found.strengths[least - 1])) == 1
    assert not found.success[least - 1]
    assert model.predict(found.weakest.image).label != goal.label
    assert np.abs(found.weakest.image - image).max() <= found.strength + 1e-6
    assert 0 <= found.hits <= found.draws == 4


def test_the_smallest_strength_does_not_grow_with_what_is_allowed(digit):
    model, image, goal = digit
    found = [
        smallest(model, image, "bim", goal=goal, norm="linf", most=most, draws=0).strength
        for most in (0.3, 0.6)
    ]
    assert abs(found[1] - found[0]) < 1.5 * STEP


def test_the_length_of_cw_is_what_it_finds_by_itself(digit):
    model, image, goal = digit
    found = smallest(model, image, "cw", goal=goal, norm="l2", most=1.0, draws=2)
    alone = run(model, image, "cw", goal=goal)
    assert found.strength == pytest.approx(alone.l2, rel=1e-3)
    assert found.hits == 0


def test_a_goal_that_is_met_already_takes_nothing(digit):
    model, image, goal = digit
    met = Goal.targeted(goal.label)
    found = smallest(model, image, "fgsm", goal=met, norm="linf", most=0.2, draws=3)
    assert found.strength == 0
    assert (found.weakest.image == image).all()
    assert found.hits == found.draws == 3


def test_a_lapse_names_both_strengths():
    strengths = np.array([0, 2, 5, 9]) * STEP
    assert lapse(strengths, np.array([False, True, True, True]), "linf") == ""
    assert lapse(strengths, np.zeros(4, bool), "linf") == ""
    said = lapse(strengths, np.array([False, True, False, True]), "linf")
    assert "2/255 was enough" in said
    assert "5/255 was not" in said


def test_lengths_that_are_written_alike_are_no_lapse():
    lengths = np.array([2.241, 2.243, 2.5])
    assert lapse(lengths, np.array([True, False, True]), "l2") == ""
    assert "2.5 was not" in lapse(lengths, np.array([True, False, False]), "l2")


def test_a_search_says_what_is_wrong(two):
    model, image = two
    goal = Goal.untargeted(0)
    with pytest.raises(ValueError, match="norm"):
        smallest(model, image, "fgsm", goal=goal, norm="l2", most=1.0)
    with pytest.raises(ValueError, match="most"):
        smallest(model, image, "fgsm", goal=goal, norm="linf", most=EPS_MAX["linf"] + 1)
    with pytest.raises(ValueError, match="method"):
        smallest(model, image, "noise", goal=goal, norm="linf", most=0.5)
    other = sweep(model, image, ["bim"], goal=goal, strengths=[0.1], draws=0).of("bim")
    with pytest.raises(ValueError, match="begun"):
        smallest(model, image, "fgsm", goal=goal, norm="linf", most=0.5, begun=other)
