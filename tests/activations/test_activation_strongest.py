"""The strongest images against a search through all maps; statistics of one image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xai import activations
from xai.activations import channel_scores, statistics, strongest
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    return LoadedModel(MODELS["lenet5-mnist"], LeNet5())


def _search(maps: np.ndarray, k: int) -> list[list[tuple[int, float, int, int]]]:
    """Return (index, value, row, column) of the best images of each channel, literally."""
    found = []
    for channel in range(maps.shape[1]):
        ranked = []
        for index, image in enumerate(maps[:, channel]):
            best = None
            for row in range(image.shape[0]):
                for column in range(image.shape[1]):
                    value = float(image[row, column])
                    if np.isfinite(value) and (best is None or value > best[1]):
                        best = (index, value, row, column)
            if best is not None:
                ranked.append(best)
        ranked.sort(key=lambda entry: (-entry[1], entry[0]))
        found.append(ranked[:k])
    return found


@pytest.mark.parametrize("layer", ["conv1", "relu2", "pool2", "fc1", "relu3"])
def test_equals_a_search(lenet, layer: str) -> None:
    x = np.random.default_rng(0).random((70, 1, 28, 28), dtype=np.float32)
    x[65] = x[3]  # equal maxima: the earlier image comes first
    maps = activations.capture(lenet, x, [layer])[layer]
    found = strongest(lenet, x, layer, k=5)
    expected = _search(maps.reshape(*maps.shape[:2], *(maps.shape[2:] or (1, 1))), 5)
    assert found.index.shape == (maps.shape[1], 5)
    assert found.value.dtype == np.float32
    got = np.stack([found.index, found.value, found.row, found.column], axis=2)
    # The last digits of a pass depend on the size of its batch.
    np.testing.assert_allclose(got, np.array(expected), atol=1e-6)


def test_fewer_images_than_asked_for(lenet) -> None:
    x = np.random.default_rng(1).random((3, 1, 28, 28), dtype=np.float32)
    found = strongest(lenet, x, "relu1", k=10)
    assert found.index.shape == (6, 3)
    assert found.images == 3
    assert (np.sort(found.index, axis=1) == [0, 1, 2]).all()
    one = strongest(lenet, x[:1], "fc3", k=10)
    assert one.index.tolist() == [[0]] * 10
    assert (one.row == 0).all()
    assert (one.column == 0).all()


def test_an_image_set_of_differing_sizes(wrapped, image_set) -> None:
    model, images = wrapped(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten()), 8), image_set(30)
    x = np.stack([model.prepare(image) for image in images.images])
    one, other = strongest(model, images, "0", k=4), strongest(model, x, "0", k=4)
    np.testing.assert_array_equal(one.index, other.index)
    assert one.dataset == "noise"
    assert other.dataset == ""


def test_nan_and_infinity_do_not_count(wrapped) -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 1), nn.Flatten())
    net[0].weight.data[:] = torch.tensor([1.0, float("nan"), 3e38]).reshape(3, 1, 1, 1)
    net[0].bias.data[:] = 0
    x = np.random.default_rng(2).random((5, 1, 4, 4), dtype=np.float32)
    x[2] = 2.0  # overflows everywhere in the third channel
    x[4, 0, 1, 3] = 2.0  # and here at one place
    found = strongest(wrapped(net), x, "0", k=5)
    maps = activations.capture(wrapped(net), x, ["0"])["0"]
    expected = _search(maps, 5)
    for channel in (0, 2):
        count = len(expected[channel])
        assert [entry[0] for entry in expected[channel]] == found.index[channel, :count].tolist()
        np.testing.assert_allclose(
            found.value[channel, :count], [entry[1] for entry in expected[channel]]
        )
    assert found.index[2, 4] == -1
    assert found.row[2, 4] == -1
    assert np.isnan(found.value[2, 4])
    assert (found.index[1] == -1).all()
    assert np.isnan(found.value[1]).all()


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.again = nn.Conv2d(1, 1, 1)
        self.calls = 0

    def forward(self, x):
        return self.again(-self.again(x)).flatten(1)


def test_a_module_that_is_called_twice_counts_at_its_last_call(wrapped) -> None:
    model = wrapped(Twice())
    x = np.random.default_rng(3).random((6, 1, 4, 4), dtype=np.float32)
    found = strongest(model, x, "again", k=6)
    maps = activations.capture(model, x, ["again"])["again"]
    assert found.index[0].tolist() == [entry[0] for entry in _search(maps, 6)[0]]


def test_refusals(lenet) -> None:
    x = np.zeros((2, 1, 28, 28), np.float32)
    with pytest.raises(ValueError, match="k: expected"):
        strongest(lenet, x, "conv1", k=0)
    with pytest.raises(ValueError, match="layer"):
        strongest(lenet, x, "conv9")
    with pytest.raises(TypeError, match="layer: expected a name"):
        strongest(lenet, x, ["conv1"])
    with pytest.raises(ValueError, match="at least one"):
        strongest(lenet, x[:0], "conv1")
    assert sum(len(module._forward_hooks) for module in lenet.net.modules()) == 0


def test_statistics_equal_the_literal_version() -> None:
    rng = np.random.default_rng(4)
    maps = np.maximum(rng.normal(size=(12, 7, 9)), 0).astype(np.float32)
    maps[1] = 3.1
    maps[2] = 0
    maps[3, 2, 2] = np.nan
    maps[4, 0, 0], maps[4, 1, 1] = np.inf, -np.inf
    maps[5] = np.nan
    found = statistics(maps)
    for channel, values in enumerate(maps):
        known = values[np.isfinite(values)].astype(np.float64)
        got = (found.low, found.high, found.mean, found.std)
        expected = (np.min, np.max, np.mean, np.std)
        for one, two in zip(got, expected, strict=True):
            literal = two(known) if known.size else np.nan
            np.testing.assert_allclose(one[channel], literal, rtol=1e-5, atol=1e-6)
        assert found.zeros[channel] == pytest.approx((values == 0).mean())
    assert found.broken.nonzero()[0].tolist() == [3, 4, 5]
    assert found.constant.nonzero()[0].tolist() == [1, 2]
    assert found.std[1] == 0
    np.testing.assert_array_equal(found.score, channel_scores(maps))


def test_statistics_of_maps_of_one_position() -> None:
    found = statistics(np.array([[[2.0]], [[np.inf]]], np.float32))
    assert found.constant.tolist() == [True, False]
    assert found.broken.tolist() == [False, True]
    assert found.low[0] == found.high[0] == found.mean[0] == 2
    assert np.isnan(found.low[1])
    with pytest.raises(ValueError, match=r"\(C, H, W\)"):
        statistics(np.zeros((2, 2), np.float32))
