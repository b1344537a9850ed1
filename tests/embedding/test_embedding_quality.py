"""Quality figures against scikit-learn and against literal versions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from xai.embedding import quality
from xai.embedding.quality import measure
from xai.features import neighbourhoods


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, a poor map of them, and labels that both know something of."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 6))
    points = values[:, :2] + 0.5 * rng.normal(size=(300, 2))
    labels = np.digitize(values[:, 0] + 0.3 * rng.normal(size=300), [-0.5, 0.5]) * 7
    return values, points, labels


def test_trustworthiness_equals_scikit_learn(table) -> None:
    values, points, _ = table
    found = measure(values, points, None).figures
    assert set(found) == {"trustworthiness", "neighbourhood_preservation"}
    expected = trustworthiness(values, points, n_neighbors=10)
    assert found["trustworthiness"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("count", "k"), [(4, 1), (5, 2), (12, 5), (21, 10), (22, 10)])
def test_few_images_look_at_fewer_neighbours(table, count: int, k: int) -> None:
    values, points, _ = (part[:count] for part in table)
    found = measure(values, points, None).figures
    expected = trustworthiness(values, points, n_neighbors=k)
    assert found["trustworthiness"] == pytest.approx(expected, abs=1e-12)


def test_preservation_is_the_overlap_of_neighbourhoods(table) -> None:
    values, points, _ = table
    there = NearestNeighbors(n_neighbors=10).fit(values).kneighbors(return_distance=False)
    here = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(there, here, strict=True)]
    found = measure(values, points, None).figures["neighbourhood_preservation"]
    assert found == pytest.approx(np.mean(shared))


def test_accuracies_equal_leave_one_out(table) -> None:
    values, points, labels = table
    found = measure(values, points, labels).figures
    for name, space in (("knn_accuracy", points), ("knn_accuracy_features", values)):
        vote = KNeighborsClassifier(n_neighbors=10)
        expected = cross_val_score(vote, space, labels, cv=LeaveOneOut()).mean()
        assert found[name] == pytest.approx(expected)


def test_a_perfect_map_is_perfect(table) -> None:
    values = table[0][:, :2]
    found = measure(values, values * 3 + 5, None).figures
    assert found == {"trustworthiness": 1.0, "neighbourhood_preservation": 1.0}


@pytest.mark.parametrize(("classes", "told"), [(1, False), (2, True), (150, True), (151, False)])
def test_a_vote_needs_classes_with_more_than_one_image(table, classes: int, told: bool) -> None:
    values, points, _ = table
    assert ("knn_accuracy" in measure(values, points, np.arange(300) % classes).figures) == told


def literal(values: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trust and preservation of each point, by walking through sorted neighbours."""
    count = len(values)
    there = NearestNeighbors(n_neighbors=count - 1).fit(values).kneighbors(return_distance=False)
    here = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    ranks = np.empty((count, 10), dtype=int)
    for i in range(count):
        place = {j: rank + 1 for rank, j in enumerate(there[i])}
        ranks[i] = [place[j] for j in here[i]]
    worst = 10 * (2 * count - 3 * 10 - 1) / 2
    return 1 - np.maximum(0, ranks - 10).sum(axis=1) / worst, (ranks <= 10).mean(axis=1)


def test_every_point_has_its_share(table) -> None:
    values, points, _ = table
    found = measure(values, points, None)
    trust, preserved = literal(values, points)
    np.testing.assert_allclose(found.trust, trust, atol=1e-6)
    np.testing.assert_allclose(found.preserved, preserved, atol=1e-6)
    assert found.trust.mean() == pytest.approx(found.figures["trustworthiness"], abs=1e-6)
    kept = found.figures["neighbourhood_preservation"]
    assert found.preserved.mean() == pytest.approx(kept, abs=1e-6)


def test_the_worst_point_has_no_trust() -> None:
    """On a line whose map puts the far end beside one point: all its ranks are the largest."""
    values = np.arange(100.0)[:, None]
    points = np.stack([values[:, 0], np.zeros(100)], axis=1)
    points[0, 0] = 1000.0
    found = measure(values, points, None)
    assert found.trust[0] == pytest.approx(0.0, abs=1e-6)
    assert found.preserved[0] == 0.0
    assert found.trust[50] == 1.0


def test_blocks_do_not_matter(table, monkeypatch) -> None:
    values, points, labels = table
    whole = measure(values, points, labels)
    monkeypatch.setattr(neighbourhoods, "_BLOCK", 7 * 300)
    monkeypatch.setattr(neighbourhoods, "_STEP", 11)
    seen = []
    parts = measure(values, points, labels, progress=lambda *told: seen.append(told))
    np.testing.assert_array_equal(parts.trust, whole.trust)
    assert parts.figures == whole.figures
    measuring = [done for done, total, message in seen if message == "Measuring the map"]
    assert measuring == [*range(0, 300, 7), 300]


def test_neighbours_that_are_known_are_not_searched(table, monkeypatch) -> None:
    values, points, labels = table
    whole = measure(values, points, labels)
    near = neighbourhoods.search(values, 30).rows
    monkeypatch.setattr(quality, "search", None)
    assert measure(values, points, labels, near=near).figures == whole.figures


def test_equal_rows_are_neighbours_of_each_other() -> None:
    """Rounding must not rank what is equal: a map of two heaps from two heaps is perfect."""
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=(2, 50)), 12, axis=0)
    points = np.repeat([[0.0, 0.0], [5.0, 5.0]], 12, axis=0) + rng.normal(size=(24, 2)) * 0.1
    found = measure(values, points, None)
    assert found.figures == {"trustworthiness": 1.0, "neighbourhood_preservation": 1.0}


def test_one_extreme_image_does_not_tie_the_others() -> None:
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(size=(80, 4)), np.full((1, 4), 1e6)]).astype(np.float32)
    points = rng.normal(size=(81, 2))
    found = measure(values, points, None)
    trust, preserved = literal(values.astype(np.float64), points)
    np.testing.assert_allclose(found.trust, trust, atol=1e-6)
    np.testing.assert_allclose(found.preserved, preserved, atol=1e-6)


def test_what_progress_raises_stops_the_measuring(table) -> None:
    values, points, _ = table

    def fail(done: int, total: int, message: str) -> None:
        raise InterruptedError(message)

    with pytest.raises(InterruptedError, match="Measuring the map"):
        measure(values, points, None, progress=fail)
