"""The divergence: lengths and angles as a literal reference has them, also where they are tiny."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from xai import datasets, models
from xai.activations import Divergence, capture, divergence
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5


@functools.cache
def lenet() -> LoadedModel:
    return LoadedModel(MODELS["lenet5-mnist"], LeNet5())


def digits(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 1, 28, 28), dtype=np.float32)


def literal(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Relative distance and cosine distance by the book, in float64."""
    a, b = (x.astype(np.float64).ravel() for x in (a, b))
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    unit = a / lengths[0] - b / lengths[1]
    return np.linalg.norm(b - a) / lengths[0], unit @ unit / 2


def pointwise(weight: float, bias: float, *behind: nn.Module) -> nn.Sequential:
    """Return a network that begins with ``weight * x + bias`` of each pixel."""
    conv = nn.Conv2d(1, 1, 1)
    nn.init.constant_(conv.weight, weight)
    nn.init.constant_(conv.bias, bias)
    return nn.Sequential(conv, *behind)


def square(*rows: list[float]) -> np.ndarray:
    """Return images of 4 x 4 whose first row is given and whose rest is 0."""
    images = np.zeros((len(rows), 1, 4, 4), np.float32)
    for image, row in zip(images, rows, strict=True):
        image[0, 0] = row
    return images


# ------------------------------------------------------------------------- numbers
@pytest.mark.parametrize("size", [1.0, 1e-2, 1e-4])
def test_all_layers_agree_with_a_literal_reference(size: float) -> None:
    clean = digits(1)[0]
    others = np.clip(clean + size * (digits(3, 1) - 0.5), 0, 1).astype(np.float32)
    found = divergence(lenet(), clean, others)
    names = [layer.name for layer in lenet().layers]
    assert found.layers == (None, *names)
    assert found.relative.shape == found.cosine.shape == (3, len(names) + 1)
    assert found.relative.dtype == found.cosine.dtype == np.float64
    maps = capture(lenet(), np.concatenate([clean[None], others]), names)
    for column, layer in enumerate([np.concatenate([clean[None], others]), *maps.values()]):
        for row in range(3):
            relative, cosine = literal(layer[0], layer[row + 1])
            # Float32 activations of two passes differ in their last digits.
            np.testing.assert_allclose(found.relative[row, column], relative, rtol=1e-5 / size)
            np.testing.assert_allclose(
                found.cosine[row, column], cosine, rtol=1e-4 / size, atol=1e-13
            )


def test_closed_forms_of_the_plane(wrapped) -> None:
    clean = square([0.2, 0, 0, 0])[0]
    others = square([0.4, 0, 0, 0], [0, 0.2, 0, 0], [0.2, 0.2, 0, 0], [0.2, 0, 0, 0])
    found = divergence(wrapped(pointwise(3.0, 0.0)), clean, others)
    expected = [1, np.sqrt(2), 1, 0]
    for column in (0, 1):
        np.testing.assert_allclose(found.relative[:, column], expected, rtol=1e-6)
        np.testing.assert_allclose(found.angle[:, column], [0, 90, 45, 0], atol=0.05)
    np.testing.assert_allclose(found.cosine[:, 1], [0, 1, 1 - np.sqrt(0.5), 0], atol=1e-6)


def test_opposite_activations_are_at_a_straight_angle(wrapped) -> None:
    white = np.ones((1, 4, 4), np.float32)
    found = divergence(wrapped(pointwise(1.0, -0.5)), white, 0 * white)
    np.testing.assert_allclose(found.relative[0, 1], 2)
    np.testing.assert_allclose(found.cosine[0, 1], 2)
    np.testing.assert_allclose(found.angle[0, 1], 180)


def test_the_same_image_is_nowhere_else() -> None:
    clean = digits(1)[0]
    found = divergence(lenet(), clean, clean)
    assert found.relative.max() < 1e-6
    assert found.angle.max() < 1e-3


