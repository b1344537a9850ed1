"""Dead, rare and saturated units on networks weighted by hand; what a layer can reach."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xai.activations import DEFINITIONS, occupancy, survey
from xai.activations.reach import Reach, reaches
from xai.models.nets import Concat, Sum


def _constant_images(values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(values.reshape(-1, 1, 1, 1), (len(values), 1, 4, 4)).astype(np.float32)


def _biased(act: nn.Module, weights: list[float], biases: list[float]) -> nn.Module:
    net = nn.Sequential(nn.Conv2d(1, len(weights), 1), act, nn.MaxPool2d(2), nn.Flatten())
    net[0].weight.data[:] = torch.tensor(weights).reshape(-1, 1, 1, 1)
    net[0].bias.data[:] = torch.tensor(biases)
    return net


def test_dead_rare_and_saturated_units(wrapped) -> None:
    # Image i shows i / 200 everywhere.
    x = _constant_images(np.arange(200) / 200)
    # Never; for the last image; for the last two; always; above 6 for most; for less than half.
    weights, biases = [1.0, 200.0, 200.0, 0.0, 12.0, 12.0], [-1.0, -198.5, -197.5, 1.0, 1.0, -1.0]
    found = survey(wrapped(_biased(nn.ReLU6(), weights, biases)), x)
    for layer in ("1", "2"):
        units = occupancy(found, layer)
        assert list(units.dead) == [0]
        # One of 200 images is fewer than 1 %, two are not.
        assert list(units.rare) == [1]
        assert list(units.saturated) == [4]
        assert (units.units, units.images, list(units.broken)) == (6, 200, [])
    assert list(found.active_images["1"]) == [0, 1, 2, 200, 200, 183]
    before = occupancy(found, "0")
    assert before.dead is None
    assert before.rare is None
    assert before.saturated is None
    assert set(DEFINITIONS) == {"dead", "rare", "saturated"}
    with pytest.raises(ValueError, match="layer"):
        occupancy(found, "9")


def test_half_is_not_more_than_half(wrapped) -> None:
    x = _constant_images(np.array([0.0, 1.0]))
    found = survey(wrapped(_biased(nn.ReLU6(), [7.0, 7.0], [0.0, 6.5])), x)
    assert list(occupancy(found, "1").saturated) == [1]


def test_relu_has_no_ceiling_and_tanh_is_never_off(wrapped) -> None:
    x = _constant_images(np.array([0.0, 1.0]))
    relu = occupancy(survey(wrapped(_biased(nn.ReLU(), [1.0], [-2.0])), x), "1")
    assert list(relu.dead) == [0]
    assert relu.saturated is None
    weights, biases = [0.0, 0.0, 0.0], [9.0, -9.0, 0.0]
    tanh = occupancy(survey(wrapped(_biased(nn.Tanh(), weights, biases)), x), "1")
    assert tanh.dead is None
    assert tanh.rare is None
    assert list(tanh.saturated) == [0, 1]
    sigmoid = occupancy(survey(wrapped(_biased(nn.Sigmoid(), weights, biases)), x), "1")
    assert sigmoid.dead is None
    assert list(sigmoid.saturated) == [0]
    hard = occupancy(survey(wrapped(_biased(nn.Hardtanh(0, 2), weights, biases)), x), "1")
    assert list(hard.dead) == [1, 2]
    assert list(hard.saturated) == [0]


def test_broken_units_are_not_called_dead(wrapped) -> None:
    x = _constant_images(np.array([0.5, 1.0]))
    units = occupancy(survey(wrapped(_biased(nn.ReLU(), [np.nan, 1.0], [0.0, -3.0])), x), "1")
    assert list(units.dead) == [1]
    assert list(units.broken) == [0]


class Mixed(nn.Module):
    """Joins and sums of rectified and signed answers, and functions in between."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.ReLU6(), nn.ReLU6()
        self.join, self.sum, self.signed = Concat(), Sum(), Sum()
        self.top, self.mean, self.far = nn.MaxPool2d(2), nn.AvgPool2d(2), nn.MaxPool2d(1)

    def forward(self, x):
        a, b = self.a(x), self.b(-x)
        joined = self.join(a, b)
        self.signed(a, x)
        both = self.sum(a, b)
        return self.mean(self.top(joined)).flatten(1), both, self.far(torch.relu(x) - 1)


def test_what_layers_reach(wrapped) -> None:
    six, floor = Reach(True, True, (6.0,)), Reach(True, True)
    names = ["a", "join", "top", "mean", "sum", "signed", "far"]
    found = reaches(wrapped(Mixed()), names)
    assert [found[name] for name in names] == [six, six, six, floor, floor, Reach(), Reach()]
