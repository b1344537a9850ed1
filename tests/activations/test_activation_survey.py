"""The survey of a data set against the maps themselves, and at the edges."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from xai import activations
from xai.activations import SurveyKey, survey, survey_of
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import ConvNormAct, LeNet5, Sum
from xai.store import Store


class Toy(nn.Module):
    """Every kind of layer: norms, ReLU6 in place, a sum, sigmoid, tanh, dense layers."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = ConvNormAct(1, 6, 3)
        self.first.act = nn.ReLU6(inplace=True)
        self.second = ConvNormAct(6, 6, 3, act=False)
        self.add = Sum()
        self.pool = nn.MaxPool2d(2)
        self.leaky = nn.LeakyReLU(0.1)
        self.gate = nn.Sigmoid()
        self.swing = nn.Tanh()
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(6, 5)
        self.relu = nn.ReLU()
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.is_floating_point():
                tensor.data.uniform_(-1, 2, generator=generator)
        for norm in (self.first.norm, self.second.norm):
            norm.running_var.uniform_(0.5, 2, generator=generator)

    def forward(self, x):
        x = self.first(x)
        x = self.add(self.second(x), x)
        x = self.leaky(self.pool(x))
        x = self.swing(3 * (self.gate(x) - 0.5))
        return self.relu(self.fc(self.flatten(self.average(x))))


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    return LoadedModel(MODELS["lenet5-mnist"], LeNet5())


def _prepared(model, images) -> np.ndarray:
    return np.stack([model.prepare(image) for image in images.images])


def _hooks(net: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in net.modules())


def _maps(model, x: np.ndarray, name: str) -> np.ndarray:
    """Return a layer's values as (N, units, positions), in float64."""
    held = activations.capture(model, x, [name])[name].astype(np.float64)
    return held.reshape(len(held), held.shape[1], -1)


def test_equals_the_literal_survey(wrapped, image_set) -> None:
    model, images = wrapped(Toy(), 12), image_set(150)
    found = survey(model, images)
    x = _prepared(model, images)
    assert found.layers == tuple(layer.name for layer in model.layers)
    assert found.images == 150
    assert found.dataset == "noise"
    assert not found.left_out
    gated = {"first.act", "leaky", "relu"}
    ends = {"first.act": (6,), "gate": (1,), "swing": (-1, 1)}
    for name in found.layers:
        maps = _maps(model, x, name)
        size = np.abs(maps).mean((0, 2)) + 1e-30
        assert (np.abs(found.mean[name] - maps.mean((0, 2))) <= 1e-6 * size).all(), name
        for label in range(3):
            of_class = maps[images.labels == label]
            size = np.abs(of_class).mean((0, 2)) + 1e-30
            error = np.abs(found.class_mean[name][label] - of_class.mean((0, 2)))
            assert (error <= 1e-6 * size).all(), name
        assert np.isnan(found.class_mean[name][3]).all()
        assert (found.broken[name] == 0).all()
        if name in gated:
            literal = (maps.max(2) > 0).sum(0)
            np.testing.assert_array_equal(found.active_images[name], literal)
            np.testing.assert_allclose(found.active(name), literal / 150, rtol=1e-6)
        else:
            assert found.active_images[name] is None
            assert found.active(name) is None
        if name in ends:
            margin = 0 if name == "first.act" else 0.01
            near = np.abs(np.subtract.outer(maps.astype(np.float32), ends[name])).min(-1)
            literal = (near <= np.float32(margin)).sum((0, 2))
            np.testing.assert_array_equal(found.at_ceiling[name], literal)
            share = literal / (150 * maps.shape[2])
            np.testing.assert_allclose(found.saturation(name), share, rtol=1e-6)
        else:
            assert found.at_ceiling[name] is None
            assert found.saturation(name) is None
    # The cases are there: a survey of nothing would pass as well.
    assert found.at_ceiling["first.act"].sum() > 0
    assert np.ptp([count for name in gated for count in found.active_images[name]]) > 0
    assert list(found.class_counts) == [*np.bincount(images.labels, minlength=3), 0]


def test_an_array_has_no_classes(lenet) -> None:
    x = np.random.default_rng(0).random((70, 1, 28, 28), dtype=np.float32)
    found = survey(lenet, x, layers=["relu2", "conv1", "relu2"])
    assert found.layers == ("relu2", "conv1")
    assert found.classes == ()
    assert found.class_mean == {}
    assert found.dataset == ""
    maps = _maps(lenet, x, "relu2")
    np.testing.assert_allclose(found.mean["relu2"], maps.mean((0, 2)), rtol=1e-6)
    one = survey(lenet, x[:1], layers=["relu2"])
    np.testing.assert_allclose(one.mean["relu2"], maps[0].mean(1), rtol=1e-6)


