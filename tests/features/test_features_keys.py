"""Features by key: made once, recalled as they were, never served for something else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import counted, equal

from xai import embedding
from xai.features import description
from xai.features.keys import features_of
from xai.features.result import Features
from xai.store import Store


def test_features_are_made_once_and_come_back_whole(lenet, some, key, store, monkeypatch) -> None:
    calls = counted(monkeypatch, description, "describe")
    made = features_of(key, lenet, some, store)
    again = features_of(key, lenet, some, Store(store.root))
    assert len(calls) == 1
    assert isinstance(again, Features)
    equal(made, again)
    raw = embedding.features(lenet, some, "fc2", reduce="none").values
    np.testing.assert_array_equal(made.project(raw), again.project(raw))


def test_what_is_of_another_kind_is_made_again(lenet, some, key, store) -> None:
    store.save(key, np.zeros(3))
    assert isinstance(features_of(key, lenet, some, store), Features)


def test_results_are_not_filed_under_a_key_that_is_not_theirs(lenet, some, digits, key) -> None:
    with pytest.raises(ValueError, match="key: expected the images"):
        features_of(key, lenet, digits)
    for change in ({"model": "vgg16-mnist"}, {"weights": "other"}):
        with pytest.raises(ValueError, match="key: expected the model"):
            features_of(dataclasses.replace(key, **change), lenet, some)


def test_progress_may_stop_it_and_nothing_is_kept(lenet, some, key, store) -> None:
    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features_of(key, lenet, some, store, progress=stop)
    assert store.load(key) is None
