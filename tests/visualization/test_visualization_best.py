"""What real images score: toys whose scores are known, and the digits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from xai import datasets, models
from xai.datasets import ImageSet
from xai.models.loaded import LoadedModel
from xai.visualization.aims import aim
from xai.visualization.studies.best import best, class_of


@pytest.fixture(scope="module")
def brightness() -> LoadedModel:
    """Score of class 0 is the sum of a grey 2 x 2 image, that of class 1 its negative."""
    layer = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0] * 4, [-1.0] * 4]))
    spec = dataclasses.replace(
        models.MODELS["lenet5-mnist"],
        name="toy",
        input_size=(2, 2),
        resize=2,
        mean=(0.0,),
        std=(1.0,),
        own_classes=("bright", "dark"),
    )
    return LoadedModel(spec, nn.Sequential(nn.Flatten(), layer))


def grey(levels: list[int], labels: list[int], classes: tuple[str, ...]) -> ImageSet:
    """Make images of one level each."""
    pixels = np.stack([np.full((2, 2, 1), level, np.uint8) for level in levels])
    names = tuple(f"image {place}" for place in range(len(levels)))
    return ImageSet(pixels, np.array(labels), classes, names)


def test_the_best_are_those_of_the_class_and_the_zero_point_is_everybodys_mean(brightness):
    # The classes are in another order than the network's.
    data = grey([255, 51, 102, 204, 102], [0, 1, 1, 0, 1], ("dark", "bright"))
    found = best(brightness, aim(brightness, "class", None, 0), data, k=2)
    np.testing.assert_allclose(found.scores, [4, 0.8, 1.6, 3.2, 1.6], rtol=1e-6)
    assert found.member.tolist() == [False, True, True, False, True]
    assert found.index.tolist() == [2, 4]  # of equals the earlier
    np.testing.assert_allclose(found.score, [1.6, 1.6], rtol=1e-6)
    assert not found.absent
    assert found.mean == pytest.approx(2.24)
    assert found.lead(3.24) == pytest.approx(1)
    assert found.above(3) == 2
    # 3.2 is nearer to the mean than 4: an ordinary image that is no member.
    assert found.ordinary == 3
    with pytest.raises(ValueError, match="read-only"):
        found.scores[0] = 1


def test_a_class_without_an_image_is_said_to_be_absent(brightness):
    data = grey([255, 51, 102], [0, 0, 0], ("bright",))
    found = best(brightness, aim(brightness, "class", None, 1), data)
    assert found.absent
    assert found.index.tolist() == [1, 2, 0]
    array = np.full((2, 1, 2, 2), 0.5, np.float32)
    assert best(brightness, aim(brightness, "class", None, 1), array).absent


def test_an_aim_at_a_layer_has_all_images_for_members(brightness):
    data = grey([255, 51, 102], [0, 0, 1], ("bright", "dark"))
    wanted = aim(brightness, "unit", brightness.layers[-1].name, 1)
    found = best(brightness, wanted, data, k=9)
    assert class_of(wanted) is None
    assert found.member.all()
    assert not found.absent
    assert found.index.tolist() == [1, 2, 0]
    contrast = best(brightness, aim(brightness, "contrast", None, (1, 0)), data)
    assert contrast.member.tolist() == [False, False, True]
    np.testing.assert_allclose(contrast.scores, [-8, -1.6, -3.2], rtol=1e-6)


def test_scores_of_digits_are_their_logits():
    model = models.load("lenet5-mnist", device="cpu")
    data = datasets.load("mnist", n=40)
    found = best(model, aim(model, "class", None, 3), data, k=3)
    batch = np.stack([model.prepare(image) for image in data.images])
    logits = np.array([one.logits[3] for one in model.predict_batch(batch)])
    np.testing.assert_allclose(found.scores, logits, atol=1e-4)
    threes = np.flatnonzero(data.labels == 3)
    assert found.index.tolist() == threes[np.argsort(-logits[threes])][:3].tolist()


def test_it_reports_in_images_and_can_be_stopped(brightness):
    seen = []

    def stop(done, total, message):
        seen.append((done, total))
        if done > 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        best(
            brightness,
            aim(brightness, "class", None, 0),
            np.zeros((40, 1, 2, 2), np.float32),
            progress=stop,
        )
    assert seen == [(16, 40), (32, 40)]


@pytest.mark.parametrize("k", [0, True, 1.5])
def test_so_many_are_refused(brightness, k):
    with pytest.raises(ValueError, match="k: expected"):
        best(brightness, aim(brightness, "class", None, 0), np.zeros((1, 1, 2, 2)), k=k)
