"""What every attack promises: bounds, honesty, repeatability, a clean model."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from traces import digest

from xai import images as pictures
from xai import models
from xai.attacks import ATTACKS, Goal, random_noise, run
from xai.attacks.parameters import BimParams, FgsmParams, PgdParams


@dataclass(frozen=True)
class Case:
    """One way to call one row of the registry."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)
    flips: int = 0  # of 12 digits, how many an untargeted attack must flip
    raises: int = 0  # of 6 digits, for how many a targeted one must raise the target

    @property
    def name(self) -> str:
        return "-".join([self.method, *(f"{key}={value}" for key, value in self.params.items())])


CASES = (
    Case("fgsm", {"eps": 0.25}, flips=4, raises=4),
    Case("bim", {"eps": 0.25}, flips=11, raises=6),
    Case("bim", {"eps": 0.25, "early_stop": True, "steps": 20}, flips=11, raises=6),
    Case("pgd", {"eps": 0.25, "steps": 10}, flips=11, raises=6),
    Case("pgd", {"eps": 0.25, "steps": 5, "restarts": 2}, flips=11, raises=6),
    Case("pgd", {"norm": "l2", "eps": 3.0, "steps": 10}, flips=11, raises=6),
    Case("pgd", {"norm": "l2", "steps": 10, "quantize": False}, flips=4, raises=6),
    Case("cw", {"searches": 3, "steps": 40}, flips=12, raises=6),
    Case("cw", {"searches": 3, "steps": 30, "quantize": False}, flips=11, raises=6),
)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def dozen(digits):
    images, labels = digits
    return [(image, int(label)) for image, label in zip(images[:12], labels[:12], strict=True)]


def test_every_row_has_a_case():
    assert list(dict.fromkeys(case.method for case in CASES)) == list(ATTACKS)


@every_case
def test_untargeted_attacks_flip_digits(lenet, dozen, case):
    results = [
        run(lenet, image, case.method, goal=Goal.untargeted(label), params=case.params)
        for image, label in dozen
    ]
    assert sum(result.success for result in results) >= case.flips
    for result, (_, label) in zip(results, dozen, strict=True):
        assert result.success == (result.after.label != label)


@every_case
def test_targeted_attacks_raise_their_target(lenet, dozen, case):
    raised = 0
    for image, label in dozen[:6]:
        goal = Goal.targeted((label + 3) % 10)
        result = run(lenet, image, case.method, goal=goal, params=case.params)
        gain = result.after.probabilities[goal.label] - result.before.probabilities[goal.label]
        raised += bool(gain > 0)
        assert result.success == (result.after.label == goal.label)
    assert raised >= case.raises


def test_a_network_for_photographs_is_attacked_in_colour():
    model = models.load("efficientnet-lite0", device="cpu")
    ramp = np.linspace(0, 255, 256).round().astype(np.uint8)
    picture = np.stack(
        [
            np.tile(ramp, (256, 1)),
            np.tile(ramp, (256, 1)).T,
            np.full((256, 256), 90, dtype=np.uint8),
        ],
        2,
    )
    image = model.prepare(picture)
    goal = Goal.untargeted(model.predict(image).label)
    for params in ({"steps": 3}, {"steps": 3, "norm": "l2", "eps": 2.0}):
        result = run(model, image, "pgd", goal=goal, params=params)
        size = result.l2 if "norm" in params else result.linf
        assert 0.5 * result.params.eps < size <= result.params.eps + 1e-6
        assert result.after.probabilities[goal.label] < result.before.probabilities[goal.label]
    assert run(model, image, "fgsm", goal=goal).params.eps == pytest.approx(8 / 255)


# ---------------------------------------------------------------------- laws
def test_bounds_hold_whatever_is_asked(lenet, smooth):
    rng = np.random.default_rng(0)
    for trial in range(80):
        model = (smooth, lenet)[trial % 2]
        image = rng.random(model.input_shape, dtype=np.float32)
        if trial % 4 < 2:
            image = np.rint(image * 400 - 70).clip(0, 255).astype(np.float32) / np.float32(255)
        norm = ("linf", "l2")[rng.integers(2)]
        eps = float(rng.choice([rng.random(), rng.random() / 50, rng.integers(1, 30) / 255]))
        method, params = [
            ("fgsm", {}),
            ("bim", {"steps": 3}),
            ("pgd", {"steps": 3, "norm": norm, "restarts": int(rng.integers(1, 3))}),
        ][rng.integers(3)]
        params |= {"eps": eps, "quantize": bool(rng.integers(2))}
        label = int(rng.integers(len(model.classes)))
        goal = (Goal.untargeted, Goal.targeted)[rng.integers(2)](label)
        result = run(model, image, method, goal=goal, params=params, seed=trial)
        size = result.l2 if params.get("norm") == "l2" else result.linf
        assert size <= eps + 1e-6, (method, params)
        assert result.image.shape == image.shape
        assert result.image.dtype == np.float32
        assert 0 <= result.image.min() <= result.image.max() <= 1
        assert result.linf == pytest.approx(np.abs(result.image - image).max(), abs=1e-7)
        delta = result.image.astype(np.float64) - image
        assert result.l2 == pytest.approx(np.linalg.norm(delta), abs=1e-9)


