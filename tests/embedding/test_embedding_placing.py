"""Placing: a known image lands on itself, a new one beside its class, also from disk."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PerplexityBasedNN
from sklearn.decomposition import PCA

from xai import datasets
from xai.embedding import Features, features, neighbours, place, run
from xai.embedding.placing import _gradient
from xai.store import Store

SHORT = {"tsne": {"early_iterations": 100, "iterations": 150}, "umap": None, "pca": None}


@dataclass(frozen=True)
class Key:
    """Names a result in a store."""

    name: str


@pytest.fixture(scope="module")
def maps(pixels: Features, tmp_path_factory):
    """A map by each method, as it comes back from disk."""
    pytest.importorskip("umap")
    root = tmp_path_factory.mktemp("store")
    for method, params in SHORT.items():
        Store(root).save(Key(method), run(pixels, method, params=params))
    Store(root).save(Key("features"), pixels)
    return {name: Store(root).load(Key(name)) for name in ("features", *SHORT)}


def radius(points: np.ndarray) -> float:
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


@pytest.mark.parametrize("method", list(SHORT))
def test_a_known_image_lands_on_itself(lenet, digits, maps, method: str) -> None:
    rows, drawn = maps["features"], maps[method]
    near = neighbours(rows)
    away = []
    for at in range(0, 600, 60):
        found = place(lenet, lenet.prepare(digits.images[at]), rows, drawn, k=11)
        assert found.point.dtype == np.float32
        away.append(np.linalg.norm(found.point - drawn.points[at]) / radius(drawn.points))
        assert found.neighbours.tolist() == [at, *near[at]]
        assert found.neighbours.dtype == np.int32
        assert found.distances[0] == pytest.approx(0.0, abs=1e-4)
        assert (np.diff(found.distances) >= 0).all()
        assert found.notes == ()
    # UMAP moves with random steps, as long as the points of the map did.
    assert max(away) < {"tsne": 0.02, "umap": 0.2, "pca": 1e-4}[method]


@pytest.mark.parametrize("method", list(SHORT))
def test_a_new_image_lands_where_its_neighbours_are(lenet, digits, maps, method: str) -> None:
    known = set(digits.ids)
    whole = datasets.load("mnist", n=1200, seed=1)
    new = [at for at, name in enumerate(whole.ids) if name not in known][:12]
    rows, drawn = maps["features"], maps[method]
    typical = radius(drawn.points)
    away = []
    for at in new:
        found = place(lenet, lenet.prepare(whole.images[at]), rows, drawn)
        beside = np.median(drawn.points[found.neighbours], axis=0)
        away.append(np.linalg.norm(found.point - beside) / typical)
    assert np.median(away) < 0.4


def test_placing_repeats_and_leaves_the_map_alone(lenet, digits, maps) -> None:
    image = 0.5 * lenet.prepare(digits.images[3]) + 0.5 * lenet.prepare(digits.images[4])
    for method in SHORT:
        before = maps[method].points.copy()
        one, same = (place(lenet, image, maps["features"], maps[method]) for _ in range(2))
        np.testing.assert_array_equal(one.point, same.point)
        np.testing.assert_array_equal(maps[method].points, before)


def test_pca_places_as_scikit_learn_does(lenet, digits, pixels, maps) -> None:
    image = 1.0 - lenet.prepare(digits.images[3])
    found = place(lenet, image, maps["features"], maps["pca"])
    values = pixels.values.astype(np.float64)
    raw = image.reshape(1, -1)
    expected = PCA(2, svd_solver="full").fit(values).transform(pixels.project(raw))[0]
    np.testing.assert_allclose(np.abs(found.point), np.abs(expected), rtol=1e-4)


def test_the_force_on_one_point_is_that_of_opentsne() -> None:
    from openTSNE.affinity import joint_probabilities_nn
    from openTSNE.tsne import PartialTSNEEmbedding, kl_divergence_bh

    rng = np.random.default_rng(0)
    rows, points = rng.normal(size=(50, 4)), rng.normal(size=(50, 2)) * 5
    reference = TSNEEmbedding(points, PerplexityBasedNN(rows, perplexity=5, method="exact"))
    lengths = np.linalg.norm(rows - rng.normal(size=4), axis=1)
    near = np.argsort(lengths)[:15]
    pulls = joint_probabilities_nn(
        near[None],
        lengths[near][None],
        [5],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=50,
    )
    one = PartialTSNEEmbedding(rng.normal(size=(1, 2)), reference, pulls)
    _, expected = kl_divergence_bh(
        one, pulls, 1, {"theta": 0.0}, reference_embedding=reference, should_eval_error=False
    )
    _, found = _gradient(one, pulls, reference)
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-9)


def test_a_stranger_is_called_one(lenet, maps) -> None:
    noise = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    image = noise[:, : lenet.input_shape[1], : lenet.input_shape[2]]
    found = place(lenet, image, maps["features"], maps["pca"])
    assert len(found.notes) == 1
    assert "far from all others" in found.notes[0]


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize("count", [4, 9])
def test_few_images(lenet, digits, method: str, count: int) -> None:
    images = np.stack([lenet.prepare(image) for image in digits.images[:count]])
    rows = features(lenet, images, None)
    drawn = run(rows, method)
    found = place(lenet, images[1], rows, drawn)
    assert found.neighbours[0] == 1
    assert len(found.neighbours) == count
    np.testing.assert_allclose(found.point, drawn.points[1], atol=0.15 * radius(drawn.points))


def test_equal_images_but_one(lenet, digits) -> None:
    first, second = (lenet.prepare(digits.images[at]) for at in (0, 1))
    images = np.stack([first] * 19 + [second])
    rows = features(lenet, images, None)
    for method in ("tsne", "pca"):
        drawn = run(rows, method, params=SHORT[method])
        for image, expected in ((first, 0), (second, 19)):
            found = place(lenet, image, rows, drawn)
            assert np.isfinite(found.point).all()
            assert found.neighbours[0] == expected


def test_a_layer_and_its_grid(lenet, digits) -> None:
    layer = next(row.name for row in lenet.layers if row.spatial)
    images = np.stack([lenet.prepare(image) for image in digits.images[:60]])
    for reduce, grid in (("pca90", 2), ("none", 1)):
        rows = features(lenet, images, layer, reduce=reduce, grid=grid)
        found = place(lenet, images[7], rows, run(rows, "pca"))
        assert found.neighbours[0] == 7


def test_waiting_for_another_umap_is_told_and_can_be_stopped(lenet, digits, maps) -> None:
    from xai.embedding import epochs

    def fail(done: int, total: int, message: str) -> None:
        raise InterruptedError(message)

    image = lenet.prepare(digits.images[0])
    with epochs.alone(None), pytest.raises(InterruptedError, match="Waiting for another UMAP"):
        place(lenet, image, maps["features"], maps["umap"], progress=fail)


def test_refusals(lenet, digits, maps) -> None:
    image = lenet.prepare(digits.images[0])
    rows, drawn = maps["features"], maps["pca"]
    with pytest.raises(ValueError, match="image: expected shape"):
        place(lenet, image[:, :5], rows, drawn)
    with pytest.raises(ValueError, match="NaN"):
        place(lenet, image * np.nan, rows, drawn)
    with pytest.raises(ValueError, match="rows from elsewhere"):
        place(lenet, image, Features(values=rows.values), drawn)
    with pytest.raises(ValueError, match="expected those of lenet5-mnist, got vgg"):
        place(lenet, image, dataclasses.replace(rows, model="vgg"), drawn)
    with pytest.raises(ValueError, match="other images"):
        place(lenet, image, rows, dataclasses.replace(drawn, ids=()))
    for change in ({"model": "vgg"}, {"layer": "fc2"}, {"reduce": "pca50"}):
        with pytest.raises(ValueError, match=f"these features .*{next(iter(change.values()))}"):
            place(lenet, image, rows, dataclasses.replace(drawn, **change))
    with pytest.raises(ValueError, match="method: expected one of tsne, umap, pca"):
        place(lenet, image, rows, dataclasses.replace(drawn, method="isomap"))
    with pytest.raises(TypeError, match="k: expected a whole number"):
        place(lenet, image, rows, drawn, k=1.5)
    with pytest.raises(ValueError, match="k: expected at least 1"):
        place(lenet, image, rows, drawn, k=0)
