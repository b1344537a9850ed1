"""Nothing stays behind, on success and on failure, and threads do not meet."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from attribution_networks import randomise
from torch import nn

from xai.attribution import METHODS, blocked, channel_relevance, ledger, run, strip
from xai.attribution.lrp.composites import COMPOSITES
from xai.models import computation

QUICK = {
    "integrated_gradients": {"steps": 3},
    "smoothgrad": {"n": 3},
    "smooth_grad_cam_pp": {"n": 2},
    "occlusion": {"window": 8},
    "rise": {"n": 8},
}


class StoppedError(Exception):
    """What a progress callback raises to stop the work."""


def stop_after(calls: int):
    """Make a progress callback that raises at its ``calls``-th call."""
    seen = []

    def report(done: int, total: int, message: str) -> None:
        seen.append(done)
        if len(seen) == calls:
            raise StoppedError(message)

    return report


@pytest.mark.parametrize("method", METHODS)
def test_the_shared_network_is_as_before_on_success_and_on_failure(lenet, digits, state_of, method):
    before, logits = state_of(lenet.net), lenet.predict(digits[0]).logits
    run(lenet, digits[0], method, params=QUICK.get(method))
    assert state_of(lenet.net) == before
    with pytest.raises(ValueError, match="target"):
        run(lenet, digits[0], method, target=99)
    assert state_of(lenet.net) == before
    assert np.array_equal(lenet.predict(digits[0]).logits, logits)


@pytest.mark.parametrize("method", METHODS)
def test_a_stop_at_any_call_leaves_nothing_and_the_next_map_is_the_same(
    monkeypatch, lenet, digits, state_of, method
):
    # One image in a batch, so that there is a call for each.
    monkeypatch.setattr("xai.attribution.gradients.gradient._BATCH_NUMBERS", 1)
    before, logits = state_of(lenet.net), lenet.predict(digits[0]).logits
    params, said = QUICK.get(method), []
    plain = run(lenet, digits[0], method, params=params, progress=lambda *one: said.append(one))
    assert len(said) >= (4 if method in QUICK else 2)
    for calls in range(1, len(said) + 1):
        with pytest.raises(StoppedError):
            run(lenet, digits[0], method, params=params, progress=stop_after(calls))
        again = run(lenet, digits[0], method, params=params)
        assert np.array_equal(again.relevance, plain.relevance)
    assert state_of(lenet.net) == before
    assert np.array_equal(lenet.predict(digits[0]).logits, logits)


def test_a_failure_in_the_middle_of_a_pass_leaves_no_hook(wrap, state_of):
    class Failing(nn.Module):
        def forward(self, x):
            if fail:
                raise RuntimeError("in the middle")
            return x * 1.0

    fail = False
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), Failing(), nn.Flatten(), nn.Linear(8, 2))
    model = wrap(randomise(net, 1), (1, 4, 4), cam_layer="1")
    before = state_of(model.net)
    image = np.full((1, 4, 4), 0.5, np.float32)
    assert blocked(model, "grad_cam") == ""
    fail = True
    for method in ("gradient", "guided_backprop", "grad_cam"):
        with pytest.raises(RuntimeError, match="in the middle"):
            run(model, image, method)
    assert state_of(model.net) == before


def test_the_generators_of_the_process_are_not_touched(lenet, digits):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    for method in METHODS:
        run(lenet, digits[0], method, params=QUICK.get(method))
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002


@pytest.mark.parametrize("method", METHODS)
def test_no_tensor_outlives_its_run(lenet, digits, method):
    def tensors() -> int:
        return sum(type(one) in (torch.Tensor, nn.Parameter) for one in gc.get_objects())

    run(lenet, digits[0], method, params=QUICK.get(method))
    gc.collect()
    gc.disable()  # a cycle through the graph would be seen here, not swept away
    try:
        before = tensors()
        for _ in range(3):
            run(lenet, digits[0], method, params=QUICK.get(method))
        assert tensors() <= before
    finally:
        gc.enable()


def in_threads(jobs, threads: int):
    """Run the jobs on as many threads, which all begin at once."""
    barrier = Barrier(threads)

    def work(own):
        barrier.wait()
        return [job() for job in own]

    shares = [jobs[start::threads] for start in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(work, shares))
    found = [None] * len(jobs)
    for start, own in enumerate(done):
        found[start::threads] = own
    return found


def job_of(model, image, method, target):
    return lambda: run(model, image, method, target=target, params=QUICK.get(method)).relevance


def test_eight_threads_of_mixed_methods_get_the_answers_of_one(lenet, digits, state_of):
    before = state_of(lenet.net)
    jobs = [
        job_of(lenet, digits[turn], method, target)
        for turn, target in enumerate((0, 3, 5, 8))
        for method in METHODS
    ]
    jobs += [lambda: lenet.predict(digits[0]).logits] * 4
    single = [job() for job in jobs]
    for ours, alone in zip(in_threads(jobs, 8), single, strict=True):
        assert np.array_equal(ours, alone)
    assert state_of(lenet.net) == before


def test_those_who_are_stopped_do_not_disturb_the_others(lenet, digits, state_of):
    before = state_of(lenet.net)

    def stopped(method):
        def job():
            with pytest.raises(StoppedError):
                run(lenet, digits[1], method, params=QUICK.get(method), progress=stop_after(2))

        return job

    whole = [job_of(lenet, digits[0], method, 4) for method in METHODS]
    alone = [job() for job in whole]
    # In every thread both kinds follow each other.
    jobs = [
        job for method, job in zip(METHODS, whole, strict=True) for job in (stopped(method), job)
    ]
    found = in_threads(jobs * 2, 7)
    for place, ours in enumerate(found[1::2]):
        assert np.array_equal(ours, alone[place % len(alone)])
    assert state_of(lenet.net) == before


def test_two_hundred_explanations_of_all_kinds_leave_nothing(lenet, digits, state_of):
    before, logits = state_of(lenet.net), lenet.predict(digits[0]).logits
    others = [name for name in METHODS if name not in ("lrp", "smoothgrad", "integrated_gradients")]
    kinds = [
        lambda image, name=name: run(lenet, image, name, params=QUICK.get(name)) for name in others
    ]
    kinds += [
        lambda image, name=name: run(lenet, image, "lrp", params={"composite": name})
        for name in COMPOSITES
    ]
    kinds += [
        lambda image: ledger(lenet, image),
        lambda image: strip(lenet, image),
        lambda image: channel_relevance(lenet, image, "conv2"),
    ]

    def alive():
        gc.collect()
        return len(gc.get_objects())

    for turn in range(2 * len(kinds)):
        kinds[turn % len(kinds)](digits[turn % 8])
    start = alive()
    for turn in range(200):
        kinds[turn % len(kinds)](digits[turn % 8])
    assert alive() - start < 100
    assert state_of(lenet.net) == before
    assert np.array_equal(lenet.predict(digits[0]).logits, logits)


def test_eight_threads_on_a_residual_network_with_batch_norms(lite0, picture, state_of):
    before = state_of(lite0.net)
    image = picture((3, 224, 224))
    methods = ("gradient", "lrp", "grad_cam", "guided_backprop")
    single = [job_of(lite0, image, method, 7)() for method in methods]
    found = in_threads([job_of(lite0, image, method, 7) for method in methods * 2], 8)
    for place, ours in enumerate(found):
        assert np.array_equal(ours, single[place % len(methods)])
    assert state_of(lite0.net) == before


def test_a_network_may_be_looked_at_for_the_first_time_while_others_explain(lenet, lite0, digits):
    # Tracing replaces the call of every module of the process while it lasts.
    calls = nn.Module.__call__
    alone = {method: run(lenet, digits[0], method).relevance for method in ("gradient", "lrp")}

    def look():
        return computation.steps(lite0.net, lite0.input_shape) == lite0.steps

    def explain():
        return all(
            np.array_equal(run(lenet, digits[0], method).relevance, expected)
            for method, expected in alone.items()
        )

    assert all(in_threads([look, look, explain, explain] * 2 + [explain] * 16, 8))
    assert nn.Module.__call__ is calls
