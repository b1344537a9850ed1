"""What the public doors refuse, in words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from torch import nn

from xai import activations
from xai.activations.occupancy import NEVER_OFF

NET = (nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3))


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_without_a_class_is_refused(wrapped, image_set, label: int) -> None:
    images = image_set(5)
    wrong = dataclasses.replace(images, labels=np.array([0, 1, label, 0, 0]))
    with pytest.raises(ValueError, match=f"labels: expected 0 to 3, .* got {label}"):
        activations.survey(wrapped(nn.Sequential(*NET)), wrong)


@pytest.mark.parametrize("model", [3, None])
def test_only_a_model_is_a_model(model) -> None:
    x = np.zeros((1, 4, 4), np.float32)
    doors = (
        lambda: activations.survey(model, x[None]),
        lambda: activations.strongest(model, x[None], "0"),
        lambda: activations.overview(model, x),
        lambda: activations.extent(model, x),
        lambda: activations.capture(model, x, ["0"]),
    )
    for door in doors:
        with pytest.raises(TypeError, match="model: expected a loaded model, got"):
            door()


def test_a_network_without_modules_has_no_layer_to_name(wrapped) -> None:
    class Bare(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    with pytest.raises(ValueError, match="layer of the network, which has none; got 'conv'"):
        activations.capture(wrapped(Bare()), np.zeros((1, 4, 4), np.float32), ["conv"])


def test_one_spelling() -> None:
    assert "normalisation" in NEVER_OFF
