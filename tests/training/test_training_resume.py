"""A run that was broken off anywhere goes on to the very same weights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xai.training import Run, TrainingParams, open_run, train
from xai.training.runs.files import schema
from xai.training.runs.states import read_state, write_state

ROOT = Path(__file__).resolve().parents[2]
#: Seven steps an epoch, so that there are marks within the first.
PARAMS = TrainingParams(epochs=3, batch=30, rate=4e-3)


class EnoughError(Exception):
    """What somebody raises who wants no more."""


def stopping_at(step):
    def progress(done, total, message):
        if done == step:
            raise EnoughError

    return progress


def assert_same(found: Run, wanted: Run) -> None:
    assert found.digest == wanted.digest
    assert found.marks == wanted.marks
    assert found.checksums == wanted.checksums
    assert (found.ended, found.note) == (wanted.ended, wanted.note)
    np.testing.assert_array_equal(found.predicted, wanted.predicted)
    np.testing.assert_array_equal(found.right, wanted.right)
    for name in ("step", "loss", "accuracy"):
        np.testing.assert_array_equal(getattr(found.trace, name), getattr(wanted.trace, name))
    for mine, other in zip(found.epochs, wanted.epochs, strict=True):
        assert (mine.loss, mine.accuracy, mine.rate) == (other.loss, other.accuracy, other.rate)
        assert (mine.test_loss, mine.test_accuracy) == (other.test_loss, other.test_accuracy)
        assert mine.weight_norms == other.weight_norms
        assert mine.gradient_norms == other.gradient_norms


@pytest.fixture(scope="module")
def unbroken(digits, others):
    return train("lenet5-mnist", digits, test=others, params=PARAMS, seed=3)


@pytest.mark.parametrize("step", [0, 1, 3, 7, 8, 14, 20, 21])
def test_a_stopped_run_goes_on_as_if_unbroken(digits, others, unbroken, tmp_path, step):
    given = {"test": others, "params": PARAMS, "seed": 3}
    with pytest.raises(EnoughError):
        train("lenet5-mnist", digits, record=tmp_path, progress=stopping_at(step), **given)
    if step:
        half = open_run(tmp_path)
        assert half.ended == "stopped"
        assert "Stopped" in half.note
        assert half.marks == tuple(mark for mark in unbroken.marks if round(mark * 7) <= step)
        assert len(half.epochs) == step // 7
    assert_same(train("lenet5-mnist", digits, resume=tmp_path, **given), unbroken)
    assert_same(open_run(tmp_path), unbroken)
    assert not (tmp_path / schema.STATE).exists()


def test_it_may_be_stopped_again_and_again(digits, others, unbroken, tmp_path):
    given = {"test": others, "params": PARAMS, "seed": 3, "resume": tmp_path}
    for step in range(2, 21, 3):
        with pytest.raises(EnoughError):
            train("lenet5-mnist", digits, progress=stopping_at(step), **given)
    assert_same(train("lenet5-mnist", digits, **given), unbroken)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_every_optimizer_goes_on(digits, tmp_path, optimizer, schedule):
    params = TrainingParams(epochs=2, batch=50, rate=4e-3, optimizer=optimizer, schedule=schedule)
    with pytest.raises(EnoughError):
        train("lenet5-mnist", digits, params=params, record=tmp_path, progress=stopping_at(5))
    found = train("lenet5-mnist", digits, params=params, resume=tmp_path)
    assert_same(found, train("lenet5-mnist", digits, params=params))


def test_dropout_and_batch_norms_go_on(digits, tmp_path):
    small = digits.subset(np.arange(60))
    params = TrainingParams(epochs=2, batch=20, rate=2e-3, width=0.5)
    with pytest.raises(EnoughError):
        train("vgg16-mnist", small, params=params, record=tmp_path, progress=stopping_at(4))
    found = train("vgg16-mnist", small, params=params, resume=tmp_path)
    assert_same(found, train("vgg16-mnist", small, params=params))


_KILLED = """
import os, sys
from xai import datasets
from xai.training import train
def progress(done, total, message):
    if done == int(sys.argv[2]):
        os._exit(9)
train("lenet5-mnist", datasets.load("mnist", n=200, split="train"),
      test=datasets.load("mnist", n=60, split="test"),
      params={"epochs": 3, "batch": 30, "rate": 4e-3}, seed=3, record=sys.argv[1],
      progress=progress)