def test_a_norm_alone_is_read_and_beside_its_convolution_derived(wrapped, image_set) -> None:
    model, images = wrapped(Toy(), 12), image_set(9)
    alone = survey(model, images, layers=["first.norm"]).mean["first.norm"]
    both = survey(model, images, layers=["first.conv", "first.norm"]).mean["first.norm"]
    np.testing.assert_allclose(alone, both, rtol=1e-5, atol=1e-6)


def test_nan_and_infinity_are_counted(wrapped) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4), nn.ReLU6())
    net[0].weight.data[:] = torch.tensor([1.0, float("nan"), 3e38, 4.0]).reshape(4, 1, 1, 1)
    net[0].bias.data[:] = 0
    net[1].weight.data[3] = 3e38
    x = np.full((70, 1, 4, 4), 0.5, np.float32)
    x[69, 0, 0, 0] = 2.0  # only this one overflows in the third channel
    found = survey(wrapped(net), x)
    assert list(found.broken["0"]) == [0, 70 * 16, 1, 0]
    assert list(found.broken["1"]) == [0, 70 * 16, 1, 70 * 16]
    # ReLU6 cuts infinity off; NaN stays.
    assert list(found.broken["2"]) == [0, 70 * 16, 0, 0]
    assert list(found.active_images["2"]) == [70, 0, 70, 70]
    assert list(found.at_ceiling["2"]) == [0, 0, 70 * 16, 70 * 16]
    assert np.isfinite(found.mean["0"][[0, 3]]).all()
    assert np.isnan(found.mean["0"][1])
    assert np.isposinf(found.mean["0"][2])
    assert np.isfinite(found.mean["2"][[0, 2, 3]]).all()


def test_an_overflow_that_only_the_norm_makes_is_seen(wrapped) -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU6())
    net[0].weight.data[:], net[0].bias.data[:] = 4.0, 0.0
    net[1].weight.data[0] = 3e38
    found = survey(wrapped(net), np.full((3, 1, 4, 4), 0.5, np.float32))
    assert [list(found.broken[name]) for name in "012"] == [[0, 0], [48, 0], [0, 0]]
    assert np.isposinf(found.mean["1"][0])


