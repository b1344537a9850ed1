"""Laws that hold for any image, strength and norm, alone and in a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from xai import datasets
from xai import images as pictures
from xai.attacks import Goal, random_noise, run, volley
from xai.attacks.parameters import (
    EPS_MAX,
    BimParams,
    CwParams,
    FgsmParams,
    NoiseParams,
    PgdParams,
)
from xai.attacks.studies.robustness import robustness
from xai.attacks.studies.smallest import smallest
from xai.attacks.studies.strength import sweep


def any_image(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """An image of some kind: of a file, off the grid, constant, black and white."""
    levels = rng.integers(-60, 316, shape).clip(0, 255).astype(np.float32) / np.float32(255)
    kinds = (
        levels,
        rng.random(shape, dtype=np.float32),
        np.full(shape, np.float32(rng.choice([0.0, 0.3, 128 / 255, 1.0]))),
        rng.integers(0, 2, shape).astype(np.float32),
    )
    return kinds[rng.integers(len(kinds))]


def any_strength(rng: np.random.Generator, norm: str) -> float:
    most = EPS_MAX[norm]
    choices = (1e-9, 1e-4, 0.9 / 255, rng.integers(1, 40) / 255, most * rng.random(), most)
    return float(choices[rng.integers(len(choices))])


def asked(method: str, norm: str, eps: float, **more: Any) -> Any:
    """Settings of a method, as far as it has them."""
    kind = {
        "fgsm": FgsmParams, "bim": BimParams, "pgd": PgdParams, "noise": NoiseParams,
        "cw": CwParams,
    }[method]  # fmt: skip
    known = {"eps": eps, "norm": norm, "steps": 3, "searches": 2, **more}
    return kind(**{name: value for name, value in known.items() if name in kind.infos()})


def is_on_grid(image: np.ndarray) -> bool:
    return np.array_equal(pictures.from_uint8(pictures.to_uint8(image)), image)


def reread(image: np.ndarray) -> np.ndarray:
    """The image as a PNG file brings it back."""
    pixels = pictures.decode(pictures.encode_png(pictures.to_uint8(image))).pixels
    return pictures.from_uint8(pictures.luma(pixels) if len(image) == 1 else pixels)


@pytest.fixture(scope="module")
def toys(smooth, linear):
    """A curved network in colour, a wide image, one pixel and two classes."""
    weight = np.random.default_rng(0).standard_normal((3, 1, 3, 7)).astype(np.float32)
    pixel = np.array([[[[1.0]]], [[[-1.0]]]], np.float32)
    return smooth, linear(weight), linear(pixel, np.array([0.0, 1.0], np.float32))


# -------------------------------------------------------------------------- bounds, honesty
def within(delta: np.ndarray, norm: str, eps: float) -> bool:
    wide = delta.astype(np.float64)
    size = np.abs(wide).max() if norm == "linf" else np.linalg.norm(wide)
    return bool(size <= eps * (1 + 1e-6) + 1e-6)


def is_honest(model, original: np.ndarray, image: np.ndarray, goal: Goal, settings: Any) -> None:
    """Judge one outcome by itself."""
    norm, eps = settings.ball()
    assert image.dtype == np.float32
    assert image.shape == original.shape
    assert 0 <= image.min() <= image.max() <= 1
    assert within(image - original, norm, eps), settings
    if settings.quantize and (is_on_grid(original) or not np.isfinite(eps)):
        assert is_on_grid(image), settings
        read = reread(image)
        assert read.tobytes() == image.tobytes()
        once, again = model.predict(image), model.predict(read)
        assert goal.reached(once.label) == goal.reached(again.label)


def test_every_attack_on_any_image_stays_within_bounds_and_tells_the_truth(toys):
    rng = np.random.default_rng(1)
    for trial in range(150):
        model = toys[trial % 3]
        original = any_image(rng, model.input_shape)
        original.setflags(write=False)
        method = ("fgsm", "bim", "pgd", "noise", "cw")[rng.integers(5)]
        norm = ("linf", "l2")[rng.integers(2)] if method in ("pgd", "noise") else "linf"
        eps = any_strength(rng, norm)
        label = int(rng.integers(len(model.classes)))
        goal = (Goal.untargeted, Goal.targeted)[rng.integers(2)](label)
        more = {"quantize": bool(rng.integers(2)), "early_stop": bool(rng.integers(2))}
        settings = asked(method, norm, eps, restarts=int(rng.integers(1, 3)), **more)
        if method == "noise":
            result = random_noise(
                model, original, goal=goal, eps=eps, norm=norm, quantize=more["quantize"],
                seed=trial,
            )  # fmt: skip
        else:
            result = run(model, original, method, goal=goal, params=settings, seed=trial)
        is_honest(model, original, result.image, goal, settings)
        fresh = model.predict(np.array(result.image))
        assert fresh.logits.tobytes() == result.after.logits.tobytes()
        assert result.success == goal.reached(fresh.label) == goal.reached(result.after.label)
        assert result.quantized == is_on_grid(result.image)


def mixed(rng, model, method: str, norm: str, count: int, **more: Any):
    """Images, goals, settings of mixed strengths and seeds for one volley."""
    images = np.stack([any_image(rng, model.input_shape) for _ in range(count)])
    goals = [
        (Goal.untargeted, Goal.targeted)[rng.integers(2)](int(rng.integers(len(model.classes))))
        for _ in range(count)
    ]
    strengths = [any_strength(rng, norm) for _ in range(count - 1)] + [0.0]
    settings = [asked(method, norm, eps, **more).resolved(model.spec) for eps in strengths]
    if method == "cw":
        settings = [settings[0]] * count
    return images, goals, settings, volley.seeds(int(rng.integers(99)), count)


@pytest.mark.parametrize("method", ["fgsm", "bim", "pgd", "pgd-l2", "noise", "noise-l2", "cw"])
@pytest.mark.parametrize("quantize", [True, False])
def test_a_volley_is_its_attacks_one_by_one(toys, monkeypatch, method, quantize):
    monkeypatch.setattr(volley, "most", lambda model: 5)
    rng = np.random.default_rng(2)
    method, norm = method.removesuffix("-l2"), "l2" if method.endswith("-l2") else "linf"
    for model in toys:
        more = {"quantize": quantize, "early_stop": method == "bim"}
        images, goals, settings, seeds = mixed(rng, model, method, norm, 12, **more)
        images.setflags(write=False)
        found = volley.volley(model, images, goals, method, settings, seeds=seeds)
        again = volley.volley(model, images, goals, method, settings, seeds=seeds)
        assert found.images.tobytes() == again.images.tobytes()
        assert found.logits.tobytes() == again.logits.tobytes()
        fresh = volley.classified(model, found.images)
        assert fresh.tobytes() == found.logits.tobytes()
        for place, (image, goal, one) in enumerate(zip(images, goals, settings, strict=True)):
            is_honest(model, image, found.images[place], goal, one)
            assert found.success[place] == goal.reached(found.labels[place])
            delta = found.images[place].astype(np.float64) - image
            assert found.linf[place] == np.abs(delta).max()
            assert found.l2[place] == pytest.approx(np.linalg.norm(delta), abs=1e-12)
            if method == "noise":
                alone = random_noise(
                    model, image, goal=goal, eps=one.eps, norm=norm, quantize=quantize,
                    seed=seeds[place],
                )  # fmt: skip
                assert alone.image.tobytes() == found.images[place].tobytes()
            else:
                alone = run(model, image, method, goal=goal, params=one, seed=seeds[place])
                # A step of length 20 makes rounding of its direction larger.
                np.testing.assert_allclose(found.images[place], alone.image, atol=1e-4)
                assert alone.success == found.success[place]
            if method != "cw" and one.eps == 0:
                assert found.images[place].tobytes() == image.tobytes()


def test_neighbours_make_no_difference_to_a_digit(lenet, digits):
    images, labels = digits[0][:12], digits[1][:12]
    goals = [Goal.untargeted(int(label)) for label in labels]
    params = PgdParams(steps=6, restarts=2, early_stop=True).resolved(lenet.spec)
    seeds = volley.seeds(4, 12)
    together = volley.volley(lenet, images, goals, "pgd", params, seeds=seeds)
    for place in range(12):
        alone = run(
            lenet, images[place], "pgd", goal=goals[place], params=params, seed=seeds[place]
        )
        # A gradient within rounding of zero may turn its sign.
        assert (alone.image == together.images[place]).mean() > 0.97
        assert alone.success == together.success[place]


# ------------------------------------------------------------------------ sweep and search
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_weakest_change_is_what_the_attack_makes_and_no_smaller_one_was_enough(smooth, norm):
    rng = np.random.default_rng(6)
    most = {"linf": 0.3, "l2": 1.5}[norm]
    found = 0
    for seed in range(8):
        image = any_image(rng, (3, 4, 4))
        goal = Goal.untargeted(smooth.predict(image).label)
        given = {"params": {"steps": 4}, "seed": seed, "draws": 3}
        one = smallest(smooth, image, "pgd", goal=goal, norm=norm, most=most, **given)
        curve = sweep(
            smooth, image, ["pgd"], goal=goal, norm=norm, draws=0, seed=seed,
            strengths=np.linspace(0, most, 6), params={"pgd": PgdParams(norm=norm, steps=4)},
        ).of("pgd")  # fmt: skip
        begun = smallest(
            smooth, image, "pgd", goal=goal, norm=norm, most=most, begun=curve, **given
        )
        if curve.smallest is not None:
            assert begun.strength <= curve.smallest
        # Two neighbours can only be told to fail, so what is tried is looked at.
        assert (np.diff(one.strengths) > 0).all()
        if one.weakest is None:
            assert not one.success.any()
            continue
        found += 1
        assert one.strength == one.strengths[one.success].min()
        again = run(
            smooth, image, "pgd", goal=goal, seed=seed,
            params={"norm": norm, "steps": 4, "eps": one.strength},
        )  # fmt: skip
        assert again.success
        np.testing.assert_allclose(again.image, one.weakest.image, atol=2e-6)
        assert not one.weakest.image.flags.writeable
        assert not smallest(
            smooth, image, "pgd", goal=Goal.targeted(goal.label), norm=norm, most=most, **given
        ).weakest.image.flags.writeable
    assert found > 4, "the strengths decide nothing"


def test_no_strength_between_levels_is_tried(smooth):
    image = np.full((3, 4, 4), 0.4, np.float32)
    goal = Goal.targeted(int(smooth.predict(image).logits.argmin()))
    found = smallest(smooth, image, "fgsm", goal=goal, norm="linf", most=10.6 / 255)
    assert found.most == 10 / 255
    assert found.strengths.max() == 10 / 255


# -------------------------------------------------------------------------- second witness
@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.08), ("l2", 1.2)])
def test_robust_accuracy_is_no_higher_than_by_foolbox(lenet, witness, norm, eps):
    foolbox, net = witness
    some = datasets.load("mnist", n=60)
    batch = np.stack([lenet.prepare(image) for image in some.images])
    attack = {"linf": foolbox.attacks.LinfPGD, "l2": foolbox.attacks.L2PGD}[norm](
        steps=15, abs_stepsize=eps / 6, random_start=False
    )
    fooled = attack(net, torch.tensor(batch), torch.tensor(some.labels), epsilons=eps)[2]
    theirs = 1 - float(fooled.double().mean())
    given = {"steps": 15, "step_size": eps / 6, "random_start": False, "norm": norm}
    for quantize in (True, False):
        found = robustness(
            lenet, some, methods=("pgd",), strengths=(eps,), norm=norm,
            params={"pgd": {**given, "quantize": quantize}},
        )  # fmt: skip
        ours = float(found.accuracy("pgd")[0])
        assert ours <= theirs + 0.01
        assert 0.05 < ours < 0.95, "the strength decides nothing"