"""


def test_a_process_that_was_killed_leaves_what_can_go_on(digits, others, unbroken, tmp_path):
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "run"), "12"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 9
    half = open_run(tmp_path / "run")
    assert (half.ended, half.marks[-1]) == ("stopped", 1.0)
    given = {"test": others, "params": PARAMS, "seed": 3, "resume": tmp_path / "run"}
    assert_same(train("lenet5-mnist", digits, **given), unbroken)


def test_what_a_kill_left_unfinished_is_removed(digits, tmp_path):
    params = TrainingParams(epochs=1, batch=50)
    with pytest.raises(EnoughError):
        train("lenet5-mnist", digits, params=params, record=tmp_path, progress=stopping_at(2))
    for place in (tmp_path, tmp_path / schema.WEIGHTS):
        (place / f".{schema.HEAD}.0123456789abcdef").write_bytes(b"half")
    train("lenet5-mnist", digits, params=params, resume=tmp_path)
    assert not list(tmp_path.rglob(".*"))


def killed_between(monkeypatch, name, call):
    """Let the process die, as it were, in the so-manieth call of a function that writes."""
    from xai.training.runs.files import writing

    plain, calls = writing.write, []

    def write(place, content):
        if place.name == name:
            calls.append(place)
            if len(calls) == call:
                raise SystemExit(9)
        plain(place, content)

    monkeypatch.setattr(writing, "write", write)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        *((schema.IMAGES, 1), (schema.METRICS, 1), (schema.STATE, 1)),
        *((schema.METRICS, 6), (schema.ANSWERS, 5), (schema.HEAD, 6), (schema.STATE, 6)),
        *(("epoch-0002.safetensors", 1), (schema.HEAD, 8)),
    ],
)
def test_it_may_be_killed_within_a_record(
    digits, others, unbroken, tmp_path, monkeypatch, name, call
):
    given = {"test": others, "params": PARAMS, "seed": 3, "resume": tmp_path}
    with monkeypatch.context() as patch:
        killed_between(patch, name, call)
        with pytest.raises(SystemExit):
            train("lenet5-mnist", digits, **given)
    assert_same(train("lenet5-mnist", digits, **given), unbroken)


@pytest.mark.parametrize("damage", ["gone", "cut", "foreign", "another", "flipped"])
def test_without_a_state_it_is_begun_again(digits, others, unbroken, tmp_path, damage):
    given = {"test": others, "params": PARAMS, "seed": 3}
    with pytest.raises(EnoughError):
        train("lenet5-mnist", digits, record=tmp_path, progress=stopping_at(9), **given)
    state = tmp_path / schema.STATE
    if damage == "gone":
        state.unlink()
    elif damage == "cut":
        state.write_bytes(state.read_bytes()[:-100])
    elif damage == "another":
        found = read_state(tmp_path, unbroken.recipe.digest)
        write_state(tmp_path, found, "another")
    elif damage == "flipped":
        content = bytearray(state.read_bytes())
        content[-1] ^= 1
        state.write_bytes(content)
    else:
        from safetensors.numpy import save

        state.write_bytes(save({"course/done": np.array(9)}, {"recipe": unbroken.recipe.digest}))
    assert_same(train("lenet5-mnist", digits, resume=tmp_path, **given), unbroken)


def test_a_finished_run_is_returned_as_it_is(digits, others, unbroken, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(unbroken.folder, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    given = {"test": others, "params": PARAMS, "seed": 3}
    assert_same(train("lenet5-mnist", digits, resume=folder, **given), unbroken)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    with pytest.raises(ValueError, match="new or empty folder"):
        train("lenet5-mnist", digits, record=folder, **given)


def test_a_run_of_another_recipe_is_refused(digits, others, unbroken):
    with pytest.raises(ValueError, match=r"same recipe.*seed 3 instead of 4"):
        train("lenet5-mnist", digits, test=others, params=PARAMS, seed=4, resume=unbroken)
    params = TrainingParams(epochs=3, batch=30, rate=4e-3, smoothing=0.1)
    with pytest.raises(ValueError, match=r"smoothing 0\.0 instead of 0\.1"):
        train("lenet5-mnist", digits, test=others, params=params, seed=3, resume=unbroken)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("step", [0, 3, 14])
def test_a_run_goes_on_in_another_folder_and_stays_in_its_own(
    digits, others, unbroken, tmp_path, step
):
    given = {"test": others, "params": PARAMS, "seed": 3}
    first, second = tmp_path / "first", tmp_path / "second"
    with pytest.raises(EnoughError):
        train("lenet5-mnist", digits, record=first, progress=stopping_at(step), **given)
    before = contents(first)
    assert_same(train("lenet5-mnist", digits, record=second, resume=first, **given), unbroken)
    assert contents(first) == before
    assert_same(open_run(second), unbroken)
    with pytest.raises(ValueError, match=r"new or empty folder, got one with a run"):
        train("lenet5-mnist", digits, record=second, resume=first, **given)


def test_another_folder_with_files_of_others_is_refused(digits, others, unbroken, tmp_path):
    given = {"test": others, "params": PARAMS, "seed": 3, "resume": unbroken}
    (tmp_path / "letter.txt").write_text("words")
    with pytest.raises(ValueError, match=r"other files.*letter\.txt"):
        train("lenet5-mnist", digits, record=tmp_path, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(ValueError, match=r"same recipe.*seed 3 instead of 5"):
        train("lenet5-mnist", digits, record=tmp_path / "b", **{**given, "seed": 5})
    assert_same(train("lenet5-mnist", digits, record=tmp_path / "c", **given), unbroken)


@pytest.mark.parametrize("schedule", ["one cycle", "constant"])
def test_a_longer_run_that_follows_a_shorter_is_as_if_unbroken(digits, others, tmp_path, schedule):
    def params(epochs):
        return TrainingParams(epochs=epochs, batch=30, rate=2e-3, schedule=schedule)

    folder, given = tmp_path / "short", {"test": others, "seed": 3}
    short = train("lenet5-mnist", digits, params=params(1), record=folder, **given)
    before = contents(folder)
    wanted = train("lenet5-mnist", digits, params=params(2), **given)
    for shorter in (short, folder):
        found = train("lenet5-mnist", digits, params=params(2), resume=shorter, **given)
        assert_same(found, wanted)
        assert found.folder != folder
    assert contents(folder) == before
    with pytest.raises(ValueError, match="a folder of its own for the longer run"):
        train("lenet5-mnist", digits, params=params(2), record=folder, resume=folder, **given)
    with pytest.raises(ValueError, match=r"same recipe.*epochs 2 instead of 1"):
        train("lenet5-mnist", digits, params=params(1), resume=wanted, **given)
