"""Models of a session's own in memory: the latest, as far as there is room."""

from __future__ import annotations

import dataclasses

import pytest

from pages._ui import cached
from pages._ui.cached import OwnModels
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5


def small(name: str) -> LoadedModel:
    return LoadedModel(dataclasses.replace(MODELS["lenet5-mnist"], name=name), LeNet5())


def test_models_are_held_as_far_as_their_bytes_fit() -> None:
    one = small("own-0")
    size = sum(4 * value.numel() for value in one.net.state_dict().values())
    shelf = OwnModels(most_bytes=3 * (size + 2**18))
    for turn in range(5):
        shelf.put(small(f"own-{turn}"))
    assert [shelf.get(f"own-{turn}") is not None for turn in range(5)] == [False] * 2 + [True] * 3


def test_the_one_that_was_asked_for_stays_and_the_latest_always() -> None:
    shelf = OwnModels(most_bytes=2 * 600_000)
    for name in ("own-0", "own-1"):
        shelf.put(small(name))
    shelf.get("own-0")
    shelf.put(small("own-2"))
    assert shelf.get("own-1") is None
    assert shelf.get("own-0") is not None
    tiny = OwnModels(most_bytes=1)
    tiny.put(small("own-0"), "another name")
    assert tiny.get("own-0") is tiny.get("another name") is not None


def test_an_epoch_is_found_by_its_name_like_any_model() -> None:
    held = small("own-of-an-epoch")
    cached.epochs().put(held, "run@3")
    try:
        assert cached.model("own-of-an-epoch") is held
        assert cached.epochs().get("run@3") is held
    finally:
        cached.epochs.clear()
    with pytest.raises(ValueError, match="put away"):
        cached.model("own-of-an-epoch")
