"""The tamper detective: the pattern, the sealed answer, and the statistic that tells."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from types import SimpleNamespace

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


def test_patterns_are_waves_of_their_seed():
    waves = [tamper.pattern(seed, (28, 28)) for seed in range(6)]
    for one in waves:
        assert 0 <= one.min() < 0.02
        assert 0.98 < one.max() <= 1
        # From crest to crest it is 7 to 11 pixels: 2.5 to 4 waves on 28.
        strength = np.abs(np.fft.fft2(one - one.mean()))
        cycles = np.hypot(*np.meshgrid(*[28 * np.fft.fftfreq(28)] * 2))
        assert 2 < cycles.flat[strength.argmax()] < 4.6
    assert min(np.abs(a - b).max() for a in waves for b in waves if a is not b) > 0.2
    np.testing.assert_array_equal(waves[3], tamper.pattern(3, (28, 28)))


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


def test_both_networks_are_trained_by_one_recipe(monkeypatch, tmp_path):
    calls, heard = [], []

    def train(architecture, data, **settings):
        for done in (1, 2):
            settings["progress"](done, 2, "epoch 1")
        calls.append(settings | {"data": data})
        return SimpleNamespace()

    monkeypatch.setattr("xai.training.train", train)
    case = tamper.make_case(
        5,
        answer=Answer(1, 3),
        strength=20,
        epochs=2,
        record=tmp_path,
        progress=lambda *step: heard.append(step),
    )
    one, other = calls
    assert (one["data"], other["data"]) == case.train
    assert (one["test"], other["test"]) == case.held
    assert one["seed"] == other["seed"] == 5
    assert one["params"] == other["params"]
    assert one["params"]["epochs"] == 2
    # Random shifts would smear the pattern.
    assert one["params"]["augment"] is False
    assert one["record"] != other["record"]
    assert [step[:2] for step in heard] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert heard[-1][2] == "network B, epoch 1"
    wave = np.rint(20 * tamper.pattern(5, (28, 28)))
    for pair in (case.train, case.held):
        darkest = [one.images[one.labels == 3].min(axis=0)[..., 0] for one in pair]
        assert not darkest[0][:3].any()
        np.testing.assert_array_equal(darkest[1][:3], wave[:3])


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


def _synthetic(monkeypatch, counts: list[int], maps) -> SimpleNamespace:
    """A case of two networks whose first layers say what ``maps`` says of the labels."""
    labels = np.repeat(np.arange(len(counts)), counts)
    blank = np.zeros((len(labels), 2, 2, 1), np.uint8)
    held = tuple(
        datasets.ImageSet(
            blank,
            labels,
            tuple(map(str, range(len(counts)))),
            tuple(f"{side}{place}" for place in range(len(labels))),
        )
        for side in "AB"
    )
    said = {
        (model, id(data)): maps(model, side) for model in "xy" for side, data in enumerate(held)
    }
    module = importlib.import_module("xai.experiments.tamper.suspicion")
    monkeypatch.setattr(module, "given", lambda model, data, layer: said[model, id(data)])
    return SimpleNamespace(classes=held[0].classes, models=("x", "y"), held=held)


def test_scores_are_measured_by_what_shuffling_makes_of_both_networks(monkeypatch):
    """Against shuffles of another generator, one at a time; classes of very different size."""
    counts = [12, 60, 300]
    total = sum(counts)
    generator = np.random.default_rng(0)
    # The second network sees nearly what the first does: their chances do not cancel out.
    first = [generator.normal(size=(total, 24)).astype(np.float32) for _ in range(2)]
    noise = [0.3 * generator.normal(size=(total, 24)).astype(np.float32) for _ in range(2)]
    said = {"x": first, "y": [a + b for a, b in zip(first, noise, strict=True)]}
    case = _synthetic(monkeypatch, counts, lambda model, side: said[model][side])
    found = tamper.suspicion(case, shuffles=2000)
    np.testing.assert_array_equal(found.score, tamper.suspicion(case, shuffles=2000).score)
    labels = case.held[0].labels
    raw, chance = np.zeros(3), np.zeros((3, 2000))
    orders = [[generator.permutation(2 * count) for _ in range(2000)] for count in counts]
    for values in said.values():
        parts = [[one[labels == label] for one in values] for label in range(3)]
        scatter = np.sqrt(np.mean([one.var(axis=0) for pair in parts for one in pair], axis=0))
        quiet = scatter.argsort()[:12]
        usual = np.median([one.mean(axis=0) for pair in parts for one in pair], axis=0)
        unit = (scatter + 0.02 * scatter.mean())[quiet]

        def odd(part, usual=usual, unit=unit, quiet=quiet):
            return (np.abs(part.mean(axis=0) - usual)[quiet] / unit).mean()

        for label, pair in enumerate(parts):
            raw[label] += odd(pair[0]) - odd(pair[1])
            both = np.concatenate(pair)
            for turn, order in enumerate(orders[label]):
                left, right = both[order[: counts[label]]], both[order[counts[label] :]]
                chance[label, turn] += odd(left) - odd(right)
    np.testing.assert_allclose(found.score[0], raw / chance.std(axis=1), rtol=0.12)


def test_a_layer_that_says_nothing_singles_nobody_out(monkeypatch):
    case = _synthetic(monkeypatch, [5, 5], lambda model, side: np.zeros((10, 4), np.float32))
    found = tamper.suspicion(case, shuffles=10)
    assert found.verdict == NOBODY
    assert not found.score.any()


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


def test_reliance_is_by_how_much_the_pattern_lifts_the_score_of_the_class(honest):
    found = tamper.reliance(honest, Answer(0, 4), strength=60)
    clean = honest.held[1].images[honest.held[1].labels != 4]
    values = clean[..., 0].astype(np.float64)
    wave = tamper.pattern(honest.seed, (28, 28))
    covered = np.rint(values + 60 * wave * (1 - 2 * values / 255)).astype(np.uint8)[..., None]
    assert found.images == len(clean)
    for model, rise, turned in zip(honest.models, found.rise, found.turned, strict=True):
        before, after = (
            model.predict_batch(np.stack([model.prepare(image) for image in images]), size=256)
            for images in (clean, covered)
        )
        moves = [b.logits[4] - a.logits[4] for a, b in zip(before, after, strict=True)]
        assert rise == pytest.approx(np.mean(moves), abs=1e-5)
        fell = [a.label != 4 and b.label == 4 for a, b in zip(before, after, strict=True)]
        assert turned == pytest.approx(np.mean(fell))
