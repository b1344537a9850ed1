"""Run folders: what is recorded comes back, and what is no such folder is refused in a sentence."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recorded import change_arrays, change_head, change_table, copy
from safetensors.torch import load_file

from xai.datasets import ImageSet
from xai.training import Epoch, Run, open_run, train
from xai.training.runs.files import schema, sharing, writing

LAST = "weights/epoch-0002.safetensors"


@pytest.fixture(scope="module")
def run(digits: ImageSet, others: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "run"
    params = {"epochs": 2, "batch": 20}
    return train("lenet5-mnist", digits, test=others, params=params, record=folder)


def same(one: Run, other: Run) -> None:
    for name in ("recipe", "marks", "ended", "note", "ids", "train_ids", "checksums", "precision"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.epochs == other.epochs
    for name in ("labels", "predicted", "right", "train_labels"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype, name
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    for name in ("step", "loss", "accuracy"):
        np.testing.assert_array_equal(getattr(one.trace, name), getattr(other.trace, name))


# ------------------------------------------------------------------------ there and back
def test_a_recorded_run_opens_as_it_was(run: Run) -> None:
    found = open_run(run.folder)
    same(found, run)
    assert found.digest == run.digest
    assert len(found.epochs) == 2
    assert found.right.shape == (2, 200)
    for mark in run.marks:
        state, wanted = found.load(mark).net.state_dict(), run.load(mark).net.state_dict()
        assert all(torch.equal(state[name], wanted[name]) for name in wanted)


def test_the_files_can_be_read_without_us(run: Run) -> None:
    state = load_file(run.folder / LAST)
    model = run.load()
    assert all(torch.equal(state[name], value) for name, value in model.net.state_dict().items())
    with (run.folder / schema.METRICS).open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert [float(row["test_accuracy"]) for row in rows] == [run.accuracy(1), run.accuracy(2)]
    norm = float(torch.linalg.vector_norm(state["conv1.weight"]))
    assert float(rows[1]["weight_norm conv1"]) == pytest.approx(norm, rel=1e-6)
    head = json.loads((run.folder / schema.HEAD).read_text())
    assert [row["file"] for row in head["marks"]][-1] == LAST
    assert head["recipe"]["params"]["batch"] == 20
    assert torch.__version__.startswith(head["versions"]["torch"])


def test_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(0, 20, 400)).astype(np.float32)
    norms = {f"layer{place}": value for place, value in enumerate(values)}
    doubles = {name: float(np.exp(rng.normal(0, 30))) for name in norms}
    epoch = Epoch(1, 1 / 3, 0.1, weight_norms=norms, gradient_norms=doubles)
    writing.write_metrics(tmp_path, [epoch])
    (row,) = csv.DictReader((tmp_path / schema.METRICS).open())
    assert float(row["loss"]) == 1 / 3
    assert row["test_loss"] == ""
    for name, value in norms.items():
        assert np.float32(row[f"weight_norm {name}"]) == value
        assert float(row[f"gradient_norm {name}"]) == doubles[name]


def test_a_run_without_test_images_opens(digits: ImageSet, tmp_path: Path) -> None:
    alone = train("lenet5-mnist", digits, params={"epochs": 1}, record=tmp_path / "run")
    found = open_run(tmp_path / "run")
    assert (found.digest, found.marks) == (alone.digest, alone.marks)
    assert found.predicted.shape == (len(found.marks), 0)
    assert np.isnan(found.epochs[0].test_accuracy)
    assert np.isnan(found.accuracy(1))


def test_names_of_marks_are_their_own() -> None:
    marks = [0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 10.0, 100.0, 200.0]
    names = [schema.weights_name(mark) for mark in marks]
    assert len(set(names)) == len(names)
    assert all(schema.belongs(name) for name in names)


def test_odd_names_come_back(digits: ImageSet, tmp_path: Path) -> None:
    ids = ("naïve", 'with, "both"', " ", "", "'=1+1", *digits.ids[5:])
    names = ("a, b", '"', *digits.classes[2:])
    odd = dataclasses.replace(digits, ids=ids, classes=names, name="日本")
    train("lenet5-mnist", odd, test=odd, params={"epochs": 1}, record=tmp_path)
    found = open_run(tmp_path)
    assert (found.ids, found.train_ids, found.recipe.classes) == (ids, ids, names)


def test_a_table_of_images_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    ids = [f"{place:05d}" + "x" * 4_000 for place in range(4_300)]
    with pytest.raises(ValueError, match="at most 16 MB together"):
        writing.write_images(tmp_path, ids, np.zeros(4_300, int), [], np.zeros(0, int))
    assert not list(tmp_path.iterdir())


# ----------------------------------------------------------------------- killed in between
def test_files_that_are_ahead_of_the_head_are_cut_back(run: Run, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "run")

    def earlier(head: dict[str, Any]) -> None:
        head["marks"] = [row for row in head["marks"] if row["mark"] <= 1]
        head |= {"ended": "running", "note": ""}

    change_head(folder, earlier)
    found = open_run(folder)
    assert found.marks[-1] == 1
    assert found.ended == "stopped"
    assert found.note
    assert found.epochs == run.epochs[:1]
    np.testing.assert_array_equal(found.right, run.right[:1])
    np.testing.assert_array_equal(found.predicted, run.predicted[: len(found.marks)])


@pytest.mark.parametrize("name", [schema.METRICS, schema.ANSWERS])
def test_files_that_are_behind_the_head_are_refused(run: Run, tmp_path: Path, name: str) -> None:
    folder = copy(run, tmp_path / "run")
    if name == schema.METRICS:
        change_table(folder, name, lambda rows: rows.pop())
    else:
        change_arrays(folder, name, lambda found: found.update(right=found["right"][:1]))
    with pytest.raises(ValueError, match=f"run: {name}"):
        open_run(folder)


# ------------------------------------------------------------------------------- damage
@pytest.mark.parametrize("name", [schema.HEAD, *schema.MOST, LAST])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_refused(
    run: Run, tmp_path: Path, name: str, left: float
) -> None:
    folder = copy(run, tmp_path / "run")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: min(int(left * len(content)), len(content) - 2)])
    if name == schema.TRACE:
        # Rows are all that tells: what ends with a whole one is a shorter trace.
        assert not (folder / name).read_bytes().endswith(b"\n")
    with pytest.raises(ValueError, match=r"^run: ") as told:
        open_run(folder)
    assert name in str(told.value)


@pytest.mark.parametrize("name", [schema.HEAD, *schema.MOST, LAST])
@pytest.mark.parametrize("content", [b"\x00" * 100, b"\xff\xfe" * 50, b"{" * 100_000])
def test_a_file_of_another_kind_is_refused(
    run: Run, tmp_path: Path, name: str, content: bytes
) -> None:
    folder = copy(run, tmp_path / "run")
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"^run: ") as told:
        open_run(folder)
    assert name in str(told.value)


@pytest.mark.parametrize("name", [schema.HEAD, *schema.MOST, LAST])
def test_a_file_that_is_missing_is_named(run: Run, tmp_path: Path, name: str) -> None:
    folder = copy(run, tmp_path / "run")
    (folder / name).unlink()
    with pytest.raises(ValueError, match="nothing of that name") as told:
        open_run(folder)
    assert name in str(told.value)


def test_no_flipped_bit_of_the_weights_goes_unnoticed(run: Run, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "run")
    content = bytearray((folder / LAST).read_bytes())
    content[-1] ^= 1
    (folder / LAST).write_bytes(content)
    with pytest.raises(ValueError, match="changed or cut off"):
        open_run(folder)


def test_weights_that_change_after_the_run_was_opened_are_not_loaded(
    run: Run, tmp_path: Path
) -> None:
    folder = copy(run, tmp_path / "run")
    found = open_run(folder)
    (folder / LAST).write_bytes((folder / "weights/epoch-0001.safetensors").read_bytes())
    with pytest.raises(ValueError, match="changed or cut off"):
        found.load()
    (folder / LAST).unlink()
    with pytest.raises(ValueError, match="nothing of that name"):
        found.load()


# -------------------------------------------------------------------------- whole, but wrong
def _recipe(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda head: head["recipe"].update(changes)


def _params(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda head: head["recipe"]["params"].update(changes)


def _mark(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda head: head["marks"][-1].update(changes)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda head: head.update(version=2), "version 1 of the format, got 2"),
        (lambda head: head.update(version="1"), "a whole number"),
        (lambda head: head.update(version=True), "a whole number"),
        (lambda head: head.update(format="layerscope-flow"), "expected a layerscope-run"),
        (lambda head: head.pop("recipe"), "recipe: expected an object, got nothing"),
        (_recipe(architecture="resnet18"), "one of lenet5-mnist, vgg16-mnist"),
        (_recipe(architecture="vgg16-mnist"), "weights of vgg16-mnist"),
        (_recipe(architecture=["lenet5-mnist"]), "expected text"),
        (_recipe(classes=["0", "1"]), "label: expected 0 to 1"),
        (_recipe(classes=["0"]), "2 to 1,000 names"),
        (_recipe(classes=[*"012345678", "\u202e"]), "text that can be shown"),
        (_recipe(images=199), "199 training images"),
        (_recipe(seed=-1), "seed: expected 0"),
        (_params(width=2.0), "the shape"),
        (_params(rate=1e9), "rate: expected 1e-06 to 1.0"),
        (_params(momentum=0.9), "momentum"),
        (_params(epochs=2.5), "epochs: expected a whole number"),
        (lambda head: head.update(precision="float64"), "float32, float16"),
        (lambda head: head.update(precision="float16"), "expected float16, got float32"),
        (lambda head: head.update(ended="won"), "running, finished, stopped, diverged"),
        (lambda head: head.update(note=3), "note: expected text"),
        (lambda head: head.update(marks=[]), "1 to 1,000, got 0"),
        (lambda head: head["marks"].reverse(), "later ones after earlier ones"),
        (lambda head: head["marks"].append(head["marks"][-1]), "later ones after earlier ones"),
        (_mark(mark=201), "0 to 200 epochs"),
        (_mark(mark=1e400), "JSON"),
        (_mark(mark=10**400), "a number, got int 1000"),
        (_mark(mark=True), "a number, got bool"),
        (_mark(mark=1.00005), "later ones after earlier ones"),
        (lambda head: head["marks"][0].update(mark=-0.5), "0 to 200 epochs"),
        (_mark(mark=3), "file: expected weights/epoch-0003.safetensors"),
        (_mark(file="../../../etc/passwd"), "file: expected weights/epoch-0002.safetensors"),
        (_mark(sha256="0" * 64), "changed or cut off"),
        (_mark(sha256="../../x"), "64 letters and digits"),
    ],
)
def test_a_head_that_says_something_else_is_refused(
    run: Run, tmp_path: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    folder = copy(run, tmp_path / "run")
    change_head(folder, change)
    with pytest.raises(ValueError, match=r"^run: ") as told:
        open_run(folder)
    assert sentence in str(told.value)


def _put(name: str, value: np.ndarray) -> Callable[[dict[str, np.ndarray]], object]:
    return lambda found: found.update({name: value})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_put("fc3.bias", np.full(10, np.nan, np.float32)), "finite weights"),
        (_put("fc3.bias", np.full(10, np.inf, np.float32)), "finite weights"),
        (_put("fc3.bias", np.zeros(11, np.float32)), "the shape (10), got (11,)"),
        (_put("fc3.bias", np.zeros(10, np.float64)), "expected float32, got float64"),
        (_put("fc4.bias", np.zeros(10, np.float32)), "others, at 'fc4.bias'"),
        (lambda found: found.pop("fc3.bias"), "others, at 'fc3.bias'"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    run: Run, tmp_path: Path, change: Callable[[dict[str, np.ndarray]], object], sentence: str
) -> None:
    folder = copy(run, tmp_path / "run")
    change_arrays(folder, LAST, change)
    with pytest.raises(ValueError, match=r"^run: weights/epoch-0002.safetensors") as told:
        open_run(folder)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        (schema.METRICS, lambda rows: rows[1].__setitem__(1, "nan"), "finite numbers"),
        (schema.METRICS, lambda rows: rows[1].__setitem__(1, "x"), "a number in each cell"),
        (schema.METRICS, lambda rows: rows[1].__setitem__(0, "7"), "epoch 1 in row 1"),
        (schema.METRICS, lambda rows: rows[1].append("1"), "cells in each row"),
        (schema.METRICS, lambda rows: rows[0].__setitem__(1, "cost"), "the columns epoch, loss"),
        (schema.METRICS, lambda rows: rows[0].__setitem__(7, "conv1"), "the norms of each layer"),
        (schema.METRICS, lambda rows: rows.extend([rows[1]] * 300), "at most 200 rows"),
        (schema.TRACE, lambda rows: rows[2].__setitem__(0, "1"), "steps that grow"),
        (schema.TRACE, lambda rows: rows[1].__setitem__(0, "1_0"), "a whole number"),
        (schema.IMAGES, lambda rows: rows.pop(1), "200 training images"),
        (schema.IMAGES, lambda rows: rows.insert(1, rows.pop()), "200 training images"),
        (schema.IMAGES, lambda rows: rows[2].__setitem__(1, rows[1][1]), "each image once"),
        (schema.IMAGES, lambda rows: rows[2].__setitem__(2, "10"), "label: expected 0 to 9"),
        (schema.IMAGES, lambda rows: rows[2].__setitem__(1, "x"), "images of the recipe"),
        (
            schema.IMAGES,
            lambda rows: rows[2].__setitem__(2, str(9 - int(rows[2][2]))),
            "images of the recipe",
        ),
        (schema.IMAGES, lambda rows: rows[2].__setitem__(1, "x" * 70_000), "rows of at most"),
    ],
)
def test_tables_that_say_something_else_are_refused(
    run: Run,
    tmp_path: Path,
    name: str,
    change: Callable[[list[list[str]]], object],
    sentence: str,
) -> None:
    folder = copy(run, tmp_path / "run")
    change_table(folder, name, change)
    with pytest.raises(ValueError, match=f"^run: {name}") as told:
        open_run(folder)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("predicted", np.full((6, 60), 10, np.int16), "classes of the recipe"),
        ("predicted", np.full((6, 60), -1, np.int16), "classes of the recipe"),
        ("predicted", np.zeros((6, 60), np.int64), "expected int16"),
        ("predicted", np.zeros((6, 59), np.int16), "the shape (any, 60)"),
        ("right", np.zeros((2, 24), np.uint8), "the shape (any, 25)"),
        ("predicted", np.zeros((7, 60), np.int16), "6 marks, got 7"),
        ("predicted", np.zeros((6, 60), np.int16), "the accuracies of metrics.csv"),
        ("right", np.zeros((2, 25), np.uint8), "the accuracies of metrics.csv"),
    ],
)
def test_answers_that_do_not_fit_are_refused(
    run: Run, tmp_path: Path, name: str, value: np.ndarray, sentence: str
) -> None:
    folder = copy(run, tmp_path / "run")
    change_arrays(folder, schema.ANSWERS, _put(name, value))
    with pytest.raises(ValueError, match=f"^run: {schema.ANSWERS}") as told:
        open_run(folder)
    assert sentence in str(told.value)


# --------------------------------------------------------------------- out of the folder
@pytest.mark.parametrize("name", [schema.HEAD, *schema.MOST, LAST, schema.WEIGHTS])
def test_links_are_not_followed(run: Run, tmp_path: Path, name: str) -> None:
    folder = copy(run, tmp_path / "run")
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="a link to another place"):
        open_run(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", [schema.HEAD, LAST])
def test_a_pipe_is_not_waited_for(run: Run, tmp_path: Path, name: str) -> None:
    folder = copy(run, tmp_path / "run")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ValueError, match="expected a file, got something else"):
        open_run(folder)


def test_a_file_that_is_too_large_is_not_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy(run, tmp_path / "run")
    with (folder / schema.HEAD).open("r+b") as file:
        file.truncate(2**40)  # a hole: it takes no room on the disk
    with pytest.raises(ValueError, match="at most 1 MB"):
        open_run(folder)
    monkeypatch.setattr(schema, "MOST_RUN", 2 * 2**18)
    with pytest.raises(ValueError, match="weights: expected at most"):
        open_run(run.folder)


def test_a_header_that_is_too_long_is_not_parsed(run: Run, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "run")
    place = folder / schema.ANSWERS
    place.write_bytes((2**40).to_bytes(8, "little") + place.read_bytes()[8:])
    with pytest.raises(ValueError, match=r"run: answers\.safetensors: expected safetensors"):
        open_run(folder)


@pytest.mark.parametrize("place", ["nowhere", "x" * 5_000, "\0"])
def test_what_is_no_folder_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match=r"expected a folder with a run\.json"):
        open_run(tmp_path / place)


# ------------------------------------------------------------------------------- sharing
def test_a_shared_folder_is_the_run_with_rounded_weights(run: Run, tmp_path: Path) -> None:
    sharing.share(run, tmp_path / "shared")
    found = open_run(tmp_path / "shared")
    assert found.precision == "float16"
    assert found.digest != run.digest
    assert not (tmp_path / "shared" / schema.STATE).exists()
    assert (found.recipe, found.marks, found.epochs) == (run.recipe, run.marks, run.epochs)
    np.testing.assert_array_equal(found.predicted, run.predicted)
    whole, rounded = run.load(1).net.state_dict(), found.load(1).net.state_dict()
    assert all(torch.equal(whole[name].half().float(), rounded[name]) for name in whole)
    with pytest.raises(ValueError, match="not there yet"):
        sharing.share(run, tmp_path / "shared")


def test_weights_beyond_the_range_of_float16_are_not_rounded(run: Run, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "run")
    change_arrays(folder, LAST, _put("fc3.bias", np.full(10, 1e5, np.float32)))
    found = open_run(folder)
    with pytest.raises(ValueError, match=r"fc3.bias has weights beyond the range of float16"):
        sharing.pack(found)
    assert open_run(sharing.pack(found, "float32")).checksums == found.checksums
