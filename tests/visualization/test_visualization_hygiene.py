"""What growing an image leaves behind, however it ends: nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
import traces
from torch import nn
from traces import StopHereError, Stopper

from xai.visualization import OBJECTIVES, VisualizationParams, run
from xai.visualization.aims import aim
from xai.visualization.ascent import grow
from xai.visualization.scoring import measure

WISHES: dict[str, dict[str, Any]] = {
    "class": {"index": 3},
    "channel": {"layer": "5", "index": 1},
    "unit": {"layer": "3", "index": (1, 4, 4)},
    "layer": {"layer": "2"},
    "contrast": {"index": (4, 0)},
    "mix": {"layer": "8", "index": (1, 3)},
}
PARAMS = VisualizationParams(
    steps=5, momentum=0.5, weight_decay=0.02, blur_sigma=0.7, blur_every=2, total_variation=0.4,
    jitter=2, rotation=12.0, scale=0.2, gradient_clip=3.0, octaves=2,
)  # fmt: skip


@pytest.fixture
def spotless(tiny) -> Callable[[], Any]:
    """Hold a block to it that it leaves no trace, whatever it raises."""
    image = np.full((3, 9, 8), 0.3, np.float32)
    return functools.partial(traces.spotless, tiny, lambda: tiny.predict(image).logits.tobytes())


def grown(model, objective: str, **more: Any) -> bytes:
    found = run(model, objective, params=PARAMS, seed=1, **WISHES[objective], **more)
    return found.image.tobytes() + found.state.digest.encode() + repr(found.score).encode()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_stop_at_any_call_leaves_no_trace(tiny, looks, spotless, objective):
    """The first look comes before the first step, the first word of progress behind it."""
    with spotless():
        expected = grown(tiny, objective)
    for what, calls in (("progress", PARAMS.steps), ("on_step", PARAMS.steps + 1)):
        whole = Stopper()
        assert grown(tiny, objective, **{what: whole}) == expected
        assert whole.calls == calls
        for at in range(calls):
            with spotless(), pytest.raises(StopHereError):
                grown(tiny, objective, **{what: Stopper(at)})
    assert grown(tiny, objective) == expected


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_what_the_caller_has_switched_off_does_not_matter(tiny, spotless, mode):
    expected = {objective: grown(tiny, objective) for objective in OBJECTIVES}
    with mode(), spotless():
        assert {objective: grown(tiny, objective) for objective in OBJECTIVES} == expected
        measure(tiny, aim(tiny, "class", index=1), np.zeros((2, 3, 9, 8), np.float32))
    assert grown(tiny, "class") == expected["class"]


@pytest.mark.parametrize(
    "changes",
    [{"index": 9}, {"layer": "2"}, {"params": {"steps": 0}}, {"seed": -1}, {"resume": 3}],
)
def test_what_is_refused_leaves_no_trace(tiny, spotless, changes):
    with spotless(), pytest.raises((TypeError, ValueError)):
        run(tiny, "class", **{"index": 1, **changes})


def test_gradients_are_those_of_the_images_alone(tiny, monkeypatch):
    asked: list[tuple[int, ...]] = []
    plain = torch.autograd.grad

    def spy(outputs, inputs, *more, **options):
        given = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
        asked.extend(tuple(one.shape) for one in given)
        return plain(outputs, inputs, *more, **options)

    monkeypatch.setattr(torch.autograd, "grad", spy)
    wishes = [aim(tiny, "channel", "5", index) for index in (0, 1)]
    grow(tiny, wishes, PARAMS, (1, 2), diversity=0.5)
    run(tiny, "class", index=2, params=PARAMS)
    assert set(asked) == {(2, 3, 9, 8), (1, 3, 9, 8)}
    for parameter in tiny.net.parameters():
        assert parameter.grad is None
        assert not parameter.requires_grad


def test_what_is_given_is_not_written_to(tiny):
    image = np.random.default_rng(1).random((3, 9, 8), dtype=np.float32)
    before = image.copy()
    for parameterization in ("pixels", "fourier"):
        params = VisualizationParams(steps=3, start="image", parameterization=parameterization)
        found = run(tiny, "class", index=1, params=params, image=image)
        assert not np.shares_memory(found.image, image)
        np.testing.assert_array_equal(image, before)
        image.setflags(write=False)


def test_eight_threads_on_one_model_grow_what_one_does(tiny):
    state = traces.digest(tiny.net)
    names = list(OBJECTIVES)

    def work(k: int) -> bytes:
        return grown(tiny, names[k % len(names)])

    serial = [work(k) for k in range(18)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(18))) == serial
    assert traces.digest(tiny.net) == state


def test_memory_does_not_grow_with_the_steps(wrapped):
    """What is written down of a step is small: no graph, no image but those of the time line."""
    net = nn.Sequential(
        nn.Conv2d(3, 2, 3), nn.ReLU(), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(98, 3)
    )
    model = wrapped(net, (3, 64, 64))
    held: list[int] = []

    def count(done: int, total: int, message: str) -> None:
        if done in (5, total):
            held.append(traces.held(4 * 3 * 64 * 64))

    for parameterization in ("pixels", "fourier"):
        held.clear()
        params = {"steps": 40, "parameterization": parameterization}
        run(model, "channel", layer="1", index=1, params=params, progress=count)
        assert held[1] <= held[0] + 2
