"""Quality figures against scikit-learn and against literal versions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from xai.embedding import quality
from xai.embedding.quality import measure


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
    found = measure(values, points, None, 0)
    assert set(found) == {"trustworthiness", "neighbourhood_preservation"}
    expected = trustworthiness(values, points, n_neighbors=10)
    assert found["trustworthiness"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("count", "k"), [(4, 1), (5, 2), (12, 5), (21, 10), (22, 10)])
def test_few_images_look_at_fewer_neighbours(table, count: int, k: int) -> None:
    values, points, _ = (part[:count] for part in table)
    found = measure(values, points, None, 0)
    expected = trustworthiness(values, points, n_neighbors=k)
    assert found["trustworthiness"] == pytest.approx(expected, abs=1e-12)


def test_preservation_is_the_overlap_of_neighbourhoods(table) -> None:
    values, points, _ = table
    there = NearestNeighbors(n_neighbors=10).fit(values).kneighbors(return_distance=False)
    here = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(there, here, strict=True)]
    found = measure(values, points, None, 0)["neighbourhood_preservation"]
    assert found == pytest.approx(np.mean(shared))


def test_accuracies_equal_leave_one_out(table) -> None:
    values, points, labels = table
    found = measure(values, points, labels, 0)
    for name, space in (("knn_accuracy", points), ("knn_accuracy_features", values)):
        vote = KNeighborsClassifier(n_neighbors=10)
        expected = cross_val_score(vote, space, labels, cv=LeaveOneOut()).mean()
        assert found[name] == pytest.approx(expected)


def test_a_perfect_map_is_perfect(table) -> None:
    values = table[0][:, :2]
    found = measure(values, values * 3 + 5, None, 0)
    assert found == {"trustworthiness": 1.0, "neighbourhood_preservation": 1.0}


@pytest.mark.parametrize(("classes", "told"), [(1, False), (2, True), (150, True), (151, False)])
def test_a_vote_needs_classes_with_more_than_one_image(table, classes: int, told: bool) -> None:
    values, points, _ = table
    assert ("knn_accuracy" in measure(values, points, np.arange(300) % classes, 0)) == told


def test_a_sample_is_that_part_of_the_sum(table, monkeypatch) -> None:
    values, points, labels = table
    monkeypatch.setattr(quality, "SAMPLE", 120)
    found = measure(values, points, labels, seed=5)
    assert found == measure(values, points, labels, seed=5)
    assert found != measure(values, points, labels, seed=6)
    chosen = np.sort(np.random.default_rng(5).choice(300, 120, replace=False))
    there = NearestNeighbors(n_neighbors=299).fit(values).kneighbors(return_distance=False)
    here = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    penalty = 0
    for i in chosen:
        rank = {j: place + 1 for place, j in enumerate(there[i])}
        penalty += sum(max(0, rank[j] - 10) for j in here[i])
    expected = 1 - 2 * penalty / (120 * 10 * (2 * 300 - 3 * 10 - 1))
    assert found["trustworthiness"] == pytest.approx(expected)
