"""Features of many layers from as few passes of the network as memory allows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import LAYERS, keys_of

from xai.features.gathering import features_of_all
from xai.features.keys import features_of
from xai.store.shelf import Shelf


def test_gathered_features_are_those_of_each_layer_alone(lenet, few, gathered) -> None:
    assert gathered.left_out == {}
    assert [key.layer for key in gathered.features] == list(LAYERS)
    for key, found in gathered.features.items():
        alone = features_of(key, lenet, few)
        assert (found.layer, found.reduce, found.grid) == (alone.layer, alone.reduce, alone.grid)
        assert found.ids == alone.ids
        size = np.abs(alone.values).max()
        np.testing.assert_allclose(found.values, alone.values, atol=1e-4 * size)


def test_what_is_known_is_taken_and_what_is_new_is_kept(lenet, few, passes) -> None:
    shelf = Shelf(None)
    keys = keys_of(lenet, few)
    known = features_of(keys[2], lenet, few, shelf)
    del passes[:]
    found = features_of_all(keys, lenet, few, shelf)
    assert found.features[keys[2]] is known
    # Twice the first image for the shapes, before the pass and in it.
    assert sum(passes) == len(few) + 4
    del passes[:]
    again = features_of_all(keys[::-1], lenet, few, shelf)
    assert passes == []
    assert list(again.features) == keys[::-1]
    assert all(again.features[key] is found.features[key] for key in keys)


def test_memory_bounds_a_pass(lenet, few, gathered, passes, monkeypatch) -> None:
    monkeypatch.setattr("xai.features.gathering.MOST_BYTES", 1)
    found = features_of_all(keys_of(lenet, few), lenet, few)
    assert sum(passes) == len(LAYERS) * (len(few) + 2) + 2
    for key, one in found.features.items():
        np.testing.assert_allclose(one.values, gathered.features[key].values, atol=1e-2)


def test_a_layer_that_tells_no_images_apart_is_left_out(lenet, few) -> None:
    same = dataclasses.replace(few, images=np.stack([few.images[0]] * len(few)))
    keys = keys_of(lenet, same)
    found = features_of_all(keys, lenet, same)
    assert found.features == {}
    assert set(found.left_out) == {"pixels", *LAYERS[1:]}
    assert found.notes[0] == "pixels was left out (no variance)."


def test_keys_of_others_are_refused(lenet, few, digits) -> None:
    with pytest.raises(ValueError, match="expected the images"):
        features_of_all(keys_of(lenet, digits), lenet, few)
    with pytest.raises(ValueError, match="layer"):
        features_of_all(keys_of(lenet, few, ("fc9",)), lenet, few)


def test_gathering_can_be_stopped(lenet, few) -> None:
    def stop(done: int, total: int, message: str) -> None:
        if message.startswith("Components of"):
            raise InterruptedError(message)

    with pytest.raises(InterruptedError, match="Components of pixels"):
        features_of_all(keys_of(lenet, few), lenet, few, progress=stop)
