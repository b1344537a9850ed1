"""What layers answer to further images, averaged as the features that are there."""

from __future__ import annotations

import numpy as np
import pytest

from xai.embedding import features
from xai.features.asking import answers


def test_each_layer_is_averaged_as_its_own_features_are(lenet, few) -> None:
    known = [
        features(lenet, few, "conv1", grid=4),
        features(lenet, few, "fc2"),
        features(lenet, few, "conv1", grid=2),
        features(lenet, few, None),
    ]
    shown = np.stack([lenet.prepare(image) for image in few.images[:7]])
    found = answers(lenet, known, shown)
    for one, raw in zip(known, found, strict=True):
        assert raw.shape == (7, one.raw_dim)
        size = np.abs(one.values).max()
        np.testing.assert_allclose(one.project(raw), one.values[:7], atol=1e-4 * size)


def test_layers_of_one_grid_share_a_pass(lenet, few, passes) -> None:
    known = [features(lenet, few, layer) for layer in ("conv1", "relu2", "fc3")]
    shown = np.stack([lenet.prepare(image) for image in few.images[:7]])
    del passes[:]
    answers(lenet, known, shown)
    # The first image twice for the shapes, and the pass.
    assert passes == [2, 7]


def test_images_of_another_size_are_refused_and_asking_can_be_stopped(lenet, few) -> None:
    known = [features(lenet, few, "fc3")]
    with pytest.raises(ValueError, match="expected shape"):
        answers(lenet, known, np.zeros((2, 1, 9, 9), np.float32))

    def stop(done: int, total: int, message: str) -> None:
        raise InterruptedError(message)

    with pytest.raises(InterruptedError, match="Features of image 2 of 2"):
        answers(lenet, known, np.zeros((2, 1, 28, 28), np.float32), progress=stop)