def test_a_step_along_the_gradient_grows_on_its_way_and_noise_does_not() -> None:
    model = models.load("lenet5-mnist")
    clean = model.prepare(datasets.load("mnist", n=1).images[0])
    x = torch.tensor(clean)[None].requires_grad_()
    scores = model.logits(x)
    loss = nn.functional.cross_entropy(scores, scores.argmax(1))
    step = torch.autograd.grad(loss, x)[0].sign().numpy()[0]
    signs = np.random.default_rng(0).choice(np.float32([-1, 1]), (6, *clean.shape))
    changes = np.concatenate([np.where(step == 0, 1, step)[None], signs])
    # Not clipped: all changes have one length.
    found = divergence(model, clean, clean + np.float32(0.05) * changes)
    ratio = found.ratio(0, range(1, 7))
    np.testing.assert_allclose(ratio[0], 1, rtol=1e-4)
    assert ratio[-1] > 3
    assert ratio[-1] == found.relative[0, -1] / np.median(found.relative[1:, -1])


# -------------------------------------------------------------------------- passes
class Counting(nn.Module):
    """Hands on what it is given, and writes down how many images came."""

    def __init__(self, seen: list[int]) -> None:
        super().__init__()
        self.seen = seen

    def __deepcopy__(self, memo: dict) -> Counting:
        return Counting(self.seen)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(x))
        return x * 2


def test_many_images_go_in_bounded_passes_with_the_clean_one(wrapped) -> None:
    seen: list[int] = []
    model = wrapped(nn.Sequential(Counting(seen), nn.Flatten()))
    others = np.random.default_rng(0).random((600, 1, 4, 4), dtype=np.float32)
    steps = []
    list(model.layers)
    seen.clear()
    found = divergence(model, others[0], others, progress=lambda *said: steps.append(said[:2]))
    assert seen == [256, 256, 91]
    assert steps == [(255, 600), (510, 600), (600, 600)]
    few = divergence(model, others[0], others[[3, 300, 599]])
    np.testing.assert_allclose(found.relative[[3, 300, 599]], few.relative, rtol=1e-6)
    np.testing.assert_allclose(found.cosine[[3, 300, 599]], few.cosine, rtol=1e-5)


def test_layers_that_work_in_place_do_not_change_those_before(wrapped) -> None:
    a, b = np.random.default_rng(0).random((2, 1, 4, 4), dtype=np.float32)
    places = [
        divergence(wrapped(pointwise(2.0, -0.7, nn.ReLU(inplace=way))), a, b).relative[0]
        for way in (False, True)
    ]
    np.testing.assert_array_equal(*places)
    assert places[0][1] != places[0][2]


def test_chosen_layers_come_behind_the_pixels() -> None:
    clean, others = digits(1)[0], digits(2, 1)
    every = divergence(lenet(), clean, others)
    some = divergence(lenet(), clean, others, ["conv2", "fc3"])
    assert some.layers == (None, "conv2", "fc3")
    among = every.among(["fc3", "conv2", "of another network", None])
    assert among.layers == some.layers
    np.testing.assert_allclose(among.relative, some.relative, rtol=1e-6)
    np.testing.assert_allclose(among.cosine, some.cosine, rtol=1e-6)


def test_the_shared_network_and_the_images_stay_as_they_are() -> None:
    clean, others = digits(1)[0], digits(4, 1)
    copies = clean.copy(), others.copy()

    def stop(*said: object) -> None:
        raise KeyboardInterrupt

    before = {name: values.clone() for name, values in lenet().net.state_dict().items()}
    with pytest.raises(KeyboardInterrupt):
        divergence(lenet(), clean, others, progress=stop)
    divergence(lenet(), clean, others)
    assert not any(module._forward_hooks for module in lenet().net.modules())
    assert all(torch.equal(before[name], now) for name, now in lenet().net.state_dict().items())
    np.testing.assert_array_equal(clean, copies[0])
    np.testing.assert_array_equal(others, copies[1])


def test_a_result_cannot_be_written_to() -> None:
    found = divergence(lenet(), digits(1)[0], digits(1, 1))
    for array in (found.relative, found.cosine, found.angle, found.among(["fc3"]).relative):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