@every_case
def test_reported_success_is_that_of_a_fresh_forward_pass(lenet, dozen, case):
    for image, label in dozen[:4]:
        goal = Goal.untargeted(label)
        result = run(lenet, image, case.method, goal=goal, params=case.params)
        again = lenet.predict(np.array(result.image))
        assert result.success == goal.reached(again.label)
        np.testing.assert_array_equal(result.after.logits, again.logits)
        np.testing.assert_array_equal(result.before.logits, lenet.predict(image).logits)
        last = result.history[-1]
        assert last.label == again.label
        assert last.probability == pytest.approx(again.probabilities[label], rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd"])
@pytest.mark.parametrize("on_grid", [True, False])
def test_epsilon_zero_returns_the_image_bit_by_bit(lenet, digits, method, on_grid):
    image = digits[0][0]
    if not on_grid:
        image = np.random.default_rng(1).random(image.shape, dtype=np.float32)
    result = run(lenet, image, method, goal=Goal.untargeted(3), params={"eps": 0})
    assert result.image.tobytes() == image.tobytes()
    assert result.linf == result.l2 == result.steps == 0
    assert result.success == (lenet.predict(image).label != 3)
    assert "epsilon 0 returns the image unchanged" in result.notes


@every_case
def test_equal_seeds_give_equal_answers(lenet, dozen, case):
    image, label = dozen[0]
    first, second = (
        run(lenet, image, case.method, goal=Goal.untargeted(label), params=case.params, seed=5)
        for _ in range(2)
    )
    assert first.image.tobytes() == second.image.tobytes()
    assert first.history == second.history


def test_another_seed_starts_elsewhere(lenet, dozen):
    image, label = dozen[0]
    params = {"steps": 2, "quantize": False}
    first, second = (
        run(lenet, image, "pgd", goal=Goal.untargeted(label), params=params, seed=seed)
        for seed in (0, 1)
    )
    assert first.image.tobytes() != second.image.tobytes()


def test_more_strength_flips_no_fewer_digits(lenet, dozen):
    flipped = [
        sum(
            run(lenet, x, "bim", goal=Goal.untargeted(y), params={"eps": eps}).success
            for x, y in dozen[:8]
        )
        for eps in (0.01, 0.06, 0.12, 0.3)
    ]
    assert flipped == sorted(flipped)
    assert flipped[0] < flipped[-1]


# ------------------------------------------------------------------- records
def test_the_defaults_are_the_contracts(lenet, dozen):
    image, label = dozen[0]
    result = run(lenet, image, "pgd", goal=Goal.untargeted(label))
    assert result.params == PgdParams(
        eps=lenet.spec.eps, norm="linf", steps=40, step_size=2.5 * lenet.spec.eps / 40
    )
    assert (result.steps, result.queries) == (40, 42)
    assert [record.step for record in result.history] == list(range(41))
    assert result.quantized
    assert (result.method, result.seed, result.model) == ("pgd", 0, "lenet5-mnist")
    assert result.digest == pictures.digest(image)
    one = run(lenet, image, "fgsm", goal=Goal.untargeted(label))
    assert one.params == FgsmParams(eps=lenet.spec.eps)
    assert one.steps == 1
    ten = run(lenet, image, "bim", goal=Goal.untargeted(label))
    assert ten.params == BimParams(eps=lenet.spec.eps, steps=10, step_size=lenet.spec.eps / 4)


def test_the_result_cannot_be_changed(lenet, dozen):
    result = run(lenet, dozen[0][0], "fgsm", goal=Goal.untargeted(1))
    with pytest.raises(ValueError, match="read-only"):
        result.image[0, 0, 0] = 1
    with pytest.raises(AttributeError):
        result.success = True


@pytest.mark.parametrize(
    "params",
    [{}, {"restarts": 3}, {"early_stop": True}, {"restarts": 3, "early_stop": True}, {"eps": 0}],
)
def test_queries_are_the_forward_passes(linear, params):
    model = linear(np.random.default_rng(0).standard_normal((3, 1, 4, 4)).astype(np.float32))
    image = np.full((1, 4, 4), 0.5, dtype=np.float32)
    for label in range(3):
        for steps in (1, 6):
            given = {"steps": steps, **params}
            model.net[0].seen = 0
            result = run(model, image, "pgd", goal=Goal.untargeted(label), params=given)
            assert result.queries == model.net[0].seen


def test_the_queries_of_carlini_and_wagner_are_its_forward_passes(linear):
    model = linear(np.random.default_rng(0).standard_normal((3, 1, 4, 4)).astype(np.float32))
    image = np.full((1, 4, 4), 0.5, dtype=np.float32)
    for goal in (Goal.untargeted(0), Goal.targeted(2)):
        model.net[0].seen = 0
        result = run(model, image, "cw", goal=goal, params={"searches": 2, "steps": 5})
        assert result.queries == model.net[0].seen
        assert result.steps == 10
        assert len(result.history) == 11


def test_early_stop_takes_fewer_steps_and_still_succeeds(lenet, dozen):
    image, label = dozen[1]
    params = {"eps": 0.3, "steps": 100, "step_size": 0.01}
    full = run(lenet, image, "bim", goal=Goal.untargeted(label), params=params)
    brief = run(
        lenet, image, "bim", goal=Goal.untargeted(label), params={**params, "early_stop": True}
    )
    assert full.steps == 100
    assert full.success
    assert 0 < brief.steps < 100
    assert brief.history[:-1] == full.history[: brief.steps]


def test_a_misclassified_image_is_said_to_be(lenet, dozen):
    image, label = dozen[0]
    wrong = (label + 1) % 10
    result = run(lenet, image, "pgd", goal=Goal.untargeted(wrong), params={"early_stop": True})
    assert any("already misclassified" in note for note in result.notes)
    there = run(lenet, image, "fgsm", goal=Goal.targeted(label), params={"eps": 0.02})
    assert there.success
    assert any("already read as the target" in note for note in there.notes)


def test_progress_counts_every_step(lenet, dozen):
    image, label = dozen[0]
    seen = []
    run(
        lenet, image, "pgd", goal=Goal.untargeted(label), params={"steps": 4, "restarts": 3},
        progress=lambda *args: seen.append(args),
    )  # fmt: skip
    assert [(done, total) for done, total, _ in seen] == [(k, 12) for k in range(1, 13)]
    assert all("loss" in message for _, _, message in seen)


# ------------------------------------------------------------------- hygiene
class StopHereError(Exception):
    pass


def test_a_stop_leaves_no_trace(lenet, dozen):
    image, label = dozen[0]
    image, state = image.copy(), digest(lenet.net)

    def stop(done: int, total: int, message: str) -> None:
        if done == 3:
            raise StopHereError

    for method, params in (("bim", {}), ("pgd", {"restarts": 2}), ("cw", {})):
        with pytest.raises(StopHereError):
            run(lenet, image, method, goal=Goal.untargeted(label), params=params, progress=stop)
    assert digest(lenet.net) == state
    np.testing.assert_array_equal(image, dozen[0][0])


def test_an_attack_changes_neither_model_nor_image_nor_the_process(lenet, dozen):
    state = digest(lenet.net)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    for case in CASES:
        image, label = dozen[2]
        kept = image.copy()
        image.setflags(write=False)
        run(lenet, image, case.method, goal=Goal.untargeted(label), params=case.params)
        np.testing.assert_array_equal(image, kept)
    random_noise(lenet, image, goal=Goal.untargeted(label))
    assert digest(lenet.net) == state
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_it_works_where_gradients_are_switched_off(smooth):
    image = np.random.default_rng(0).random((3, 4, 4), dtype=np.float32)
    expected = run(smooth, image, "bim", goal=Goal.untargeted(0))
    with torch.no_grad():
        result = run(smooth, image, "bim", goal=Goal.untargeted(0))
    np.testing.assert_array_equal(result.image, expected.image)


def test_eight_threads_get_the_answers_of_one(lenet, dozen):
    state = digest(lenet.net)

    def work(k: int) -> bytes:
        image, label = dozen[k % 12]
        params = {"steps": 6, "norm": ("linf", "l2")[k % 2]}
        result = run(lenet, image, "pgd", goal=Goal.untargeted(label), params=params, seed=k)
        return result.image.tobytes() + result.after.logits.tobytes()

    serial = [work(k) for k in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == serial
    assert digest(lenet.net) == state


def test_importing_the_registry_loads_no_torch():
    code = "import sys, xai.attacks; sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
