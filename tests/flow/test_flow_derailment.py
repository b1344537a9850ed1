"""Where misclassified images leave their class's stream, and where classes part."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from xai.flow.building import unordered
from xai.flow.graph import NOISE, SMALL, FlowGraph
from xai.flow.reports.derailing import derailments
from xai.flow.reports.parting import parting
from xai.flow.reports.streams import leaving, streams


def graph_of(assigned, labels=None, predicted=None, classes=("a", "b", "c")) -> FlowGraph:
    assigned = np.array(assigned, np.int64)
    truth = None if labels is None else np.array(labels, np.int64)
    said = None if predicted is None else np.array(predicted, np.int64)
    return unordered(
        FlowGraph(
            layers=tuple(f"layer{at}" for at in range(len(assigned))),
            assigned=assigned,
            sequence=(),
            lines=assigned,
            labels=truth,
            classes=classes,
            predicted=said,
            model_classes=classes,
            right=None if said is None or truth is None else truth == said,
        )
    )


def clean(depth: int = 6, each: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, each with a cluster of its own in every layer."""
    labels = np.repeat(np.arange(3), each)
    return np.tile(labels, (depth, 1)), labels


def strayed(*images: int) -> np.ndarray:
    """Predictions that are wrong for some images: the next class."""
    predicted = clean()[1].copy()
    for image in images:
        predicted[image] = (predicted[image] + 1) % 3
    return predicted


# --------------------------------------------------------------------------- streams
@pytest.mark.parametrize("layer", range(6))
def test_an_image_relabelled_from_a_layer_on_is_reported_there(layer):
    assigned, labels = clean()
    assigned[layer:, 4] = 1
    found = derailments(graph_of(assigned, labels, strayed(4)))
    assert found.images.tolist() == [4]
    assert (found.first.tolist(), found.good.tolist()) == ([layer], [layer])
    assert found.at(layer).tolist() == [4]
    gone = found.went(4)
    assert (gone.column, gone.cluster, gone.majority) == (layer, 1, 1)


@pytest.mark.parametrize("layer", range(5))
def test_an_excursion_counts_as_first_and_not_for_good(layer):
    assigned, labels = clean()
    assigned[layer, 4] = 2
    found = derailments(graph_of(assigned, labels, strayed(4)))
    assert (found.first.tolist(), found.good.tolist()) == ([layer], [-1])
    assert found.went(4, "first").cluster == 2
    assert found.went(4, "good") is None
    assert found.at(-1, "good").tolist() == [4]


@pytest.mark.parametrize(
    ("inside", "first", "good"),
    [("111", -1, -1), ("110", 2, 2), ("011", 0, -1), ("000", 0, 0), ("101", 1, -1), ("010", 0, 2)],
)
def test_leaving(inside, first, good):
    column = np.array([[one == "1"] for one in inside])
    assert leaving(column, "first").tolist() == [first]
    assert leaving(column, "good").tolist() == [good]


