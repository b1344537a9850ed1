"""Which other networks can be asked about a network's images, and what they are shown."""

from __future__ import annotations

import dataclasses

import numpy as np

from xai import images, models
from xai.models import MODELS
from xai.models.partners import fitted, partners, resized


def test_partners_read_the_same_classes_and_data():
    assert [spec.name for spec in partners(MODELS["lenet5-mnist"], "mnist")] == ["vgg16-mnist"]
    zoo = partners(MODELS["efficientnet-lite0"], "photos")
    assert len(zoo) >= 5
    for spec in zoo:
        assert spec.classes == MODELS["efficientnet-lite0"].classes
        assert "photos" in spec.fits
        assert not spec.bundled
    assert partners(MODELS["lenet5-mnist"], "photos") == ()
    own = dataclasses.replace(MODELS["lenet5-mnist"], name="own", own_classes=("x", "y"))
    assert partners(own, "mnist") == ()


def test_a_network_of_the_same_size_gets_the_very_numbers_and_another_one_a_file():
    other = models.load("vgg16-mnist", device="cpu")
    made_for_it = np.random.default_rng(0).random((2, *other.input_shape), dtype=np.float32)
    assert not resized(other, made_for_it)
    assert fitted(other, made_for_it) is made_for_it
    smaller = made_for_it[:, :, :28, :28]
    assert resized(other, smaller)
    found = fitted(other, smaller)
    assert found.shape == made_for_it.shape
    for image, shown in zip(smaller, found, strict=True):
        np.testing.assert_array_equal(shown, other.prepare(images.to_uint8(image)))
