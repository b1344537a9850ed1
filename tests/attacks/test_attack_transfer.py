"""Whether attacks on one network fool another: toys whose answers are known, and the digits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xai import attacks, images, models
from xai.attacks import Goal
from xai.attacks.studies import transfer
from xai.attacks.studies.intervals import wilson
from xai.attacks.studies.transfer import TransferRate, transfer_rate
from xai.datasets import ImageSet

SHAPE = (1, 4, 4)
WEIGHT = np.random.default_rng(2).normal(size=(2, *SHAPE))


def named(model, name):
    model.spec = dataclasses.replace(model.spec, name=name, resize=4)
    return model


@pytest.fixture
def source(linear):
    return named(linear(WEIGHT), "source")


@pytest.fixture
def twin(linear):
    """The same function as the source: whatever fools one fools the other."""
    return named(linear(3 * WEIGHT), "twin")


@pytest.fixture
def opposite(linear):
    """Its gradient points the other way: what misleads the source confirms it."""
    return named(linear(WEIGHT[::-1].copy()), "opposite")


@pytest.fixture
def grey_set(source):
    """Forty images, each labelled as the source reads it; a class that no network has is last."""
    pixels = np.random.default_rng(4).integers(60, 196, (40, 4, 4, 1), dtype=np.uint8)
    said = source.predict_batch(np.stack([source.prepare(one) for one in pixels]))
    labels = np.array([1 - one.label for one in said])
    labels[-3:] = 2
    # Class names in another order than the network's.
    return ImageSet(
        pixels, labels, ("class 1", "class 0", "stranger"), tuple(str(i) for i in range(40))
    )


def test_a_twin_is_fooled_and_the_opposite_is_not(source, twin, opposite):
    clean = np.full(SHAPE, 0.5, np.float32)
    goal = Goal.untargeted(source.predict(clean).label)
    result = attacks.run(source, clean, "fgsm", goal=goal, params={"eps": 0.2})
    noise = attacks.random_noise(source, clean, goal=goal, eps=0.2).image
    found = transfer.transfer(result.image, clean, noise, [source, twin, opposite], goal)
    assert [one.model for one in found] == ["source", "twin", "opposite"]
    assert [one.right for one in found] == [True, True, False]
    assert [one.fooled for one in found[:2]] == [True, True]
    assert goal.margin(found[2].attacked.logits) < goal.margin(found[2].clean.logits)
    assert not any(one.resized for one in found)
    for one, model in zip(found, (source, twin, opposite), strict=True):
        said = model.predict(result.image)
        np.testing.assert_allclose(one.attacked.logits, said.logits, rtol=1e-5)
        assert one.swayed == goal.reached(model.predict(noise).label)


def test_a_network_of_another_size_sees_the_picture_resampled(lenet, digits):
    other = models.load("vgg16-mnist", device="cpu")
    clean, goal = digits[0][0], Goal.untargeted(int(digits[1][0]))
    found = transfer.transfer(clean, clean, clean, [lenet, other], goal)
    assert [one.resized for one in found] == [False, True]
    expected = other.predict(other.prepare(images.to_uint8(clean)))
    np.testing.assert_allclose(found[1].clean.logits, expected.logits, atol=1e-4)
    assert found[1].right
    assert not found[1].fooled


def test_the_rate_is_about_true_classes_and_leaves_strangers_out(source, twin, opposite, grey_set):
    found = transfer_rate(source, [twin, opposite], grey_set, "fgsm", {"eps": 0.3})
    assert found.models == ("source", "twin", "opposite")
    assert found.skipped == 3
    assert found.predicted.shape == (3, 3, 37)
    assert found.right.tolist() == [37, 37, 0]
    assert found.fooled("attacked")[:2].tolist() == [37, 37]
    assert found.fooled("noise")[0] < 30
    assert found.fooled("clean").tolist() == [0, 0, 0]
    assert found.share("attacked")[:2].tolist() == [1, 1]
    assert np.isnan(found.share("attacked")[2])
    low, high = wilson(37, 37)
    np.testing.assert_allclose(found.interval("attacked")[0], [low, high])
    np.testing.assert_allclose(found.interval("attacked")[2], [0, 1])


def test_each_answer_of_the_rate_is_that_of_the_attack_on_that_image(source, twin, grey_set):
    found = transfer_rate(source, [twin], grey_set, "fgsm", {"eps": 0.1}, n=5)
    assert len(found.labels) == 5
    for place, label in enumerate(found.labels):
        goal, clean = Goal.untargeted(int(label)), source.prepare(grey_set.images[place])
        result = attacks.run(source, clean, "fgsm", goal=goal, params={"eps": 0.1})
        assert found.predicted[0, 0, place] == source.predict(clean).label == label
        assert found.predicted[1, 2, place] == twin.predict(result.image).label


def test_batches_change_nothing_and_equal_seeds_give_equal_answers(
    source, twin, grey_set, monkeypatch
):
    from xai.attacks import volley

    settings = {"eps": 0.05, "steps": 3}
    whole = transfer_rate(source, [twin], grey_set, "pgd", settings, seed=7)
    reports = []
    monkeypatch.setattr(volley, "most", lambda model: 7)
    parts = transfer_rate(
        source, [twin], grey_set, "pgd", settings, seed=7, progress=lambda *a: reports.append(a)
    )
    np.testing.assert_array_equal(whole.predicted, parts.predicted)
    done = [one[0] for one in reports]
    assert done == sorted(done)
    assert done[-1] == reports[-1][1] == 37


def test_shares_leave_out_what_a_network_misreads_by_itself():
    labels = np.array([0, 0, 1, 1])
    predicted = np.array([[[0, 0, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0]]])
    found = TransferRate(("m",), labels, predicted, "fgsm", attacks.FgsmParams(), 0, 0)
    assert found.right.tolist() == [3]
    assert found.fooled("attacked").tolist() == [2]
    assert found.share("noise").tolist() == [0]
    with pytest.raises(ValueError, match="clean, noise, attacked"):
        found.share("blurred")


def test_what_cannot_be_asked_is_refused(source, twin, lenet, grey_set):
    strangers = grey_set.subset([37, 38, 39])
    with pytest.raises(ValueError, match="classes that source has"):
        transfer_rate(source, [twin], strangers, "fgsm")
    with pytest.raises(ValueError, match="classes of source"):
        transfer_rate(source, [lenet], grey_set, "fgsm")
    with pytest.raises(ValueError, match="fgsm, bim, pgd, cw"):
        transfer_rate(source, [twin], grey_set, "blur")
    with pytest.raises(ValueError, match="n: "):
        transfer_rate(source, [twin], grey_set, "fgsm", n=0)
    clean = np.zeros(SHAPE, np.float32)
    with pytest.raises(ValueError, match="equal shapes"):
        transfer.transfer(clean, clean, clean[:, :2], [source], Goal.untargeted(0))
    with pytest.raises(ValueError, match="goal"):
        transfer.transfer(clean, clean, clean, [source], Goal.untargeted(5))