class Odd(nn.Module):
    """Several outputs, a module that is never called, one that is called at two sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.idle = nn.ReLU()
        self.relu = nn.ReLU()
        self.flat = Flat()

    def forward(self, x):
        first, _ = self.pair(x)
        self.relu(first)
        self.flat(x)
        return self.relu(first[..., 1:, 1:]).flatten(1)


class Pair(nn.Module):
    def forward(self, x):
        return x - 0.5, x


class Flat(nn.Module):
    def forward(self, x):
        return x.reshape(-1)


def test_odd_layers(wrapped) -> None:
    model = wrapped(Odd())
    x = np.random.default_rng(1).random((3, 1, 4, 4), dtype=np.float32)
    found = survey(model, x, layers=["pair", "relu"])
    np.testing.assert_allclose(found.mean["pair"], [(x - 0.5).mean()], rtol=1e-5)
    last = np.maximum(x[..., 1:, 1:] - np.float32(0.5), 0)
    np.testing.assert_allclose(found.mean["relu"], [last.mean()], rtol=1e-5)
    with pytest.raises(ValueError, match="idle has no output"):
        survey(model, x, layers=["idle"])
    with pytest.raises(ValueError, match="flat does not give one array an image"):
        survey(model, x, layers=["flat"])
    everything = survey(model, x)
    assert "flat" not in everything.layers
    assert "relu" in everything.layers


def test_refusals(lenet) -> None:
    x = np.zeros((2, 1, 28, 28), np.float32)
    with pytest.raises(ValueError, match="conv1"):
        survey(lenet, x, layers=["conv9"])
    with pytest.raises(TypeError, match="list of names"):
        survey(lenet, x, layers="conv1")
    with pytest.raises(ValueError, match="at least one name"):
        survey(lenet, x, layers=[])
    with pytest.raises(ValueError, match="at least one, got none"):
        survey(lenet, x[:0])
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
        survey(lenet, x[0])
    with pytest.raises(TypeError, match="image set"):
        survey(lenet, [x])
    with pytest.raises(ValueError, match="finite"):
        survey(lenet, x * np.nan)
    found = survey(lenet, x, layers=["conv1"])
    with pytest.raises(ValueError, match="one of the survey"):
        found.active("conv2")
    with pytest.raises(ValueError, match="read-only"):
        found.mean["conv1"][0] = 1
    assert _hooks(lenet.net) == 0


def test_stopping_leaves_the_model_clean(lenet) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        steps.append((done, total))
        raise StopError

    x = np.random.default_rng(2).random((600, 1, 28, 28), dtype=np.float32)
    before = lenet.predict(x[0]).logits
    for work in (
        lambda: survey(lenet, x, progress=stop),
        lambda: activations.strongest(lenet, x, "conv2", progress=stop),
    ):
        steps: list[tuple[int, int]] = []
        with pytest.raises(StopError):
            work()
        assert steps == [(256, 600)]
    survey(lenet, x)
    assert _hooks(lenet.net) == 0
    np.testing.assert_array_equal(lenet.predict(x[0]).logits, before)


def test_memory_does_not_grow_with_the_images(lenet) -> None:
    def peak(count: int) -> int:
        one = np.random.default_rng(3).random((1, 1, 28, 28), dtype=np.float32)
        x = np.broadcast_to(one, (count, 1, 28, 28))
        tracemalloc.start()
        survey(lenet, x)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(256)
    assert peak(256 * 8) < 1.5 * peak(256 * 2)


def test_the_tally_has_the_size_of_the_units() -> None:
    from xai.activations.passes import Form
    from xai.activations.reach import Reach
    from xai.activations.tally import Tally

    tally = Tally({"a": Form((5, 3, 3), 1)}, {"a": Reach(gate=True)}, {}, 4, 2)
    for _ in range(50):
        tally.take("a", torch.ones(4, 5, 3, 3))
        tally.add(torch.tensor([0, 1, 1, 0]))
    assert tally.totals.shape == (2, 5)
    assert tally.active.tolist() == [200.0] * 5
    assert float(tally.totals.sum()) == 50 * 4 * 5 * 9


def test_eight_threads_get_the_answers_of_one(lenet) -> None:
    x = np.random.default_rng(4).random((8, 6, 1, 28, 28), dtype=np.float32)
    expected = [survey(lenet, batch) for batch in x]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: survey(lenet, batch), x))
    for one, other in zip(expected, found, strict=True):
        for name in one.layers:
            np.testing.assert_array_equal(one.mean[name], other.mean[name])


def test_a_survey_is_kept_by_its_key(wrapped, image_set, tmp_path) -> None:
    model, images, store = wrapped(Toy(), 12), image_set(12), Store(tmp_path)
    key = SurveyKey.of(model, images)
    calls = []
    made = survey_of(key, model, images, store, progress=lambda *step: calls.append(step))
    assert calls
    calls.clear()
    kept = survey_of(key, model, images, store, progress=lambda *step: calls.append(step))
    assert not calls
    assert kept.layers == made.layers
    assert kept.ceilings == made.ceilings
    for name in made.layers:
        np.testing.assert_array_equal(kept.mean[name], made.mean[name])
        np.testing.assert_array_equal(kept.class_mean[name], made.class_mean[name])
    assert kept.active_images["first.conv"] is None
    some = SurveyKey.of(model, images, ["relu"])
    assert some != key
    assert survey_of(some, model, images, store).layers == ("relu",)
    with pytest.raises(ValueError, match="key: expected the model"):
        survey_of(key, model, image_set(12, seed=1), store)


def test_overview_and_extent(wrapped, image_set) -> None:
    model = wrapped(Toy(), 12)
    x = _prepared(model, image_set(1))[0]
    found = activations.overview(model, x)
    assert list(found) == [layer.name for layer in model.layers]
    low, high = np.inf, -np.inf
    for name, values in found.items():
        maps = _maps(model, x, name)[0]
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, maps.mean(1), rtol=1e-5, atol=1e-6)
        low, high = min(low, maps.min()), max(high, maps.max())
    assert activations.extent(model, x) == pytest.approx((low, high))
    assert list(activations.overview(model, x, ["relu", "add"])) == ["relu", "add"]
    with pytest.raises(ValueError, match="layer"):
        activations.overview(model, x, ["nothing"])
    with pytest.raises(ValueError, match="one image"):
        activations.overview(model, np.stack([x, x]))
    assert _hooks(model.net) == 0


def test_extent_leaves_out_what_is_not_finite(wrapped) -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU())
    net[0].weight.data[:] = torch.tensor([-2.0, float("nan"), 3.0]).reshape(3, 1, 1, 1)
    net[0].bias.data[:] = 0
    x = np.ones((1, 4, 4), np.float32)
    assert activations.extent(wrapped(net), x) == (-2.0, 3.0)
    np.testing.assert_array_equal(activations.overview(wrapped(net), x)["1"], [0, np.nan, 3])
    net[0].weight.data[:] = float("nan")
    assert activations.extent(wrapped(net), x) == (0.0, 0.0)
