"""What attacks leave behind, however they end: nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
import traces
from torch import nn
from toys import scatter, wrap
from traces import StopHereError, Stopper

from xai.attacks import Goal, random_noise, run, volley
from xai.attacks.parameters import BimParams, NoiseParams, PgdParams
from xai.attacks.studies.robustness import robustness
from xai.attacks.studies.smallest import smallest
from xai.attacks.studies.strength import sweep
from xai.attacks.studies.survival import survive
from xai.attacks.studies.transfer import transfer_rate
from xai.datasets import ImageSet
from xai.models.lending import forget
from xai.models.loaded import LoadedModel

SHAPE = (3, 8, 8)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "fgsm": ("fgsm", {}),
    "bim": ("bim", {"steps": 4, "early_stop": True, "eps": 0.02}),
    "pgd": ("pgd", {"steps": 3, "restarts": 3}),
    "pgd-l2": ("pgd", {"norm": "l2", "steps": 3, "restarts": 2, "early_stop": True}),
    "cw": ("cw", {"searches": 2, "steps": 4}),
}


@pytest.fixture(scope="module")
def normed() -> Iterator[LoadedModel]:
    """A network with batch norms, which attacks see folded, on a borrowed alias."""
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * 64, 5),
    )  # fmt: skip
    model = wrap(scatter(net, 1, 0.3), SHAPE)
    assert model.norm_pairs
    yield model
    forget(model)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    found = np.random.default_rng(2).integers(0, 256, SHAPE).astype(np.float32) / np.float32(255)
    found.setflags(write=False)
    return found


@pytest.fixture(scope="module")
def pictures(normed) -> ImageSet:
    pixels = np.random.default_rng(3).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    said = normed.predict_batch(pixels.transpose(0, 3, 1, 2) / np.float32(255))
    names = tuple(str(place) for place in range(6))
    return ImageSet(pixels, np.array([one.label for one in said]), normed.classes, names)


@pytest.fixture
def spotless(normed, image) -> Callable[[], Any]:
    """Hold a block to it that it leaves no trace, whatever it raises."""
    return functools.partial(
        traces.spotless,
        normed,
        lambda: normed.logits(image[None]).numpy().tobytes(),
        lambda: normed.predict(image).logits.tobytes(),
    )


def attack(normed, image, case: str, **more: Any) -> bytes:
    method, params = CASES[case]
    goal = Goal.untargeted(normed.predict(image).label)
    found = run(normed, image, method, goal=goal, params=params, seed=1, **more)
    return found.image.tobytes() + found.after.logits.tobytes()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("grad", [True, False])
def test_a_stop_at_any_call_leaves_no_trace(normed, image, spotless, case, grad):
    with torch.set_grad_enabled(grad):
        whole = Stopper()
        with spotless():
            expected = attack(normed, image, case, progress=whole)
        assert whole.calls >= 1
        for at in range(whole.calls):
            with spotless(), pytest.raises(StopHereError):
                attack(normed, image, case, progress=Stopper(at))
        with spotless(), pytest.raises(StopHereError):
            attack(normed, image, case, on_step=Stopper(0))
        assert attack(normed, image, case) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"goal": Goal.targeted(5)},
        {"goal": None},
        {"params": {"eps": 2.0}},
        {"seed": -1},
        {"method": "deepfool"},
    ],
)
def test_what_is_refused_leaves_no_trace(normed, image, spotless, changes):
    given = {"method": "pgd", "goal": Goal.untargeted(0), **changes}
    with spotless(), pytest.raises((TypeError, ValueError)):
        run(normed, image, given.pop("method"), **given)


def works(normed, image, pictures) -> dict[str, Callable[[Stopper], object]]:
    """Long work over many attacks, by name."""
    goal = Goal.untargeted(normed.predict(image).label)
    batch = np.stack([image, image[::-1], 1 - image])
    batch.setflags(write=False)
    params = PgdParams(steps=2, restarts=2).resolved(normed.spec)
    return {
        "volley": lambda said: volley.volley(
            normed, batch, [goal] * 3, "pgd", params, seeds=range(3), progress=said
        ),
        "sweep": lambda said: sweep(
            normed, image, ["fgsm", "bim"], goal=goal, strengths=(0.01, 0.1), draws=2,
            params={"bim": BimParams(steps=2)}, progress=said,
        ),
        "smallest": lambda said: smallest(
            normed, image, "bim", goal=goal, norm="linf", most=0.1, params={"steps": 2},
            draws=2, progress=said,
        ),
        "robustness": lambda said: robustness(
            normed, pictures, strengths=(0.0, 0.05), params={"pgd": {"steps": 2}}, progress=said
        ),
        "transfer": lambda said: transfer_rate(
            normed, [normed], pictures, "pgd", {"steps": 2}, progress=said
        ),
        "survival": lambda said: survive(normed, image, batch[2], goal, progress=said),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["volley", "sweep", "smallest", "robustness", "transfer", "survival"]
)
def test_a_stop_anywhere_in_long_work_leaves_no_trace(normed, image, pictures, spotless, name):
    work = works(normed, image, pictures)[name]
    whole = Stopper()
    with spotless():
        work(whole)
    assert whole.calls > 1
    for at in range(whole.calls):
        with spotless(), pytest.raises(StopHereError):
            work(Stopper(at))


def test_no_outcome_can_write_into_what_was_given(normed, image):
    """Neither a result that is a view of the image, nor one whose image is written to."""
    given = image.copy()
    goals = [Goal.untargeted(0)] * 2
    for eps in (0.0, 0.1):
        for quantize in (True, False):
            settings = {"eps": eps, "quantize": quantize}
            batch = np.stack([given, given])
            for method, params in (
                ("pgd", PgdParams(**settings, steps=2).resolved(normed.spec)),
                ("noise", NoiseParams(**settings)),
            ):
                found = volley.volley(normed, batch, goals, method, params, seeds=(0, 1))
                assert not np.shares_memory(found.images, batch)
                found.images[:] = 0
            np.testing.assert_array_equal(batch, np.stack([image, image]))
            result = run(normed, given, "pgd", goal=goals[0], params=params_of(settings))
            noisy = random_noise(normed, given, goal=goals[0], **settings)
            for one in (result, noisy):
                assert not np.shares_memory(one.image, given)
                assert not one.image.flags.writeable
    np.testing.assert_array_equal(given, image)


def params_of(settings: dict[str, Any]) -> PgdParams:
    return PgdParams(**settings, steps=2)


def test_threads_share_a_network_with_batch_norms(normed, image):
    state = traces.digest(normed.net)

    def work(k: int) -> bytes:
        return attack(normed, image, list(CASES)[k % len(CASES)])

    serial = [work(k) for k in range(10)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(10))) == serial
    assert traces.digest(normed.net) == state


def test_memory_does_not_grow_with_the_steps():
    """A view of an image would keep all of it: what is written down of a step is small."""
    net = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 3))
    model = wrap(net, (3, 64, 64))
    picture = np.random.default_rng(4).random((3, 64, 64), dtype=np.float32)
    held: list[int] = []

    def count(done: int, total: int, message: str) -> None:
        if done in (5, total):
            held.append(traces.held(picture.nbytes))

    for method, params in (("bim", {"steps": 40}), ("cw", {"steps": 20, "searches": 2})):
        held.clear()
        run(model, picture, method, goal=Goal.untargeted(0), params=params, progress=count)
        assert held[1] <= held[0] + 2
