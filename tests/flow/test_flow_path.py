"""The path of one image: the vote of neighbours, and how far it can be trusted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xai import datasets, flow, models
from xai.embedding import features
from xai.features.result import Features
from xai.flow.clustering.clusters import Clusters
from xai.flow.graph import NOISE, FlowGraph
from xai.flow.journeys.voting import shares
from xai.models.loaded import LoadedModel
from xai.types import Params

LAYERS = (None, "conv1", "relu3", "fc3")


def clustered(found: Features | None, labels: np.ndarray) -> Clusters:
    return Clusters(labels.astype(np.int64), "kmeans", Params(), features=found)


def cells(values: np.ndarray) -> np.ndarray:
    """Three cells along the first component, and what is far out along the second as noise."""
    labels = np.digitize(values[:, 0], np.quantile(values[:, 0], [0.4, 0.7]))
    out = np.abs(values[:, 1]) > np.quantile(np.abs(values[:, 1]), 0.9)
    return np.where(out, NOISE, labels)


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    return models.load("lenet5-mnist")


@pytest.fixture(scope="module")
def digits() -> datasets.ImageSet:
    return datasets.load("mnist", n=240, seed=0)


@pytest.fixture(scope="module")
def few(digits: datasets.ImageSet) -> datasets.ImageSet:
    return digits.subset(np.arange(150))


@pytest.fixture(scope="module")
def graph(lenet: LoadedModel, few: datasets.ImageSet) -> FlowGraph:
    known = {layer: features(lenet, few, layer) for layer in LAYERS}
    return flow.build(
        {layer or "pixels": clustered(one, cells(one.values)) for layer, one in known.items()}
    )


@pytest.fixture(scope="module")
def shown(lenet: LoadedModel, few: datasets.ImageSet) -> np.ndarray:
    return np.stack([lenet.prepare(image) for image in few.images])


@pytest.fixture(scope="module")
def others(lenet: LoadedModel, digits: datasets.ImageSet) -> np.ndarray:
    return np.stack([lenet.prepare(image) for image in digits.images[200:240]])


# ------------------------------------------------------------------------------- vote
def test_neighbours_vote_with_the_inverse_of_their_distance():
    found = shares(np.array([[1.0, 2.0, 4.0]]), np.array([[0, 1, 1]]), 3)
    np.testing.assert_allclose(found, [[4 / 7, 3 / 7, 0]])
    np.testing.assert_allclose(found, shares(np.array([[1e-30, 2e-30, 4e-30]]), [[0, 1, 1]], 3))
    np.testing.assert_allclose(found, shares(np.array([[1e200, 2e200, 4e200]]), [[0, 1, 1]], 3))


def test_those_at_no_distance_have_all_the_weight():
    found = shares(
        np.array([[0.0, 0.0, 1e-12], [0.0, 3.0, 3.0]]), np.array([[0, 1, 2], [2, 0, 0]]), 3
    )
    np.testing.assert_array_equal(found, [[0.5, 0.5, 0], [0, 0, 1]])


# ------------------------------------------------------------------------------- path
def test_images_of_the_data_set_land_in_their_own_clusters(graph, lenet, shown):
    """In other batches than those that made the features."""
    for start, stop in ((0, 1), (1, 4), (4, 150)):
        for image, steps in zip(
            range(start, stop), flow.paths(graph, lenet, shown[start:stop]), strict=True
        ):
            for column, step in enumerate(steps):
                assert step.layer == graph.layers[column]
                assert step.cluster == graph.assigned[column, image]
                assert step.own == image
                # The vote itself says so, not only that the image was recognised.
                vote = graph.sequence[column][int(step.probabilities.argmax())]
                assert vote == step.cluster
                assert step.confidence > 0.99


def test_the_steps_are_those_worked_out_by_hand(graph, lenet, others):
    found = flow.paths(graph, lenet, others)
    for column, layer in enumerate(LAYERS):
        known = graph.clusters[column].features
        raw = features(lenet, others, layer, reduce="none").values
        rows = ((raw - known.mean) @ known.basis).astype(np.float64)
        for row, steps in zip(rows, found, strict=True):
            lengths = np.linalg.norm(known.values.astype(np.float64) - row, axis=1)
            near = np.argsort(lengths)[:10]
            weights = 1 / lengths[near] / (1 / lengths[near]).sum()
            votes = [
                weights[graph.assigned[column, near] == at].sum() for at in graph.sequence[column]
            ]
            step = steps[column]
            np.testing.assert_allclose(step.probabilities, votes, rtol=1e-3, atol=1e-5)
            assert step.cluster == graph.sequence[column][int(np.argmax(votes))]
            assert step.confidence == pytest.approx(max(votes), rel=1e-3)
            assert step.distance == pytest.approx(lengths[near].mean(), rel=1e-3)
            assert (step.own, step.others) == (None, None)


def test_one_image_gives_what_it_gives_among_others(graph, lenet, others):
    alone, among = flow.path(graph, lenet, others[5]), flow.paths(graph, lenet, others)[5]
    assert [step.cluster for step in alone] == [step.cluster for step in among]
    for one, other in zip(alone, among, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)


def test_the_order_of_a_column_changes_only_that_of_the_probabilities(graph, lenet, others):
    turned = dataclasses.replace(graph, sequence=tuple(one[::-1] for one in graph.sequence))
    for one, other in zip(
        flow.path(graph, lenet, others[0]), flow.path(turned, lenet, others[0]), strict=True
    ):
        assert one.cluster == other.cluster
        np.testing.assert_allclose(one.probabilities, other.probabilities[::-1])


def test_noise_is_far_and_images_of_the_same_kind_are_not(graph, lenet, others):
    rng = np.random.default_rng(0)
    noise = rng.random((5, 1, 28, 28)).astype(np.float32)
    assert all(steps[0].far for steps in flow.paths(graph, lenet, noise))
    kind = flow.paths(graph, lenet, others)
    assert np.mean([step.far for steps in kind for step in steps]) < 0.1
    assert kind[0][0].typical == kind[1][0].typical > 0


def test_an_attacked_image_is_no_longer_the_one_of_the_data_set(graph, lenet, shown):
    moved = np.clip(shown[:1] + np.float32(2 / 255), 0, 1)
    assert [step.own for step in flow.paths(graph, lenet, moved)[0]] == [None] * len(LAYERS)


def test_an_image_that_only_one_layer_takes_for_a_known_one_is_another(graph, lenet, shown):
    """No digit reaches the corner, so the components of the pixels leave it out."""
    corner = shown[:1].copy()
    assert not shown[:, 0, 0, 0].any()
    corner[0, 0, 0, 0] = 1
    steps = flow.paths(graph, lenet, corner)[0]
    assert steps[0].distance < steps[0].typical
    assert [step.own for step in steps] == [None] * len(LAYERS)


def test_of_the_same_picture_twice_the_first_is_meant(lenet, few, shown):
    pictures = few.images.copy()
    pictures[40] = pictures[3]
    twice = features(lenet, dataclasses.replace(few, images=pictures), "conv1")
    labels = np.zeros(len(few))
    # Both are as near, and a vote of equals goes to the lower number.
    labels[3], labels[40] = 2, 1
    step = flow.path(flow.build({"conv1": clustered(twice, labels)}), lenet, shown[3])[0]
    assert (step.own, step.cluster) == (3, 2)


def test_what_the_others_say_of_a_known_image_is_told_apart(graph, lenet, shown):
    """An image whose cluster is its own alone."""
    lonely = 7
    assigned = graph.assigned.copy()
    assigned[:, lonely] = 9
    alone = flow.unordered(dataclasses.replace(graph, assigned=assigned))
    for column, step in enumerate(flow.path(alone, lenet, shown[lonely])):
        place = alone.sequence[column].index(9)
        assert step.cluster == 9
        assert step.confidence > 0.99
        assert step.others[place] == 0
        assert step.others.sum() == pytest.approx(1)
        # Its distance is that from the others, not the one from itself.
        assert step.distance > 0.1 * step.typical


# ------------------------------------------------------------------------ reliability
def test_reliability_is_leaving_one_out(graph):
    for column, found in enumerate(flow.reliability(graph)):
        values = graph.clusters[column].features.values.astype(np.float64)
        lengths = np.linalg.norm(values[:, None] - values, axis=2)
        np.fill_diagonal(lengths, np.inf)
        near = np.argsort(lengths, axis=1)[:, :10]
        truth = graph.assigned[column]
        weights = 1 / np.take_along_axis(lengths, near, 1)
        sums = [(weights * (truth[near] == at)).sum(axis=1) for at in graph.sequence[column]]
        called = np.array(graph.sequence[column])[np.argmax(sums, axis=0)]
        assert found.layer == graph.layers[column]
        assert found.accuracy == pytest.approx((called == truth).mean())
        assert found.accuracy > found.chance == max(map(len, graph.nodes[column])) / len(graph)
        for place, cluster in enumerate(graph.sequence[column]):
            of_it, so = truth == cluster, called == cluster
            assert found.recall[place] == pytest.approx((of_it & so).sum() / of_it.sum())
            if so.any():
                assert found.precision[place] == pytest.approx((of_it & so).sum() / so.sum())


# -------------------------------------------------------------------------- bad input
def test_a_layer_of_one_node_needs_no_features(graph, lenet, others):
    one = flow.build({"pixels": clustered(None, np.zeros(150)), "conv1": graph.clusters[1]})
    first, second = flow.path(one, lenet, others[0])
    assert (first.cluster, first.confidence, first.probabilities.tolist()) == (0, 1.0, [1.0])
    assert np.isnan(first.distance)
    assert second.cluster == flow.path(graph, lenet, others[0])[1].cluster
    assert flow.reliability(one)[0].accuracy == 1


def test_identical_and_few_images(lenet, few, others):
    known = features(lenet, few.subset(np.arange(3)), "conv1")
    same = dataclasses.replace(known, values=np.ones_like(known.values))
    for found, labels in ((known, [0, 1, NOISE]), (same, [0, 0, 0])):
        steps = flow.path(
            flow.build({"conv1": clustered(found, np.array(labels))}), lenet, others[0]
        )
        assert steps[0].cluster in labels
        assert steps[0].probabilities.sum() == pytest.approx(1)
    # Of few images none is farther than 99 % of them; nor is what lies between two, of which
    # the components leave nothing out but rounding.
    whole = dataclasses.replace(known, explained_variance=1 - 1e-12)
    mine = flow.build({"conv1": clustered(whole, np.array([0, 1, NOISE]))})
    first, second, third = (lenet.prepare(one) for one in few.images[:3])
    between = [first + (second - first) * part for part in np.linspace(0, 1, 9, dtype=np.float32)]
    for steps in flow.paths(mine, lenet, np.stack([*between, third])):
        assert not steps[0].far
    assert flow.path(mine, lenet, np.ones((1, 28, 28), np.float32))[0].far
    alike = flow.build({"conv1": clustered(same, np.array([0, 0, 1]))})
    assert flow.reliability(alike)[0].accuracy == pytest.approx(2 / 3)


def test_refusals(graph, lenet, others):
    bare = dataclasses.replace(graph, clusters=())
    for given in (bare, flow.build({"a": clustered(None, np.arange(2))})):
        with pytest.raises(ValueError, match="graph: expected the features"):
            flow.path(given, lenet, others[0])
        with pytest.raises(ValueError, match="graph: expected the features"):
            flow.reliability(given)
    with pytest.raises(ValueError, match="expected clusters of lenet5-mnist, got vgg16"):
        flow.path(dataclasses.replace(graph, model="vgg16"), lenet, others[0])
    foreign = dataclasses.replace(graph.clusters[1].features, model="vgg16")
    mixed = (graph.clusters[0], dataclasses.replace(graph.clusters[1], features=foreign))
    with pytest.raises(ValueError, match="expected clusters of lenet5-mnist, got vgg16"):
        flow.path(
            dataclasses.replace(graph, clusters=(*mixed, *graph.clusters[2:])), lenet, others[0]
        )
    for function in (flow.reliability, lambda given: flow.path(given, lenet, others[0])):
        with pytest.raises(TypeError, match="graph: expected a FlowGraph, got list"):
            function([])
    with pytest.raises(TypeError, match="model: expected a loaded model, got str"):
        flow.path(graph, "lenet5-mnist", others[0])
    with pytest.raises(ValueError, match="expected shape"):
        flow.path(graph, lenet, others)
    with pytest.raises(ValueError, match="expected shape"):
        flow.path(graph, lenet, others[0, :, :9])
    with pytest.raises(ValueError, match="finite"):
        flow.path(graph, lenet, np.full((1, 28, 28), np.nan, np.float32))


def test_looking_for_a_path_can_be_stopped(graph, lenet, others):
    said: list[str] = []

    def stop(done: int, total: int, message: str) -> None:
        said.append(message)
        if message == "Looking for the cluster in relu3":
            raise InterruptedError(message)

    with pytest.raises(InterruptedError):
        flow.paths(graph, lenet, others, progress=stop)
    assert said[-2] == "Looking for the cluster in conv1"


def test_an_answer_of_no_number_is_refused(graph, lenet, others, monkeypatch):
    def broken(model, known, images, **_):
        return [np.full((len(images), one.raw_dim), np.inf, np.float32) for one in known]

    monkeypatch.setattr("xai.flow.journeys.pathfinding.answers", broken)
    with pytest.raises(ValueError, match="the answer of pixels to it holds NaN or infinity"):
        flow.path(graph, lenet, others[0])
