"""How alike a layer finds an image and the strongest ones: against a literal computation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from xai import activations
from xai.activations import kinship, strongest
from xai.datasets import ImageSet
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5

Sets = Callable[..., ImageSet]


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LoadedModel(MODELS["lenet5-mnist"], LeNet5())


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.sqrt(one @ one) / np.sqrt(other @ other))


def literal(
    maps: np.ndarray, image: np.ndarray, chosen: list[int], channel: int | None
) -> tuple[float, list[float]]:
    """Return the image's mean cosine to the chosen ones, and each one's to the others."""

    def kept(answer: np.ndarray) -> np.ndarray:
        return answer if channel is None else np.delete(answer, channel, axis=0)

    centre = np.mean([kept(one).reshape(len(kept(one)), -1).mean(axis=1) for one in maps], axis=0)

    def answer(one: np.ndarray) -> np.ndarray:
        flat = one.reshape(len(one), -1)
        if channel is None:
            return kept(flat).mean(axis=1) - centre
        return kept(flat)[:, int(flat[channel].argmax())] - centre

    rows = [answer(maps[place]) for place in chosen]
    own = float(np.mean([cosine(answer(image), row) for row in rows]))
    among = [
        float(np.mean([cosine(row, other) for place, other in enumerate(rows) if place != at]))
        for at, row in enumerate(rows)
    ]
    return own, among


@pytest.mark.parametrize(
    ("layer", "channel"), [("relu2", 3), ("conv2", None), ("relu3", 5), ("relu4", None)]
)
def test_equals_the_literal_computation(
    lenet: LoadedModel, image_set: Sets, layer: str, channel: int | None
) -> None:
    data = image_set(12)
    images = np.stack([lenet.prepare(one) for one in data.images])
    image = np.random.default_rng(5).random((1, 28, 28), dtype=np.float32)
    captured = activations.capture(lenet, np.concatenate([images, image[None]]), [layer])[layer]
    captured = captured.astype(np.float64)
    chosen = strongest(lenet, data, layer, k=4).index[channel or 0].tolist()
    # All images of the set are looked at, so that its mean is known and not estimated.
    found = kinship(lenet, image, data, chosen, layer, channel=channel)
    own, among = literal(captured[:-1], captured[-1], chosen, channel)
    assert found.image == pytest.approx(own, abs=1e-5)
    np.testing.assert_allclose(found.strongest, among, atol=1e-5)
    assert found.among == pytest.approx(np.mean(among), abs=1e-5)
    assert found.others.shape == (8,)
    assert found.share == np.mean(found.others < found.image)


def test_one_of_the_strongest_is_as_alike_as_it_is(lenet: LoadedModel, image_set: Sets) -> None:
    data = image_set(9)
    chosen = [4, 1, 7]
    found = kinship(lenet, lenet.prepare(data.images[4]), data, chosen, "relu2", channel=3)
    # Of the three cosines one is to itself.
    assert 3 * found.image == pytest.approx(1 + 2 * found.strongest[0], abs=1e-5)


def test_the_channel_itself_does_not_count(wrapped: Callable[..., LoadedModel]) -> None:
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(1, 3, 1, bias=False))
    net.add_module("head", nn.Sequential(nn.Flatten(), nn.Linear(48, 10)))
    with torch.no_grad():
        net.conv.weight.copy_(torch.tensor([1.0, 2.0, -1.0]).reshape(3, 1, 1, 1))
    rng = np.random.default_rng(0)
    data = ImageSet(
        images=rng.integers(0, 256, (6, 4, 4, 1), dtype=np.uint8),
        labels=np.zeros(6),
        classes=("one",),
        ids=tuple("abcdef"),
    )
    plain = kinship(wrapped(net), data_image(0.9), data, [0, 1], "conv", channel=0)
    with torch.no_grad():
        net.conv.weight[0] *= 1000
    loud = kinship(wrapped(net), data_image(0.9), data, [0, 1], "conv", channel=0)
    assert plain.image == pytest.approx(loud.image, abs=1e-6)
    # What is left of every answer are multiples of (2, -1): the same or the opposite direction.
    np.testing.assert_allclose(np.abs(loud.strongest), 1, atol=1e-6)
    assert np.isnan(
        kinship(wrapped(only_one()), data_image(0.9), data, [0, 1], "conv", channel=0).image
    )


def data_image(value: float) -> np.ndarray:
    return np.full((1, 4, 4), value, np.float32)


def only_one() -> nn.Module:
    """A network whose first layer has one channel: nothing is left to compare by."""
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(1, 1, 1))
    net.add_module("head", nn.Sequential(nn.Flatten(), nn.Linear(16, 10)))
    return net


def test_equal_seeds_give_equal_answers_and_others_are_bounded(
    lenet: LoadedModel, image_set: Sets
) -> None:
    data, image = image_set(20), np.zeros((1, 28, 28), np.float32)
    one, same, other = (
        kinship(lenet, image, data, [0, 1], "relu2", channel=1, most=5, seed=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.others, same.others)
    assert one.others.shape == (5,)
    assert not np.array_equal(one.others, other.others)
    with pytest.raises(ValueError, match="read-only"):
        one.others[0] = 0


def test_without_other_images_there_is_no_share(lenet: LoadedModel, image_set: Sets) -> None:
    found = kinship(lenet, np.zeros((1, 28, 28), np.float32), image_set(3), [2, 0, 1], "relu2")
    assert found.others.shape == (0,)
    assert np.isnan(found.share)
    assert np.isfinite(found.image)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"strongest": [0]}, "two or more"),
        ({"strongest": [0, 0]}, "different"),
        ({"strongest": [0, 6]}, "below 6"),
        ({"layer": "relu9"}, "relu9"),
        ({"channel": 16}, "0 to 15"),
        ({"most": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_compared_is_said(
    lenet: LoadedModel, image_set: Sets, change: dict[str, object], match: str
) -> None:
    given = {"strongest": [0, 1], "layer": "relu2"} | change
    with pytest.raises(ValueError, match=match):
        kinship(lenet, np.zeros((1, 28, 28), np.float32), image_set(6), **given)


def test_stops_where_its_progress_raises(lenet: LoadedModel, image_set: Sets) -> None:
    def stop(done: int, total: int, message: str) -> None:
        assert (done, total) == (7, 7)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kinship(
            lenet, np.zeros((1, 28, 28), np.float32), image_set(6), [0, 1], "relu2", progress=stop
        )
    assert not any(module._forward_hooks for module in lenet.net.modules())
