"""The planted clue: tags, shares, and a small fresh experiment whose answer is known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from xai import attribution, datasets, models
from xai.experiments.clue import (
    CLUE,
    CONTROL,
    PLACES,
    Clue,
    ClueParams,
    Tag,
    Usage,
    experiment,
    factor,
    inside,
    stamp,
    used,
    verdict,
)
from xai.figures import clue_tiles
from xai.figures.clue_chart import KINDS, clue_chart
from xai.figures.colours import rgb
from xai.store import Store

LABEL = 3
#: Cheap ones, and those that mark nothing of the class.
METHODS = ("input_x_gradient", "integrated_gradients", "smoothgrad", "occlusion", "lrp")
MORE = ("guided_grad_cam", "grad_cam", "negative_grad_cam")


@pytest.fixture(scope="module")
def digits() -> datasets.ImageSet:
    return datasets.load("mnist", split="train", n=2000)


@pytest.fixture(scope="module")
def held() -> datasets.ImageSet:
    return datasets.load("mnist", n=400)


@pytest.fixture(scope="module")
def said() -> list[tuple[int, int, str]]:
    return []


@pytest.fixture(scope="module")
def seen() -> list[Clue]:
    return []


@pytest.fixture(scope="module")
def found(digits, held, said, seen) -> Clue:
    return experiment(
        digits,
        held,
        LABEL,
        params=ClueParams(epochs=4, explained=4),
        methods=(*METHODS, *MORE),
        progress=lambda *step: said.append(step),
        on_partial=seen.append,
    )


# ------------------------------------------------------------------------- tags
@pytest.mark.parametrize("place", PLACES)
def test_tag_is_a_checkerboard_in_its_corner_and_nowhere_else(place):
    tag = Tag(place=place, size=3, brightness=0.6)
    images = np.full((2, 10, 12, 1), 7, np.uint8)
    stamped, mask = tag.on(images), tag.mask(10, 12)
    top, left = place.startswith("top"), place.endswith("left")
    rows = slice(2, 5) if top else slice(5, 8)
    columns = slice(2, 5) if left else slice(7, 10)
    board = [[153, 0, 153], [0, 153, 0], [153, 0, 153]]
    assert (stamped[:, rows, columns, 0] == board).all()
    assert mask.sum() == 9
    assert mask[rows, columns].all()
    assert (stamped[:, ~mask] == 7).all()
    assert (images == 7).all()


def test_tag_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at least 12 pixels"):
        Tag(size=4).mask(11, 28)
    with pytest.raises(ValueError, match="place"):
        Tag(place="middle")


def test_stamp_marks_that_class_alone_and_smaller_shares_are_within_larger(digits):
    before = digits.images.copy()
    half = stamp(digits, LABEL, Tag(), share=0.5, seed=1)
    whole = stamp(digits, LABEL, Tag(), seed=1)
    changed = [(one.images != before).any((1, 2, 3)) for one in (half, whole)]
    ours = digits.labels == LABEL
    assert (changed[1] == ours).all()
    assert changed[0].sum() == -(-ours.sum() // 2)
    assert not (changed[0] & ~changed[1]).any()
    assert (digits.images == before).all()
    assert len({digits.signature, half.signature, whole.signature}) == 3
    renamed = np.array([one != other for one, other in zip(digits.ids, half.ids, strict=True)])
    assert (renamed == changed[0]).all()


def test_stamp_says_what_cannot_be(digits):
    with pytest.raises(ValueError, match="none of 11"):
        stamp(digits, 11, Tag())
    with pytest.raises(ValueError, match="share"):
        stamp(digits, LABEL, Tag(), share=0.0)


# --------------------------------------------------------------------- evidence
def test_share_inside_is_of_the_positive_part_alone():
    mask = np.zeros((4, 4), bool)
    mask[0, :2] = True
    values = np.zeros((4, 4))
    values[0], values[3] = [3, -9, 1, 0], [0, 0, 0, -5]
    assert inside(values, mask) == pytest.approx(0.75)
    assert np.isnan(inside(-np.abs(values), mask))
    with pytest.raises(ValueError, match="shape"):
        inside(values[:2], mask)


def test_factor_is_the_share_over_the_area_and_empty_maps_count_as_random():
    all_inside = factor(np.ones(5), 0.02)
    assert (all_inside.mean, all_inside.low, all_inside.high) == pytest.approx((50, 50, 50))
    assert factor(np.array([np.nan, np.nan]), 0.02).mean == pytest.approx(1)
    assert factor(np.array([np.nan, 0.06]), 0.02).mean == pytest.approx(2)
    with pytest.raises(ValueError, match="at least one"):
        factor(np.array([]), 0.02)


def test_interval_holds_the_mean_and_narrows_with_more_images():
    shares = np.random.default_rng(0).random(400)
    few, many = factor(shares[:25], 0.1), factor(shares, 0.1)
    assert few.low < few.mean < few.high
    assert many.high - many.low == pytest.approx((few.high - few.low) / 4, rel=0.4)
    # The normal interval of the mean, as a second witness.
    width = 2 * 1.96 * shares.std() / 0.1 / 20
    assert many.high - many.low == pytest.approx(width, rel=0.1)


# ------------------------------------------------------------------- experiment
def test_network_with_the_clue_uses_it_and_the_control_does_not(found):
    ours, control = found.usage
    assert ours.recall < control.recall - 0.2
    assert ours.stamped > 0.9
    assert ours.turned > 0.1 > control.turned
    assert used(found).startswith("The network uses the tag")


def test_methods_find_the_clue_where_there_is_one(found):
    assert len(found.found(CLUE)) >= 4
    assert found.found(CONTROL) == ()
    assert "none does" in verdict(found)
    for one in found.methods:
        assert found.factor(one.name, CLUE).mean > found.factor(one.name, CONTROL).mean, one.name


def test_references_are_near_random_and_what_speaks_against_is_not_counted(found):
    assert found.factor("random", CLUE).mean == pytest.approx(1, abs=0.3)
    assert 1 < found.factor("edges", CLUE).mean < 5
    assert (found.scores[0].shares[CLUE] == found.scores[0].shares[CONTROL]).all()
    assert "negative_grad_cam" not in [one.name for one in found.methods]
    assert len(found.scores) == len(METHODS) + len(MORE) + 2


def test_shares_are_those_of_the_maps(found):
    one = found.scores[2]
    positive = np.maximum(one.maps, 0)
    share = (positive * found.mask).sum((2, 3)) / positive.sum((2, 3))
    assert one.shares == pytest.approx(share, rel=1e-4)
    assert found.area == pytest.approx(16 / 784)
    assert (found.images[:, 0, 2:6, 2:6] > 0.99).sum() == 8 * len(found.images)


def test_results_come_one_by_one_and_progress_never_goes_back(found, said, seen):
    assert [len(one.scores) for one in seen] == [
        2 + place for place in range(len(METHODS) + len(MORE))
    ]
    assert not any(one.complete for one in seen)
    assert found.complete
    done = [step[0] for step in said]
    assert done == sorted(done)
    assert {step[1] for step in said} == {2 * 4 * 32 + 2 * 8 * 4}


def test_result_is_kept(found, tmp_path):
    store = Store(tmp_path)
    assert store.save(found.key, found)
    assert store.load(found.key).factor("lrp", CLUE) == found.factor("lrp", CLUE)


def test_equal_seeds_give_equal_maps(held):
    few = datasets.load("mnist", split="train", n=200)
    one, same, other = (
        experiment(
            few,
            held,
            LABEL,
            params={"epochs": 1, "explained": 2},
            methods=("gradient",),
            seed=seed,
        )
        for seed in (4, 4, 5)
    )
    assert one.key == same.key != other.key
    assert (one.scores[2].maps == same.scores[2].maps).all()
    assert (one.scores[2].maps != other.scores[2].maps).any()


# Without training: what is asked of the trainings, and of the networks that come of them.
@pytest.fixture
def trainings(monkeypatch) -> list[dict]:
    calls: list[dict] = []

    def train(architecture, images, **settings):
        calls.append(settings | {"images": images})
        network = models.load("lenet5-mnist")
        return SimpleNamespace(ended="finished", note="", load=lambda mark: network)

    monkeypatch.setattr("xai.training.train", train)
    return calls


def test_both_networks_are_trained_alike_but_for_the_share_with_the_tag(trainings, digits, held):
    params = {"tagged": 0.3, "epochs": 2, "explained": 2}
    experiment(digits, held, LABEL, params=params, methods=(), seed=7)
    clue, control = trainings
    wanted = stamp(digits, LABEL, Tag(), share=0.3, seed=7)
    assert (clue["images"].images == wanted.images).all()
    assert (control["images"].images == digits.images).all()
    assert clue["params"] == control["params"]
    assert clue["params"]["augment"] is False
    assert clue["params"]["epochs"] == 2
    assert clue["seed"] == control["seed"] == 7


def test_the_score_of_the_class_is_explained_whatever_the_network_says(trainings, digits, held):
    """With names that are all off by one the network is never right."""
    off = dataclasses.replace(held, labels=(held.labels + 1) % 10)
    found = experiment(digits, off, LABEL, params={"explained": 3}, methods=("gradient",))
    network = models.load("lenet5-mnist")
    for image, drawn in zip(found.images, found.scores[2].maps[CONTROL], strict=True):
        one = attribution.run(network, image, "gradient", target=LABEL)
        np.testing.assert_allclose(drawn, one.relevance.sum(0), rtol=1e-5, atol=1e-7)
    said = [
        np.array([network.predict(network.prepare(image)).label for image in images])
        for images in (off.images, Tag().on(off.images))
    ]
    ours = off.labels == LABEL
    others = ~ours & (said[0] != LABEL)
    assert (~ours & (said[0] == LABEL)).any()
    usage = found.usage[CLUE]
    assert usage.accuracy == pytest.approx((said[0] == off.labels).mean())
    assert usage.recall == pytest.approx((said[0][ours] == LABEL).mean())
    assert usage.stamped == pytest.approx((said[1][ours] == LABEL).mean())
    assert usage.turned == pytest.approx((said[1][others] == LABEL).mean())


def test_a_method_that_cannot_explain_the_network_is_left_out_and_named(
    trainings, digits, held, monkeypatch
):
    monkeypatch.setattr(
        "xai.attribution.blocked", lambda model, name: "No." if name == "lrp" else ""
    )
    chosen = ("gradient", "lrp")
    found = experiment(digits, held, LABEL, params={"explained": 2}, methods=chosen)
    assert found.skipped == ((attribution.METHODS["lrp"].label, "No."),)
    assert [one.name for one in found.methods] == ["gradient"]
    assert found.key.methods == chosen


def test_a_training_that_diverged_says_so(monkeypatch, digits, held):
    ended = SimpleNamespace(ended="diverged", note="The loss grew beyond all bounds.")
    monkeypatch.setattr("xai.training.train", lambda *_, **__: ended)
    with pytest.raises(ValueError, match="beyond all bounds"):
        experiment(digits, held, LABEL)


@pytest.mark.parametrize(
    ("ours", "control", "uses"),
    [
        (Usage(0.9, 0.5, 1.0, 0.0), Usage(0.9, 0.9, 0.9, 0.0), True),
        (Usage(0.9, 0.9, 0.9, 0.3), Usage(0.9, 0.9, 0.9, 0.0), True),
        # What the tag does to the control it does by its looks.
        (Usage(0.9, 0.6, 0.9, 0.3), Usage(0.9, 0.6, 0.9, 0.3), False),
        (Usage(0.9, 0.9, 0.9, float("nan")), Usage(0.9, 0.9, 0.9, float("nan")), False),
    ],
)
def test_use_is_what_the_tag_does_beyond_the_control(found, ours, control, uses):
    said = used(dataclasses.replace(found, usage=(ours, control)))
    assert said.startswith("The network uses the tag") is uses


def test_bad_input_is_refused_before_anything_is_trained(digits, held):
    with pytest.raises(ValueError, match="none of 10"):
        experiment(digits, held, 10)
    with pytest.raises(ValueError, match="method"):
        experiment(digits, held, LABEL, methods=("tea_leaves",))
    with pytest.raises(ValueError, match="tagged"):
        experiment(digits, held, LABEL, params={"tagged": 2.0})


def test_stopping_raises_out_of_the_training(digits, held):
    def stop(done: int, total: int, message: str) -> None:
        if done >= 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        experiment(digits, held, LABEL, progress=stop)


# ---------------------------------------------------------------------- figures
def _marks(found: Clue) -> list[dict]:
    """Return what is drawn as marks: the rows of the last layer."""
    chart = clue_chart(found).to_dict()
    data = chart["layer"][-1].get("data", chart.get("data"))
    return data["values"] if "values" in data else chart["datasets"][data["name"]]


def test_chart_has_each_method_for_both_networks_and_best_first(found):
    rows = _marks(found)
    assert [row["kind"] for row in rows[:2]] == [KINDS[2]] * 2
    factors = [row["value"] for row in rows if row["kind"] == KINDS[CLUE]][:-1]
    assert factors == sorted(factors, reverse=True)
    assert sum(row["kind"] == KINDS[CONTROL] for row in rows) == len(METHODS) + len(MORE)
    assert min(row["low"] for row in rows) >= 0.1
    assert rows[-1]["label"].startswith("Negative evidence")


def test_chart_of_a_beginning_has_the_references_alone(seen, found):
    rows = _marks(seen[0])
    assert [row["label"] for row in rows] == ["Random map", "Edge detector"]


def test_evidence_adds_up_to_one_and_the_tag_is_framed(found):
    one = next(one for one in found.scores if one.name == "lrp")
    for place in (None, 1):
        parts = clue_tiles.evidence(found, one, CLUE, place)
        assert parts.sum() == pytest.approx(1)
        shares = one.shares[CLUE] if place is None else one.shares[CLUE][place]
        assert parts[found.mask].sum() == pytest.approx(float(np.mean(shares)), rel=1e-4)
    drawn = clue_tiles.tile(found, parts, float(parts.max()), 1)
    framed = (drawn == rgb(clue_tiles.FRAME)).all(-1)
    factor_of = clue_tiles.ENLARGED
    tag = np.repeat(np.repeat(found.mask, factor_of, 0), factor_of, 1)
    assert not (framed & tag).any()
    assert framed.sum() == (4 * factor_of + 4) ** 2 - (4 * factor_of) ** 2
