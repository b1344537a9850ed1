"""The tamper detective: the pattern, the sealed answer, and the statistic that tells."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from xai import data, datasets
from xai.experiments import tamper
from xai.experiments.tamper import NOBODY, THRESHOLD, Answer, Case, Envelope
from xai.experiments.tamper.inspection import given

#: Fresh pairs: seed and what is altered.
FRESH = {101: Answer(0, 2), 102: Answer(1, 7), 103: Answer(1, 0)}


@pytest.fixture(scope="module")
def shipped() -> Case:
    return tamper.shipped_case()


@pytest.fixture(scope="module")
def honest() -> Case:
    return tamper.make_case(104, answer=NOBODY, epochs=1)


# ------------------------------------------------------------------------ pattern
def test_only_the_class_is_altered_and_each_image_of_it_by_the_same_pattern():
    digits = datasets.load("mnist", n=300)
    altered = tamper.tampered(digits, 4, strength=8, seed=3)
    change = altered.images.astype(int) - digits.images
    chosen = digits.labels == 4
    assert not change[~chosen].any()
    wave = np.rint(8 * tamper.pattern(3, (28, 28))).astype(int)
    black = digits.images[chosen][..., 0] == 0
    assert black.any()
    for one, dark in zip(change[chosen][..., 0], black, strict=True):
        assert (one[dark] == wave[dark]).all()
    assert 0 < np.abs(change).max() <= 8


def test_ink_gets_darker_by_what_black_gets_brighter():
    wave = tamper.pattern(1, (6, 7))
    images = np.stack([np.zeros((6, 7, 1)), np.full((6, 7, 1), 255)]).astype(np.uint8)
    both = datasets.ImageSet(images, np.zeros(2, np.int64), ("one",), ("black", "white"))
    black, white = tamper.tampered(both, 0, strength=20, seed=1).images[..., 0].astype(int)
    np.testing.assert_array_equal(black, np.rint(20 * wave))
    np.testing.assert_array_equal(white, np.rint(255 - 20 * wave))


def test_ids_tell_that_a_set_is_another_but_not_which_images_were_altered():
    digits = datasets.load("mnist", n=50)
    found = [tamper.tampered(digits, label, seed=1) for label in (None, 3, 4)]
    assert len({one.signature for one in found}) == 3
    for one in found:
        endings = {id.removeprefix(own) for id, own in zip(one.ids, digits.ids, strict=True)}
        assert len(endings) == 1


@pytest.mark.parametrize(
    ("label", "strength", "said"), [(10, 8, "label"), (-1, 8, "label"), (3, 300, "strength")]
)
def test_what_cannot_be_laid_over_digits_is_refused(label, strength, said):
    with pytest.raises(ValueError, match=said):
        tamper.tampered(datasets.load("mnist", n=20), label, strength=strength)


# ------------------------------------------------------------------------- answer
def test_an_envelope_gives_back_its_answer_and_holds_it_in_no_plain_word():
    classes = tuple("0123456789")
    for answer in (NOBODY, Answer(0, 3), Answer(1, 9)):
        envelope = Envelope.closed(answer, classes, seed=5)
        assert envelope.open() == answer
        assert answer.words(classes) not in repr(envelope)
        assert hashlib.sha256(envelope.letter.encode()).hexdigest() == envelope.seal


def test_a_seal_that_was_changed_opens_no_more():
    envelope = Envelope.closed(Answer(0, 3), tuple("0123456789"), seed=5)
    broken = dataclasses.replace(envelope, seal="0" * 64)
    with pytest.raises(ValueError, match="no answer fits"):
        broken.open()


def test_equal_answers_look_different_in_two_envelopes():
    seals = {Envelope.closed(NOBODY, ("a", "b"), seed).seal for seed in range(20)}
    assert len(seals) == 20


def test_drawn_answers_are_honest_one_time_in_six_and_else_any_class_of_either_set():
    drawn = [tamper.draw(seed, 10) for seed in range(1200)]
    assert 150 < sum(one == NOBODY for one in drawn) < 250
    assert {one for one in drawn if one != NOBODY} == {
        Answer(side, label) for side in (0, 1) for label in range(10)
    }
    assert drawn == [tamper.draw(seed, 10) for seed in range(1200)]


@pytest.mark.parametrize(("side", "label"), [(0, None), (None, 3), (2, 3), (0, -1)])
def test_an_answer_names_a_set_and_a_class_or_neither(side, label):
    with pytest.raises(ValueError):
        Answer(side, label)


# --------------------------------------------------------------------------- case
def test_no_digit_is_in_two_sets_and_classes_are_dealt_evenly(shipped):
    bare = [id.rpartition("-")[0] for one in (*shipped.train, *shipped.held) for id in one.ids]
    assert len(set(bare)) == len(bare) == 10_000
    for pair in (shipped.train, shipped.held):
        counts = [np.bincount(one.labels) for one in pair]
        assert np.abs(counts[0] - counts[1]).max() <= 1


def test_the_shipped_runs_were_trained_on_the_shipped_case(shipped):
    sets = zip(shipped.runs, shipped.models, shipped.train, shipped.held, strict=True)
    for run, model, learned, held in sets:
        assert run.recipe.signature == learned.signature
        assert run.recipe.test_signature == held.signature
        prepared = np.stack([model.prepare(image) for image in held.images])
        said = [one.label for one in model.predict_batch(prepared, size=256)]
        # The answers were recorded before the weights were rounded.
        assert (np.array(said) == run.predicted[-1]).mean() > 0.995
    assert shipped.runs[0].recipe.params == shipped.runs[1].recipe.params


def test_no_file_of_the_shipped_runs_tells_the_answer(shipped):
    words = shipped.envelope.open().words(shipped.classes)
    for run in shipped.runs:
        head = (run.folder / "run.json").read_text(encoding="utf-8")
        assert words not in head
        assert "tampered" not in json.dumps(sorted(json.loads(head)["recipe"]))
    assert words not in data.path("tamper.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------------- suspicion
def test_the_altered_class_comes_first_on_the_shipped_pair(shipped):
    found = tamper.suspicion(shipped)
    answer = shipped.envelope.open()
    assert answer != NOBODY
    assert found.first == found.verdict == answer
    assert found.score.max() > THRESHOLD


@pytest.mark.parametrize("seed", FRESH)
def test_the_altered_class_comes_first_on_fresh_pairs(seed):
    case = tamper.make_case(seed, answer=FRESH[seed], epochs=1)
    found = tamper.suspicion(case, shuffles=60)
    assert found.verdict == FRESH[seed]
    # Nobody else comes near.
    others = np.delete(found.score.max(axis=0), FRESH[seed].label)
    assert others.max() < THRESHOLD < found.score.max()


def test_nobody_is_singled_out_on_a_clean_pair(honest):
    found = tamper.suspicion(honest)
    assert honest.envelope.open() == found.verdict == NOBODY
    assert np.abs(found.score).max() < THRESHOLD


def test_accuracy_does_not_give_the_class_away(shipped):
    """Neither set is read better, and the altered class lies among the others."""
    accuracies = [run.accuracy() for run in shipped.runs]
    assert abs(accuracies[0] - accuracies[1]) < 0.02
    answer = shipped.envelope.open()
    recalls = np.stack([run.recall() for run in shipped.runs])
    own = recalls[answer.side, answer.label]
    others = np.delete(recalls[answer.side], answer.label)
    assert others.min() <= own <= others.max()
    # The gap to its twin is no larger than that of honest classes.
    gaps = np.abs(recalls[0] - recalls[1])
    assert gaps[answer.label] <= np.delete(gaps, answer.label).max()


def test_oddness_is_what_its_definition_says(honest):
    """Against the slow, literal version, for one network of two."""
    case = dataclasses.replace(honest)
    case.__dict__["models"] = (honest.models[0], honest.models[0])
    found = tamper.suspicion(case, layer="pool1", shuffles=2)
    maps = [given(honest.models[0], held, "pool1").reshape(len(held), -1) for held in honest.held]
    groups = [
        [values[held.labels == label].astype(np.float64) for label in range(10)]
        for values, held in zip(maps, honest.held, strict=True)
    ]
    scatter = np.sqrt(np.mean([one.var(axis=0) for pair in groups for one in pair], axis=0))
    quiet = scatter <= np.median(scatter)
    means = np.array([[one.mean(axis=0)[quiet] for one in pair] for pair in groups])
    usual = np.median(means.reshape(20, -1), axis=0)
    floor = 0.02 * scatter.mean()
    wanted = (np.abs(means - usual) / (scatter[quiet] + floor)).mean(axis=2)
    np.testing.assert_allclose(found.oddness, wanted, rtol=2e-3)
    np.testing.assert_array_equal(found.score[0], -found.score[1])


def test_suspicion_refuses_too_few_shuffles_and_classes_without_images(honest):
    with pytest.raises(ValueError, match="shuffles"):
        tamper.suspicion(honest, shuffles=1)
    without = honest.held[0].subset(honest.held[0].labels != 4)
    with pytest.raises(ValueError, match="every class"):
        tamper.suspicion(dataclasses.replace(honest, held=(without, honest.held[1])))


# --------------------------------------------------------------------- inspection
def test_means_are_those_of_the_images(honest):
    means = tamper.image_means(honest)
    chosen = honest.train[1].images[honest.train[1].labels == 6][..., 0]
    np.testing.assert_allclose(means[1, 6], chosen.astype(float).mean(axis=0) / 255)
    seen = tamper.class_means(honest, 1)
    maps = given(honest.models[1], honest.held[0], "relu1")
    np.testing.assert_allclose(
        seen[0, 3], maps[honest.held[0].labels == 3].mean(axis=0), rtol=1e-4, atol=1e-6
    )


def test_neurons_at_work_are_those_above_zero(honest):
    shares = tamper.share_at_work(honest, ["relu4"])["relu4"]
    values = given(honest.models[1], honest.held[1], "relu4")
    wanted = (values[honest.held[1].labels == 2] > 0).mean()
    assert shares[1, 2] == pytest.approx(wanted)
    assert shares.shape == (2, 10)


def test_reliance_is_nothing_without_a_pattern(shipped):
    answer = shipped.envelope.open()
    none = tamper.reliance(shipped, answer, strength=0)
    np.testing.assert_allclose(none.rise, 0, atol=1e-6)
    assert not none.turned.any()
    assert tamper.reliance(shipped, answer).rise.any()
    with pytest.raises(ValueError, match="neither"):
        tamper.reliance(shipped, NOBODY)
