"""Results by key: computed once, recalled as they were, never served for something else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import counted, equal

from xai import data, datasets, embedding
from xai.embedding import Embedding, Separability, shipped
from xai.embedding.maps import MapKey, SeparabilityKey, StabilityKey, map_of, separability_of
from xai.embedding.params import PcaParams, TsneParams
from xai.features import description
from xai.features.keys import features_of
from xai.models import MODELS
from xai.models.spec import weights_of
from xai.store import Store


def test_a_map_takes_its_features_from_the_store(lenet, some, key, store, monkeypatch) -> None:
    made = features_of(key, lenet, some, store)
    calls = counted(monkeypatch, description, "describe")
    drawn = map_of(MapKey(key, "pca", PcaParams()), lenet, some, store)
    assert not calls
    np.testing.assert_array_equal(drawn.points, embedding.run(made, "pca").points)
    runs = counted(monkeypatch, embedding, "run")
    equal(map_of(MapKey(key, "pca", PcaParams()), lenet, some, Store(store.root)), drawn)
    assert not runs


def test_a_moving_map_comes_back_with_its_frames(lenet, some, key, store) -> None:
    wanted = MapKey(key, "tsne", TsneParams(early_iterations=20, iterations=30))
    made = map_of(wanted, lenet, some, store)
    assert len(made.frames) > 1
    equal(map_of(wanted, lenet, some, Store(store.root)), made)


def test_separability_comes_back_too(lenet, some, store, monkeypatch) -> None:
    wanted = SeparabilityKey(some.signature, lenet.spec.name, weights_of(lenet.spec))
    made = separability_of(wanted, lenet, some, store)
    calls = counted(monkeypatch, embedding, "separability")
    again = separability_of(wanted, lenet, some, Store(store.root))
    assert isinstance(again, Separability)
    assert not calls
    equal(made, again)


def test_without_a_store_everything_is_made(lenet, some, key, monkeypatch) -> None:
    calls = counted(monkeypatch, description, "describe")
    for _ in range(2):
        map_of(MapKey(key, "pca", PcaParams()), lenet, some)
    assert len(calls) == 2


def test_a_map_that_was_stopped_is_not_kept(lenet, some, key, store) -> None:
    wanted = MapKey(key, "tsne", TsneParams(early_iterations=50, iterations=50))
    stopped = map_of(wanted, lenet, some, store, on_step=lambda done, total, points: done >= 20)
    assert stopped.stopped
    assert store.load(wanted) is None
    assert not map_of(wanted, lenet, some, store).stopped
    assert store.load(wanted) is not None


def test_every_field_of_a_key_counts(key) -> None:
    wanted = MapKey(key, "tsne", TsneParams())
    others = [
        *(dataclasses.replace(key, **{name: "x"}) for name in ("data", "model", "weights")),
        *(dataclasses.replace(key, **change) for change in ({"layer": None}, {"reduce": "none"})),
        dataclasses.replace(key, grid=2),
    ]
    assert len({key, *others}) == len(others) + 1
    drawn = {wanted, *(dataclasses.replace(wanted, features=other) for other in others)}
    drawn |= {dataclasses.replace(wanted, seed=1), dataclasses.replace(wanted, method="umap")}
    drawn.add(dataclasses.replace(wanted, params=TsneParams(perplexity=5)))
    assert len(drawn) == len(others) + 4
    assert StabilityKey(wanted) != wanted


# ------------------------------------------------------------------ the shipped maps
@pytest.mark.parametrize("count", shipped.COUNTS)
def test_the_maps_that_ship_are_found_and_are_of_these_images(count: int, tmp_path) -> None:
    pool = datasets.load_all(shipped.DATASET, most=max(shipped.COUNTS))
    images = datasets.pool_sample(pool, count)
    store = Store(tmp_path, shipped=data.path("maps"))
    keys = shipped.keys(images, "relu4")
    assert len(keys) == 4
    for key in keys:
        found = store.load(key)
        assert isinstance(found, Embedding), key
        assert found.ids == images.ids
        assert found.points.shape == (count, 2)
        assert np.isfinite(found.points).all()
        assert found.quality["trustworthiness"] > 0.9
        assert found.quality["knn_accuracy"] > 0.8
        assert not found.stopped
        assert len(found.frames) >= 20
        assert found.frames.points.shape[1:] == (count, 2)


def test_no_more_ships_than_is_asked_for() -> None:
    files = list(data.path("maps").glob("*.npz"))
    assert len(files) == 4 * len(shipped.COUNTS)
    assert sum(file.stat().st_size for file in files) < 6_200_000
    assert {file.name.partition("-")[0] for file in files} == {"map"}


def test_the_card_tells_the_quality_that_the_files_have(tmp_path) -> None:
    card = data.path("maps.md").read_text(encoding="utf-8")
    pool = datasets.load_all(shipped.DATASET, most=max(shipped.COUNTS))
    store = Store(tmp_path, shipped=data.path("maps"))
    for count in shipped.COUNTS:
        for key in shipped.keys(datasets.pool_sample(pool, count), "relu4"):
            assert shipped.row(store.load(key)) in card


def test_the_layer_that_ships_is_the_one_before_the_last() -> None:
    from xai import models

    assert models.load(shipped.MODEL).layers[-2].name == "relu4"
    assert shipped.MODEL in MODELS


def test_a_large_map_keeps_its_first_and_last_frame() -> None:
    from xai.embedding.frames import Frames

    points = np.arange(60 * 10_000 * 2, dtype=np.uint32).astype(np.uint16)
    whole = Frames(np.arange(60, dtype=np.int32) * 10, points.reshape(60, 10_000, 2))
    less = shipped.thinned(whole)
    assert len(less) == 20
    assert less.points.nbytes <= 800_000
    assert (less.iterations[0], less.iterations[-1]) == (0, 590)
    for place, step in enumerate(less.iterations // 10):
        np.testing.assert_array_equal(less.points[place], whole.points[step])
    small = Frames(whole.iterations, whole.points[:, :100])
    assert shipped.thinned(small) is small
    assert shipped.thinned(None) is None


def test_the_maps_that_ship_can_be_made_again(tmp_path, monkeypatch, capsys) -> None:
    from xai import __main__ as command

    monkeypatch.setattr(shipped, "COUNTS", (60,))
    monkeypatch.setattr(shipped, "SHIPPED_METHODS", ("tsne",))
    folder = tmp_path / "new" / "maps"
    monkeypatch.setattr("sys.argv", ["xai", "maps", "--out", str(folder)])
    assert command.main() == 0
    images = datasets.pool_sample(datasets.load_all("mnist", most=60), 60)
    store = Store(tmp_path, shipped=folder)
    made = [store.load(key) for key in shipped.keys(images, "relu4")]
    assert [one.layer for one in made] == [None, "relu4"]
    said = capsys.readouterr().out
    assert all(shipped.row(one) in said for one in made)
    # Where it cannot write, it says so.
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("sys.argv", ["xai", "maps", "--out", str(tmp_path / "file")])
    assert command.main() == 1
    assert "not kept" in capsys.readouterr().err
