"""Captured activations: the right numbers, the shared network untouched."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from xai import activations
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    return LoadedModel(MODELS["lenet5-mnist"], LeNet5())


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((130, 1, 28, 28), dtype=np.float32)


def _wrapped(net: nn.Module) -> LoadedModel:
    spec = dataclasses.replace(MODELS["lenet5-mnist"], name="toy", input_size=(4, 4), resize=4)
    return LoadedModel(spec, net)


def _hooks(net: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in net.modules())


def test_captures_what_the_layers_give(lenet, images) -> None:
    found = activations.capture(lenet, images[:5], ["fc1", "conv1", "pool2", "flatten"])
    assert list(found) == ["fc1", "conv1", "pool2", "flatten"]
    net = lenet.net
    with torch.no_grad():
        conv = net.conv1(lenet.normalize(images[:5]))
        pool = net.pool2(net.relu2(net.conv2(net.pool1(net.relu1(conv)))))
        dense = net.fc1(pool.flatten(1))
    np.testing.assert_array_equal(found["conv1"], conv.numpy())
    np.testing.assert_array_equal(found["pool2"], pool.numpy())
    np.testing.assert_array_equal(found["flatten"], pool.numpy().reshape(5, -1))
    np.testing.assert_array_equal(found["fc1"], dense.numpy())
    assert all(array.dtype == np.float32 for array in found.values())
    # Flattening is a view; what is handed out is not.
    found["flatten"][:] = -1
    assert found["pool2"].min() >= 0


def test_one_image_is_a_batch_of_one(lenet, images) -> None:
    one = activations.capture(lenet, images[3], ["relu2"])["relu2"]
    assert one.shape == (1, 16, 10, 10)
    many = activations.capture(lenet, images, ["relu2"])["relu2"]
    np.testing.assert_allclose(many[3], one[0], atol=1e-5)


def test_many_images_go_in_bounded_passes(lenet, images) -> None:
    steps = []
    many = np.concatenate([images] * 5)[:600]
    found = activations.capture(
        lenet, many, ["conv2"], progress=lambda done, total, message: steps.append((done, total))
    )
    assert steps == [(256, 600), (512, 600), (600, 600)]
    again = activations.capture(lenet, many[256:400], ["conv2"])["conv2"]
    np.testing.assert_allclose(found["conv2"][256:400], again, atol=1e-5)


def test_a_layer_that_works_in_place_does_not_overwrite_the_one_before() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True))
    model = _wrapped(net)
    x = np.random.default_rng(1).random((2, 1, 4, 4), dtype=np.float32)
    found = activations.capture(model, x, ["0", "1"])
    assert found["0"].min() < 0
    np.testing.assert_array_equal(found["1"], np.maximum(found["0"], 0))
    assert net[1].inplace


def test_nan_is_returned_as_it_is() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU())
    net[0].weight.data[1] = float("nan")
    found = activations.capture(_wrapped(net), np.ones((1, 4, 4), np.float32), ["1"])["1"]
    assert np.isnan(found[0, 1]).all()
    assert np.isfinite(found[0, 0]).all()


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Odd(nn.Module):
    """A part with two outputs, one that is never called, one called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.idle = nn.ReLU()
        self.add = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        first, _ = self.pair(x)
        return self.add(self.add(first))


def test_odd_layers() -> None:
    model = _wrapped(Odd())
    x = np.random.default_rng(2).random((1, 4, 4), dtype=np.float32)
    # Of several outputs the first tensor counts.
    np.testing.assert_array_equal(
        activations.capture(model, x, ["pair"])["pair"], model.normalize(x[None]).numpy()
    )
    with pytest.raises(ValueError, match="idle has no output"):
        activations.capture(model, x, ["idle"])
    last = activations.capture(model, x, ["add"])["add"]
    with torch.no_grad():
        np.testing.assert_array_equal(last, model.logits(x[None]).numpy())


class Wordy(nn.Module):
    """A part that gives no tensor, and one that overwrites another's output by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.word = Word()
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        self.word(x)
        y = self.conv(x)
        y += 100
        return y


class Word(nn.Module):
    def forward(self, x):
        return "word"


def test_a_function_that_works_in_place_does_not_show() -> None:
    model = _wrapped(Wordy())
    x = np.random.default_rng(3).random((3, 1, 4, 4), dtype=np.float32)
    found = activations.capture(model, x, ["conv"])["conv"]
    assert found.max() < 50
    with pytest.raises(ValueError, match="one array an image from word, got str"):
        activations.capture(model, x, ["word"])


def test_refusals(lenet, images) -> None:
    with pytest.raises(ValueError, match="layer"):
        activations.capture(lenet, images[0], ["conv9"])
    with pytest.raises(ValueError, match="at least one name"):
        activations.capture(lenet, images[0], [])
    with pytest.raises(TypeError, match="list of names"):
        activations.capture(lenet, images[0], "conv1")
    with pytest.raises(TypeError, match="expected names"):
        activations.capture(lenet, images[0], [3])
    with pytest.raises(TypeError, match="array"):
        activations.capture(lenet, [[0.0]], ["conv1"])
    with pytest.raises(ValueError, match="shape"):
        activations.capture(lenet, np.zeros((3, 28, 28), np.float32), ["conv1"])
    with pytest.raises(ValueError, match="at least one"):
        activations.capture(lenet, np.zeros((0, 1, 28, 28), np.float32), ["conv1"])
    assert _hooks(lenet.net) == 0


def test_stopping_leaves_the_model_clean(lenet, images) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        raise StopError

    before = lenet.predict(images[0]).logits
    with pytest.raises(StopError):
        activations.capture(lenet, images, ["conv1"], progress=stop)
    assert _hooks(lenet.net) == 0
    np.testing.assert_array_equal(lenet.predict(images[0]).logits, before)


def test_eight_threads_get_the_answers_of_one(lenet, images) -> None:
    batches = [images[start : start + 8] for start in range(0, 64, 8)]
    expected = [activations.capture(lenet, batch, ["relu2", "fc2"]) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda batch: activations.capture(lenet, batch, ["relu2", "fc2"]), batches)
        )
    for one, other in zip(expected, found, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
