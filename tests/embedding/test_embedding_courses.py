"""Courses: where layers put images, when these leave their class, and all from one pass."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import LAYERS, keys_of

from xai import datasets
from xai.embedding import Embedding, Features, features, place, run
from xai.embedding.courses import Course, course, derailment
from xai.embedding.export import course_csv
from xai.features.gathering import Gathered, features_of_all
from xai.models.loaded import LoadedModel


@pytest.fixture(scope="module")
def few(digits: datasets.ImageSet) -> datasets.ImageSet:
    return digits.subset(np.arange(120))


@pytest.fixture(scope="module")
def gathered(lenet: LoadedModel, few: datasets.ImageSet) -> Gathered:
    return features_of_all(keys_of(lenet, few), lenet, few)


@pytest.fixture(scope="module")
def rows(gathered: Gathered) -> list[tuple[Features, Embedding]]:
    return [(found, run(found, "pca")) for found in gathered.features.values()]


@pytest.fixture(scope="module")
def shown(lenet: LoadedModel, few: datasets.ImageSet) -> np.ndarray:
    """Three images of the set: the first, and one each of the next two other classes."""
    places = [int(np.flatnonzero(few.labels == label)[0]) for label in (few.labels[0], 1, 7)]
    return np.stack([lenet.prepare(few.images[at]) for at in places])


# ------------------------------------------------------------------------- derailment
@pytest.mark.parametrize(
    ("nearest", "expected"),
    [
        ([3, 3, 3], None),
        ([3, 3, 8], 2),
        ([3, 8, 8, 8], 1),
        ([3, 8, 3, 8, 5], 3),
        ([3, 8, 8, 3], None),
        ([8, 5, 8], 0),
        ([8], 0),
        ([3], None),
    ],
)
def test_derailment_is_where_a_class_is_left_for_good(nearest, expected) -> None:
    assert derailment(np.array(nearest), 3) == expected


def test_derailment_needs_a_layer() -> None:
    with pytest.raises(ValueError, match="nearest"):
        derailment(np.array([], np.int64), 3)


# ---------------------------------------------------------------------------- courses
def test_a_course_agrees_with_placing_and_with_centroids_worked_out(
    lenet, few, rows, shown
) -> None:
    found = course(lenet, rows, shown, few.labels, few.classes)
    assert found.layers == LAYERS
    assert found.present.tolist() == np.unique(few.labels).tolist()
    assert found.counts.tolist() == [int((few.labels == p).sum()) for p in found.present]
    for stage, (layer, drawn) in zip(found.stages, rows, strict=True):
        np.testing.assert_array_equal(stage.points, drawn.points)
        for row, image in enumerate(shown):
            alone = place(lenet, image, layer, drawn)
            np.testing.assert_allclose(stage.placed[row], alone.point, rtol=1e-4, atol=1e-4)
        raw = features(lenet, shown, layer.layer, reduce="none").values
        at = layer.project(raw).astype(np.float64)
        for column, label in enumerate(found.present):
            centre = layer.values[few.labels == label].astype(np.float64).mean(axis=0)
            expected = np.sqrt(((at - centre) ** 2).sum(axis=1))
            np.testing.assert_allclose(stage.distances[:, column], expected, rtol=1e-4)
        assert stage.nearest.tolist() == found.present[stage.distances.argmin(axis=1)].tolist()


def test_an_image_is_no_evidence_of_where_it_belongs(lenet, few, rows, shown) -> None:
    """Relabelled as the only other member of a class, an image is with that class by itself."""
    own = 0
    labels = few.labels.copy()
    rest = np.flatnonzero(labels == labels[own])
    labels[rest[rest != own]] = (labels[own] + 1) % 10
    far = int(np.flatnonzero(labels == (labels[own] + 2) % 10)[0])
    labels[far] = labels[own]
    whole = course(lenet, rows, shown[:1], labels, few.classes)
    without = course(lenet, rows, shown[:1], labels, few.classes, own=own)
    column = whole.present.tolist().index(int(labels[own]))
    assert without.counts[column] == whole.counts[column] - 1 == 1
    for before, after, (layer, _) in zip(whole.stages, without.stages, rows, strict=True):
        apart = np.linalg.norm(layer.values[own].astype(float) - layer.values[far])
        assert after.distances[0, column] == pytest.approx(apart, rel=1e-4)
        assert before.distances[0, column] == pytest.approx(apart / 2, rel=1e-3)
        others = np.arange(len(whole.present)) != column
        np.testing.assert_allclose(before.distances[0, others], after.distances[0, others])


def test_an_image_relabelled_on_purpose_leaves_its_class_at_once(lenet, few, rows, shown) -> None:
    """The label decides nothing but what counts as leaving."""
    found = course(lenet, rows, shown, few.labels, few.classes)
    strangers = [label for label in range(10) if label not in found.nearest[0]]
    assert found.derailment(0, strangers[0]) == 0
    end = int(found.nearest[0, -1])
    assert found.derailment(0, end) is None


def test_the_only_image_of_its_class_stands_for_it(lenet, few, shown) -> None:
    chosen = few.subset(np.array([int(np.flatnonzero(few.labels == n)[0]) for n in range(10)]))
    layer = features(lenet, chosen, None)
    image = lenet.prepare(chosen.images[4])[None]
    found = course(lenet, [(layer, run(layer, "pca"))], image, chosen.labels, chosen.classes, own=4)
    assert found.nearest[0, 0] == 4
    assert found.stages[0].distances[0, 4] == pytest.approx(0, abs=1e-4)
    assert len(found.notes) == 2
    assert "stands for its class by itself" in found.notes[0]
    assert "nearest image" in found.notes[1]


def test_one_pass_of_the_network_serves_all_layers(lenet, few, rows, shown, passes) -> None:
    course(lenet, rows, shown, few.labels, few.classes)
    # The first image twice, to find the shapes out; then all images once.
    assert passes == [2, len(shown)]


def test_a_course_as_a_table(lenet, few, rows, shown) -> None:
    found = course(lenet, rows, shown, few.labels, ("=1+1", *few.classes[1:]))
    lines = course_csv(found, ("clean", "noise", "attacked")).split("\r\n")
    assert lines[0].startswith("layer,image,nearest,'=1+1,")
    assert len(lines) == 1 + 3 * len(LAYERS) + 1
    assert lines[1].startswith("pixels,clean,")
    with pytest.raises(ValueError, match="course: expected 1 images"):
        course_csv(found, ("clean",))


def test_refusals(lenet, few, rows, shown) -> None:
    def fails(match: str, given=rows, labels=few.labels, classes=few.classes, **more) -> None:
        with pytest.raises(ValueError, match=match):
            course(lenet, given, shown, labels, classes, **more)

    fails("at least one layer", given=[])
    layer, drawn = rows[0]
    fails("expected features of lenet5-mnist", [(dataclasses.replace(layer, model="vgg"), drawn)])
    fails("same 120 images", [(dataclasses.replace(layer, ids=()), drawn), rows[1]][::-1])
    fails("these features", [(layer, rows[1][1])])
    fails("same 119 images", labels=few.labels[:-1])
    fails("labels: expected 0 to 4", classes=few.classes[:5])
    fails("labels: expected whole numbers", labels=few.labels.astype(float))
    fails("own: expected 0 to 119", own=120)
    with pytest.raises(ValueError, match="shape"):
        course(lenet, rows, shown[:, :, :5], few.labels, few.classes)


def test_a_course_is_read_by_image(rows, lenet, few, shown) -> None:
    found: Course = course(lenet, rows, shown, few.labels, few.classes)
    assert found.nearest.shape == (3, len(LAYERS))
    assert found.nearest[1].tolist() == [stage.nearest[1] for stage in found.stages]


def test_a_relabelled_sample_derails_where_centroids_worked_out_say(lenet, few, rows) -> None:
    """Each is given the class that its pixels lie with, and does not speak for that class."""

    def nearest(own: int, labels: np.ndarray) -> list[int]:
        others = np.arange(len(labels)) != own
        found = []
        for layer, _ in rows:
            values = layer.values.astype(np.float64)
            centres = np.stack([values[(labels == k) & others].mean(axis=0) for k in range(10)])
            found.append(int(np.linalg.norm(values[own] - centres, axis=1).argmin()))
        return found

    ends = []
    for own in range(60):
        stranger = nearest(own, few.labels)[0]
        if stranger == few.labels[own]:
            continue
        labels = few.labels.copy()
        labels[own] = stranger
        image = lenet.prepare(few.images[own])[None]
        found = course(lenet, rows, image, labels, few.classes, own=own)
        expected = nearest(own, labels)
        assert found.nearest[0].tolist() == expected
        assert expected[0] == stranger
        still = [place for place, label in enumerate(expected) if label == stranger]
        end = still[-1] + 1
        ends.append(found.derailment(0, stranger))
        assert ends[-1] == (end if end < len(expected) else None)
    # The network's last layer knows better than the pixels, for most of them.
    assert len(ends) >= 5
    assert sum(end is not None for end in ends) > len(ends) / 2