# ---------------------------------------------------------------------------- gaps
def test_a_silent_layer_has_no_distance_and_is_named(wrapped) -> None:
    net = pointwise(1.0, -0.5, nn.ReLU())
    found = divergence(wrapped(net), square([0.4] * 4)[0], square([0.9] * 4, [0.4] * 4))
    assert np.isnan(found.relative[:, 2]).all()
    assert np.isnan(found.cosine[:, 2]).all()
    assert np.isfinite(found.relative[:, :2]).all()
    (note,) = found.notes
    assert "1" in note
    assert "zero for the clean image" in note


def test_who_ends_in_silence_has_a_distance_and_no_angle(wrapped) -> None:
    net = pointwise(1.0, -0.5, nn.ReLU())
    found = divergence(wrapped(net), square([0.9] * 4)[0], square([0.4] * 4, [0.8] * 4))
    np.testing.assert_allclose(found.relative[:, 2], [1, 0.25], rtol=1e-5)
    assert np.isnan(found.cosine[:, 2]).tolist() == [True, False]
    (note,) = found.notes
    assert "no angle" in note


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_very_large_and_very_small_activations_have_distances(wrapped, scale: float) -> None:
    clean, other = square([0.2, 0, 0, 0], [0.2, 0.2, 0, 0])
    found = divergence(wrapped(pointwise(scale, 0.0)), clean, other)
    np.testing.assert_allclose(found.relative[0], 1, rtol=1e-6)
    np.testing.assert_allclose(found.angle[0], 45, rtol=1e-5)
    assert found.notes == ()


def test_infinity_is_a_gap_for_the_image_that_has_it(wrapped) -> None:
    net = pointwise(3e38, 1.0, pointwise(3e38, 0.0))
    black, bright = square([0.0] * 4, [0.5, 0, 0, 0])
    found = divergence(wrapped(net), black, np.stack([bright, black]), ["0", "1.0"])
    assert np.isfinite(found.relative[:, 1]).all()
    assert np.isnan(found.relative[:, 2]).tolist() == [True, False]
    assert np.isnan(found.cosine[:, 2]).tolist() == [True, False]
    assert any("NaN or infinity" in note and "1.0" in note for note in found.notes)


class Mixed(nn.Module):
    """Its first layer sees all images as one row of numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.all, self.each = nn.ReLU(), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.each(x * self.all(x.reshape(-1)).sum())


def test_a_layer_without_one_array_an_image_is_left_out_or_refused(wrapped) -> None:
    model = wrapped(Mixed())
    a, b = np.random.default_rng(0).random((2, 1, 4, 4), dtype=np.float32)
    found = divergence(model, a, b)
    assert found.layers == (None, "each")
    assert found.notes == ("all does not give one array an image.",)
    with pytest.raises(ValueError, match="all does not give one array"):
        divergence(model, a, b, ["all"])


# --------------------------------------------------------------------------- doors
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"model": "lenet5-mnist"}, TypeError, "loaded model"),
        ({"image": [[0.0]]}, TypeError, "array"),
        ({"image": digits(2)}, ValueError, "one image"),
        ({"others": digits(1)[:, :, :20]}, ValueError, "expected shape"),
        ({"others": digits(0)}, ValueError, "at least one"),
        ({"others": digits(1) * np.nan}, ValueError, "finite"),
        ({"layers": "conv1"}, TypeError, "list of names"),
        ({"layers": []}, ValueError, "at least one"),
        ({"layers": [None]}, TypeError, "names"),
        ({"layers": ["conv9"]}, ValueError, "conv"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, error, words) -> None:
    asked = {"model": lenet(), "image": digits(1)[0], "others": digits(1), "layers": None} | given
    with pytest.raises(error, match=words):
        divergence(asked["model"], asked["image"], asked["others"], asked["layers"])


@pytest.mark.parametrize("rows", [(0, []), (2, [1]), (0, [2]), (-1, [1])])
def test_a_ratio_asks_for_rows_that_are_there(rows) -> None:
    found = Divergence("", "", (None,), np.ones((2, 1)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="expected"):
        found.ratio(*rows)


def test_a_ratio_to_what_does_not_move() -> None:
    found = Divergence("", "", (None, "a"), np.array([[1.0, 0], [0, 0]]), np.zeros((2, 2)))
    np.testing.assert_array_equal(found.ratio(0, [1]), [np.inf, np.nan])
