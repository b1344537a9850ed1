"""Robust accuracy: counted as a loop counts it, whatever the batch, the stop and the state."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

import numpy as np
import pytest
from traces import digest

from xai import datasets
from xai.attacks import ATTACKS, Goal, run, volley
from xai.attacks.algorithms.norms import noise
from xai.attacks.studies.intervals import wilson
from xai.attacks.studies.pace import pace
from xai.attacks.studies.robustness import Robustness, robustness
from xai.attacks.studies.robustness_table import accuracy_table, answer_table
from xai.datasets import ImageSet
from xai.models.loaded import LoadedModel

EIGHTS = np.array([8, 24, 48]) / 255
METHODS = ("fgsm", "pgd", "noise")
FEW = {"pgd": {"steps": 5}}


@pytest.fixture(scope="module")
def some() -> ImageSet:
    """Thirty digits, and one that LeNet-5 gets wrong."""
    whole = datasets.load("mnist")
    drawn = [whole.index(name) for name in datasets.load("mnist", n=30).ids]
    return whole.subset([*drawn, whole.index("mnist-test-04839")])


@pytest.fixture(scope="module")
def found(lenet: LoadedModel, some: ImageSet) -> Robustness:
    return robustness(lenet, some, methods=METHODS, strengths=EIGHTS, params=FEW, seed=3)


def asked(model: LoadedModel, images: ImageSet, **options: Any) -> Robustness:
    given: dict[str, Any] = {"methods": METHODS, "strengths": EIGHTS, "params": FEW, "seed": 3}
    return robustness(model, images, **(given | options))


def same(one: Robustness, other: Robustness) -> bool:
    return (
        one.done == other.done
        and np.array_equal(one.clean, other.clean)
        and np.array_equal(one.predicted, other.predicted)
    )


# ------------------------------------------------------------------------ against a loop
def test_each_answer_is_that_of_a_single_attack(
    lenet: LoadedModel, some: ImageSet, found: Robustness
) -> None:
    drawn = volley.seeds(3, len(some))
    for place in (0, 1, 7, 19, len(some) - 1):
        image, label = lenet.prepare(some.images[place]), int(some.labels[place])
        clean = lenet.predict(image).label
        assert found.clean[place] == clean
        fallen = None if clean == label else clean
        for turn, eps in enumerate(EIGHTS):
            if clean != label:
                assert (found.predicted[:, turn, place] == clean).all()
                continue
            goal = Goal.untargeted(label)
            once = run(lenet, image, "fgsm", goal=goal, params={"eps": eps})
            assert found.predicted[0, turn, place] == once.after.label
            if fallen is None:
                many = run(
                    lenet,
                    image,
                    "pgd",
                    goal=goal,
                    params={"eps": eps, "steps": 5, "early_stop": True},
                    seed=drawn[place],
                )
                fallen = many.after.label if many.success else None
            assert found.predicted[1, turn, place] == (label if fallen is None else fallen)
            noisy = np.round(noise(image, eps, "linf", drawn[place]) * 255) / 255
            assert found.predicted[2, turn, place] == lenet.predict(noisy.astype("f4")).label


def test_shares_are_those_of_the_answers(found: Robustness, some: ImageSet) -> None:
    for row, method in enumerate(METHODS):
        right = found.predicted[row] == some.labels
        assert np.allclose(found.accuracy(method), right.mean(1))
        low, high = wilson(right.sum(1), len(some))
        assert np.allclose(found.interval(method), np.stack([low, high], 1))
        for place, label in enumerate(found.present):
            own = some.labels == label
            assert found.counts[place] == own.sum()
            expected = right[:, own].mean(1) if own.any() else np.full(len(EIGHTS), np.nan)
            assert np.allclose(found.by_class(method)[place], expected, equal_nan=True)
        counts = found.confusion(method, EIGHTS[1])
        assert counts.sum() == len(some)
        assert np.trace(counts) == right[1].sum()
        for true, seen in ((0, 3), (4, 9), (7, 7)):
            both = (some.labels == true) & (found.predicted[row, 1] == seen)
            places = [found.present.index(label) for label in (true, seen)]
            assert counts[places[0], places[1]] == both.sum()


def test_attacks_hurt_more_than_noise_and_iterative_ones_never_heal(found: Robustness) -> None:
    assert found.clean_hits == 30  # all but the one that was chosen for it
    assert (np.diff(found.accuracy("pgd")) <= 0).all()
    assert found.accuracy("pgd")[-1] < found.accuracy("fgsm")[-1] < found.accuracy("noise")[-1]
    fallen = found.predicted[1] != found.labels
    # The answer of the weakest attack that fools stays.
    for image in np.flatnonzero(fallen[0]):
        assert len(set(found.predicted[1, :, image])) == 1


def test_a_strength_of_zero_is_the_clean_image(lenet: LoadedModel, some: ImageSet) -> None:
    some = some.subset(range(6))
    found = asked(lenet, some, strengths=[0.0, 8 / 255])
    assert (found.predicted[:, 0] == found.clean).all()
    assert np.array_equal(found.predicted[:, 1], asked(lenet, some).predicted[:, 0])


# ----------------------------------------------------------------- batches, stop, resume
def test_batches_do_not_matter(lenet: LoadedModel, some: ImageSet, found: Robustness) -> None:
    assert same(asked(lenet, some, batch=7), found)


def test_a_stopped_run_goes_on_to_the_same_end(
    lenet: LoadedModel, some: ImageSet, found: Robustness
) -> None:
    reached: list[Robustness] = []

    def on_batch(state: Robustness) -> None:
        reached.append(state)
        if len(reached) == 2:
            raise KeyError(state.done)

    with pytest.raises(KeyError):
        asked(lenet, some, batch=9, on_batch=on_batch)
    half = reached[-1]
    assert [state.done for state in reached] == [9, 18]
    assert not half.complete
    assert (half.predicted[:, :, 18:] == -1).all()
    assert half.accuracy("pgd") == pytest.approx(
        (found.predicted[1, :, :18] == some.labels[:18]).mean(1)
    )
    further: list[int] = []
    whole = asked(lenet, some, state=half, on_batch=lambda state: further.append(state.done))
    assert same(whole, found)
    assert further == [len(some)]
    assert (half.predicted[:, :, 18:] == -1).all()  # what was published is not changed
    assert asked(lenet, some, state=whole) is whole


def test_a_stop_in_the_middle_of_an_attack_leaves_the_model_clean(
    lenet: LoadedModel, some: ImageSet
) -> None:
    before = digest(lenet.net)

    def progress(done: int, total: int, message: str) -> None:
        if "PGD" in message:
            raise KeyError(message)

    with pytest.raises(KeyError):
        asked(lenet, some, progress=progress)
    assert digest(lenet.net) == before


def test_progress_rises_to_its_total(lenet: LoadedModel, some: ImageSet) -> None:
    told: list[tuple[int, int]] = []
    asked(
        lenet,
        some.subset(range(12)),
        batch=5,
        progress=lambda done, total, message: told.append((done, total)),
    )
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert {total for _, total in told} == {12 * len(EIGHTS) * (1 + 5 + 1)}
    assert done[-1] <= told[0][1]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"strengths": [8 / 255, 24 / 255]},
        {"methods": ("fgsm", "noise"), "params": None},
        {"params": {"pgd": {"steps": 6}}},
        {"norm": "l2", "methods": ("pgd",)},
    ],
)
def test_a_state_of_another_run_is_refused(
    lenet: LoadedModel, some: ImageSet, found: Robustness, other: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="state: expected one of the same run"):
        asked(lenet, some, state=found, **other)
    with pytest.raises(ValueError, match="another data"):
        asked(lenet, some.subset(range(5)), state=found)


# -------------------------------------------------------------------------- what is asked
def test_lengths_bound_attacks_in_l2(lenet: LoadedModel, some: ImageSet) -> None:
    found = asked(
        lenet, some.subset(range(10)), methods=("pgd", "noise"), norm="l2", strengths=[0.5, 4.0]
    )
    assert found.accuracy("pgd")[1] < found.accuracy("noise")[1]
    assert found.settings[0].norm == "l2"
    assert found.settings[0].early_stop


def test_classes_that_the_model_lacks_are_left_out(lenet: LoadedModel, some: ImageSet) -> None:
    some = some.subset(range(12))
    names = tuple(name if name != "3" else "three" for name in some.classes)
    strange = dataclasses.replace(some, classes=names)
    found = asked(lenet, strange, strengths=[8 / 255])
    assert found.skipped == (some.labels == 3).sum() > 0
    assert found.total == 12 - found.skipped
    assert np.array_equal(found.labels, some.labels[found.places])
    none = dataclasses.replace(some, classes=tuple(f"no {name}" for name in some.classes))
    with pytest.raises(ValueError, match="some of the model's classes"):
        asked(lenet, none)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"methods": ()}, "at least one"),
        ({"methods": ("pgd", "pgd")}, "none twice"),
        ({"methods": ("cw",), "params": None}, "method: expected one of"),
        ({"methods": ("fgsm",), "params": None, "norm": "l2"}, "one of linf for fgsm"),
        ({"norm": "l7"}, "norm: expected"),
        ({"strengths": []}, "strengths: expected ascending"),
        ({"strengths": [0.2, 0.1]}, "strengths: expected ascending"),
        ({"strengths": [-0.1, 0.1]}, "strengths: expected ascending"),
        ({"strengths": [0.1, 1.1]}, "strengths: expected ascending"),
        ({"strengths": [float("nan")]}, "strengths: expected ascending"),
        ({"methods": ("fgsm",)}, "params: expected settings of"),
        ({"batch": 0}, "batch: expected"),
    ],
)
def test_what_makes_no_sense_is_refused(
    lenet: LoadedModel, some: ImageSet, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        asked(lenet, some, **wrong)


def test_other_methods_and_strengths_are_named(found: Robustness) -> None:
    with pytest.raises(ValueError, match="fgsm, pgd, noise"):
        found.accuracy("bim")
    with pytest.raises(ValueError, match="strength: expected one of"):
        found.confusion("pgd", 0.5)


def test_every_attack_with_a_strength_can_be_run(lenet: LoadedModel, some: ImageSet) -> None:
    can = [name for name, row in ATTACKS.items() if "eps" in row.params.infos()]
    found = robustness(lenet, some.subset(range(2)), methods=can, strengths=[4 / 255])
    assert (found.predicted >= 0).all()


def test_the_pace_is_a_time(lenet: LoadedModel, some: ImageSet) -> None:
    assert 0 < pace(lenet, some) < 60


# ------------------------------------------------------------------------------ the tables
def test_the_tables_hold_the_numbers(found: Robustness, some: ImageSet) -> None:
    rows = list(csv.DictReader(io.StringIO(accuracy_table(found))))
    assert len(rows) == len(METHODS) * len(EIGHTS)
    row = rows[len(EIGHTS) + 1]
    assert (row["method"], row["norm"], row["images"]) == ("pgd", "linf", str(len(some)))
    assert float(row["accuracy"]) == pytest.approx(found.accuracy("pgd")[1], abs=1e-6)
    assert float(row["high"]) == pytest.approx(found.interval("pgd")[1, 1], abs=1e-6)
    answers = list(csv.DictReader(io.StringIO(answer_table(found, some.ids))))
    assert [one["image"] for one in answers] == list(some.ids)
    column = f"pgd {EIGHTS[2]:.6g}"
    assert [int(one[column]) for one in answers] == found.predicted[1, 2].tolist()


def test_a_name_that_is_a_formula_is_disarmed(found: Robustness, some: ImageSet) -> None:
    ids = ("=1+1", *some.ids[1:])
    first = next(iter(csv.DictReader(io.StringIO(answer_table(found, ids)))))
    assert first["image"] == "'=1+1"