def test_streams_are_shares_without_the_image_itself():
    """Against the definition in fractions, on random clusters with noise and folded ones."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 40)
    assigned = rng.integers(-2, 4, (3, 40))
    found = streams(graph_of(assigned, labels), labels)
    for column, image in np.ndindex(3, 40):
        others = np.arange(40) != image
        node = assigned[column, others] == assigned[column, image]
        mine = labels[others] == labels[image]
        given = Fraction(int((node & mine).sum()), int(mine.sum()))
        everywhere = Fraction(int(node.sum()), 39)
        assert found[column, image] == (given > 0 and given >= everywhere)
    assert 0.2 < found.mean() < 0.8


def test_a_node_that_holds_everything_is_in_every_stream_noise_too():
    assigned, labels = clean()
    assigned[0], assigned[1] = 0, NOISE
    found = derailments(graph_of(assigned, labels, strayed(0, 15)))
    assert found.inside[:2].all()
    assert found.first.tolist() == [-1, -1]


def test_a_stray_image_does_not_make_a_small_cluster_its_own():
    assigned, labels = clean()
    # With itself it would be a tenth of its class in a tenth of all images.
    assigned[5, [10, 11, 0]] = 7
    found = derailments(graph_of(assigned, labels, strayed(0)))
    assert found.good.tolist() == [5]


def test_an_image_alone_in_its_node_has_left_its_stream():
    assigned, labels = clean()
    assigned[5, 0] = 7
    found = derailments(graph_of(assigned, labels, strayed(0)))
    assert found.good.tolist() == [5]


# -------------------------------------------------------------------------- histogram
def test_the_baseline_is_the_mean_over_right_images_of_the_same_classes():
    assigned, labels = clean()
    assigned[2:, 0] = 1  # misclassified, of a
    assigned[4:, 1] = 1  # right, of a: one of the nine that are
    predicted = strayed(0, 12)
    found = derailments(graph_of(assigned, labels, predicted))
    shown = found.histogram()
    assert shown.counts.tolist() == [0, 0, 1, 0, 0, 0, 1]
    assert shown.compared == 2
    np.testing.assert_allclose(shown.expected, [0, 0, 0, 0, 1 / 9, 0, 8 / 9 + 1])
    assert shown.expected.sum() == pytest.approx(shown.counts.sum())
    # One draw in nine is 1 at the fifth layer: more than 5 % of them.
    assert (shown.low[4], shown.high[4]) == (0, 1)
    assert (shown.low[6], shown.high[6]) == (1, 2)


def test_the_band_holds_nine_draws_in_ten_of_a_binomial():
    assigned, labels = clean(each=100)
    assigned[3:, :40] = 1
    predicted = labels.copy()
    predicted[50:70] = 2
    found = derailments(graph_of(assigned, labels, predicted)).histogram()
    # Of 80 right images of a, 40 leave at the fourth layer, and 20 are drawn.
    assert found.expected[3] == pytest.approx(10)
    assert 6 <= found.low[3] <= 7
    assert 13 <= found.high[3] <= 14
    again = derailments(graph_of(assigned, labels, predicted)).histogram()
    np.testing.assert_array_equal(found.low, again.low)


def test_pairs_hold_all_misclassified_images_the_commonest_first():
    assigned, labels = clean()
    assigned[1:, [3, 4]] = 1
    predicted = strayed(3, 4, 25)
    found = derailments(graph_of(assigned, labels, predicted))
    first, second = found.pairs()
    assert (first.true, first.predicted, first.names) == (0, 1, ("a", "b"))
    assert first.images.tolist() == [3, 4]
    assert first.counts.tolist() == [0, 2, 0, 0, 0, 0, 0]
    assert (second.names, second.counts.tolist()) == (("c", "a"), [0, 0, 0, 0, 0, 0, 1])
    # What the network says is named as the network calls it.
    other = dataclasses.replace(found.graph, model_classes=("x", "y", "z"))
    assert [pair.names for pair in derailments(other).pairs()] == [("a", "y"), ("c", "x")]
    total = sum(pair.counts for pair in found.pairs())
    assert total.tolist() == found.histogram().counts.tolist()


# -------------------------------------------------------------------------- bad input
def test_what_cannot_be_told_is_refused():
    assigned, labels = clean()
    with pytest.raises(ValueError, match="images of known classes"):
        derailments(graph_of(assigned))
    with pytest.raises(ValueError, match="nobody can tell"):
        derailments(graph_of(assigned, labels))
    found = derailments(graph_of(assigned, labels, strayed(4)))
    with pytest.raises(ValueError, match="kind: expected one of first, good"):
        found.histogram("best")
    with pytest.raises(TypeError, match="seed: expected a whole number"):
        found.histogram(seed=0.5)
    for function in (derailments, parting):
        with pytest.raises(TypeError, match="graph: expected a FlowGraph, got list"):
            function([])
    with pytest.raises(ValueError, match="expected a misclassified one, got 5"):
        found.went(5)


def test_without_a_mistake_nothing_derails():
    assigned, labels = clean()
    found = derailments(graph_of(assigned, labels, labels))
    assert not len(found.images)
    assert found.pairs() == ()
    assert found.histogram().counts.tolist() == [0] * 7
    assert found.histogram().compared == 0
    assert "none derails" in found.notes[0]


def test_a_class_of_one_image_has_no_stream():
    assigned, labels = clean()
    labels = labels.copy()
    labels[0] = 3
    found = derailments(graph_of(assigned, labels, clean()[1], classes=tuple("abcd")))
    assert not len(found.images)
    assert "1 of 1 misclassified images are left out" in found.notes[0]


def test_a_class_without_a_right_image_has_no_baseline():
    assigned, labels = clean()
    predicted = np.where(labels == 2, 1, labels)
    found = derailments(graph_of(assigned, labels, predicted))
    shown = found.histogram()
    assert (int(shown.counts.sum()), shown.compared) == (10, 0)
    assert not shown.expected.any()
    assert "No image is right of c" in found.notes[0]


# ---------------------------------------------------------------------------- parting
def test_parting_counts_pairs_as_pairs_are_counted():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 30)
    assigned = rng.integers(-2, 3, (2, 30))
    found = parting(graph_of(assigned, labels, classes=tuple("abcd")))
    assert found.present.tolist() == [0, 1, 2]
    for column in range(2):
        kept = assigned[column] >= 0
        for one, other in np.ndindex(3, 3):
            pairs = [
                kept[i] and assigned[column, i] == assigned[column, j]
                for i in np.flatnonzero(labels == one)
                for j in np.flatnonzero(labels == other)
                if i != j
            ]
            assert found.together(column)[one, other] == pytest.approx(np.mean(pairs))
            assert found.beside(one)[column, other] == pytest.approx(np.mean(pairs))


def test_a_class_has_parted_where_most_of_it_is_in_nodes_of_its_own():
    assigned, labels = clean(depth=5)
    assigned[0] = 0
    assigned[1] = NOISE
    assigned[2, labels != 2] = 0  # a and b in one node, c in its own
    assigned[3, labels == 2] = SMALL
    found = parting(graph_of(assigned, labels))
    assert found.own[:, 2].tolist() == [0, 0, 1, 0, 1]
    # Half of a node is enough to call it one's own.
    assert found.own[:, 0].tolist() == [0, 0, 1, 1, 1]
    assert found.first.tolist() == [2, 2, 2]
    assert found.settled.tolist() == [2, 2, 4]
    assert found.beside(0)[:, 1].tolist() == [1, 0, 1, 0, 0]
    assert found.beside(2)[:, 2].tolist() == [1, 0, 1, 0, 1]


def test_a_node_is_a_class_s_own_from_half_of_it_on():
    labels = np.array([0] * 9 + [1] * 8 + [2] * 3)
    found = parting(graph_of([[0] * 20, [0] * 18 + [1] * 2], labels))
    assert found.own.tolist() == [[0, 0, 0], [1, 0, 2 / 3]]


def test_a_class_that_never_parts_and_one_of_a_single_image():
    labels = np.array([0, 0, 0, 1])
    found = parting(graph_of([[0, 1, 2, 0], [0, 0, 0, 0]], labels))
    assert found.first.tolist() == [0, 0]
    assert found.settled.tolist() == [0, -1]
    assert np.isnan(found.beside(1)[:, 1]).all()
    with pytest.raises(ValueError, match="class: expected one that has images, got 2"):
        found.beside(2)
    with pytest.raises(ValueError, match="known classes"):
        parting(graph_of([[0, 0]]))
