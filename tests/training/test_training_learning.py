"""When images are learned and forgotten, against a loop over every image."""

from __future__ import annotations

import numpy as np
import pytest

from xai.training import TrainingParams, learning, train
from xai.training.learning import Learning


def brute(right: np.ndarray) -> dict[str, list[int]]:
    """Look at one image after the other, one epoch after the other."""
    found: dict[str, list[int]] = {"first": [], "good": [], "forgotten": []}
    for course in right.T.tolist():
        first = good = -1
        events = 0
        for look, now in enumerate(course):
            if now and first < 0:
                first = look
            if look and course[look - 1] and not now:
                events += 1
            if good < 0 and all(course[look:]):
                good = look
        found["first"].append(first)
        found["good"].append(good)
        found["forgotten"].append(events)
    return found


def of(right: np.ndarray, classes: int = 3) -> Learning:
    labels = np.arange(right.shape[1]) % classes
    return learning.learning(right, labels, tuple(f"class {k}" for k in range(classes)))


@pytest.mark.parametrize("looks", [1, 2, 3, 17])
def test_counts_are_those_of_a_loop(looks: int) -> None:
    rng = np.random.default_rng(looks)
    right = rng.random((looks, 300)) < rng.random(300)
    right[:, 0], right[:, 1] = False, True
    found, expected = of(right), brute(right)
    assert found.first.tolist() == expected["first"]
    assert found.good.tolist() == expected["good"]
    assert found.forgotten.tolist() == expected["forgotten"]
    assert found.never.tolist() == [first < 0 for first in expected["first"]]
    kept = [
        first >= 0 and not events
        for first, events in zip(expected["first"], expected["forgotten"], strict=True)
    ]
    assert found.unforgettable.tolist() == kept


def test_one_image_of_each_kind() -> None:
    courses = np.array(
        [
            [1, 1, 1, 1],  # from the start
            [0, 0, 0, 0],  # never
            [0, 1, 0, 1],  # forgotten, learned again
            [1, 0, 1, 0],  # forgotten twice, wrong at the end
            [0, 0, 0, 1],  # last
        ],
        bool,
    ).T
    found = of(courses)
    assert found.first.tolist() == [0, -1, 1, 0, 3]
    assert found.good.tolist() == [0, -1, 3, -1, 3]
    assert found.forgotten.tolist() == [0, 0, 1, 2, 0]
    assert found.hardest().tolist() == [3, 2, 1, 4, 0]
    shares = found.courses()
    assert shares["ever"].tolist() == [0.4, 0.6, 0.6, 0.8]
    assert shares["now"].tolist() == [0.4, 0.4, 0.4, 0.6]
    assert shares["good"].tolist() == [0.2, 0.2, 0.2, 0.6]
    # Labels 0 1 2 0 1: hard are 1, 2 and 3.
    assert found.by_class().tolist() == [0.5, 0.5, 1.0]


def test_courses_never_cross() -> None:
    right = np.random.default_rng(0).random((9, 200)) < 0.6
    shares = of(right).courses()
    assert (np.diff(shares["ever"]) >= 0).all()
    assert (np.diff(shares["good"]) >= 0).all()
    assert (shares["good"] <= shares["now"]).all()
    assert (shares["now"] <= shares["ever"]).all()


def test_a_class_without_images_has_no_share() -> None:
    found = learning.learning(np.ones((2, 2), bool), np.array([0, 2]), ("a", "b", "c"))
    np.testing.assert_array_equal(found.by_class(), [0.0, np.nan, 0.0])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"right": np.ones((2, 3))}, TypeError, "booleans"),
        ({"right": np.ones((0, 3), bool)}, ValueError, "looks and images"),
        ({"right": np.ones(3, bool)}, ValueError, "looks and images"),
        ({"labels": np.array([0, 1])}, ValueError, "3 places in the 2 classes"),
        ({"labels": np.array([0, 1, 2])}, ValueError, "3 places in the 2 classes"),
        ({"labels": np.array([0, 1, -1])}, ValueError, "3 places in the 2 classes"),
        ({"ids": ("a",)}, ValueError, "ids: expected 3"),
        ({"epochs": np.array([2.0, 1.0])}, ValueError, "rising"),
        ({"epochs": np.array([1.0, np.nan])}, ValueError, "rising"),
        ({"epochs": np.array([1.0, np.inf])}, ValueError, "rising"),
        ({"epochs": np.array([1.0])}, ValueError, "2 rising"),
        ({"labels": np.array([0.5, 1.0, 0.0])}, ValueError, "3 places in the 2 classes"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, error: type, message: str) -> None:
    given = {"right": np.ones((2, 3), bool), "labels": np.array([0, 1, 0]), "classes": ("a", "b")}
    with pytest.raises(error, match=message):
        learning.learning(**(given | change))


def test_a_run_is_read_as_it_was_recorded(digits, others) -> None:
    run = train(
        "lenet5-mnist", digits, test=others, params=TrainingParams(epochs=2, batch=30, rate=4e-3)
    )
    trained = learning.of_training(run)
    np.testing.assert_array_equal(trained.right, run.right)
    assert trained.epochs.tolist() == [1, 2]
    assert trained.ids == digits.ids
    tested = learning.of_tests(run)
    # Whole epochs alone: marks within the first are no further looks.
    assert tested.epochs.tolist() == [1, 2]
    assert tested.ids == others.ids
    for look, epoch in enumerate((1, 2)):
        model = run.load(epoch)
        seen = model.predict_batch(np.stack([model.prepare(image) for image in others.images]))
        assert tested.right[look].tolist() == [
            one.label == label for one, label in zip(seen, others.labels, strict=True)
        ]
    bare = train("lenet5-mnist", digits, params=TrainingParams(epochs=1, batch=30))
    with pytest.raises(ValueError, match="no test images"):
        learning.of_tests(bare)
