"""The run that ships, the images it was made with, and the command that records another."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from xai import __main__ as command_line
from xai import data, datasets, models
from xai.parameters import settled
from xai.training import ARCHITECTURES, Run, TrainingParams, command, open_run, shipped_run, train
from xai.training.examples import altered, examples, held_out, repeatable
from xai.training.runs.files import schema
from xai.training.shipped import names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run() -> Run:
    return shipped_run()


# ------------------------------------------------------------------------------ what ships
def test_the_shipped_run_ends_with_the_shipped_weights(run: Run) -> None:
    wanted = models.load("lenet5-mnist", device="cpu").net.state_dict()
    found = run.load(-1).net.state_dict()
    assert run.precision == "float16"
    assert all(torch.equal(found[name], wanted[name].half().float()) for name in wanted)


def test_the_shipped_run_is_what_its_card_says(run: Run) -> None:
    assert run.ended == "finished"
    assert run.marks == (0.0, 0.1, 0.25, 0.5, *map(float, range(1, 41)))
    assert run.accuracy() == 0.994
    assert run.right.shape == (40, 8_000)
    assert repeatable(run.recipe)


def test_every_shipped_run_has_a_card() -> None:
    cards = "".join(place.read_text(encoding="utf-8") for place in data.path(".").glob("*.md"))
    assert [name for name in names() if f"`runs/{name}" not in cards] == []


def test_what_was_recorded_is_what_the_weights_answer(run: Run) -> None:
    images = held_out(run)
    np.testing.assert_array_equal(images.labels, run.labels)
    for mark in (0.25, 40.0):
        model = run.load(mark)
        batch = np.stack([model.prepare(image) for image in images.images[:200]])
        found = [one.label for one in model.predict_batch(batch, size=200)]
        # Rounding may tip an image that lies between two classes.
        assert np.mean(found == run.predicted[run.place(mark)][:200]) > 0.98


def test_shipped_runs_have_names() -> None:
    with pytest.raises(ValueError, match="expected one of lenet5-mnist"):
        shipped_run("../maps")


def test_all_that_ships_can_be_read() -> None:
    for name in names():
        assert shipped_run(name).marks[0] == 0


# ------------------------------------------------------------------------------ the images
def test_examples_are_a_share_that_is_always_the_same() -> None:
    train_part, test_part = examples("mnist", 50)
    again, _ = examples("mnist", 60)
    assert (len(train_part), len(test_part)) == (50, 2_000)
    assert again.ids[:50] == train_part.ids
    whole, _ = examples("mnist", 8_000)
    assert whole.signature == datasets.load("mnist", split="train").signature
    with pytest.raises(ValueError, match="one to train on"):
        examples("photos")
    with pytest.raises(ValueError, match="at least 1"):
        examples("mnist", 0)


def test_test_images_are_found_by_name_and_order(digits, others) -> None:
    small = train("lenet5-mnist", digits, test=others, params={"epochs": 1})
    found = held_out(small)
    assert found.ids == others.ids
    np.testing.assert_array_equal(found.images, others.images)
    assert not altered(small, found)
    assert not repeatable(small.recipe)  # 60 test images, not all


def test_images_of_the_same_names_are_not_those_of_another_run(digits, others) -> None:
    small = train("lenet5-mnist", digits, test=others, params={"epochs": 1})
    recipe = dataclasses.replace(small.recipe, test_signature="0" * 16)
    with pytest.raises(ValueError, match="not here"):
        held_out(dataclasses.replace(small, recipe=recipe))


def test_what_was_not_here_may_come(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(datasets, "is_ready", lambda name: False)
        assert not repeatable(run.recipe)
    assert repeatable(run.recipe)


def test_altered_images_are_told_from_those_of_the_data_set(digits, others) -> None:
    pixels = digits.images.copy()
    pixels[0, 0, 0] = 255
    other = datasets.ImageSet(pixels, digits.labels, digits.classes, digits.ids, digits.name)
    small = train("lenet5-mnist", other, test=others, params={"epochs": 1})
    assert altered(small, held_out(small))


def test_test_images_that_are_not_here_are_a_sentence(digits, others) -> None:
    alone = train("lenet5-mnist", digits, params={"epochs": 1})
    assert (len(held_out(alone)), held_out(alone).classes) == (0, digits.classes)
    assert not altered(alone, held_out(alone))
    names = tuple(f"mine-{place}" for place in range(len(others)))
    mine = datasets.ImageSet(others.images, others.labels, others.classes, names)
    for name, sentence in (
        ("folder", "of no data set of this app"),
        ("fashion-mnist", "not here yet"),
        ("mnist", "of no data set of this app"),
        ("../x", "of no data set of this app"),
    ):
        strange = train(
            "lenet5-mnist", dataclasses.replace(digits, name=name), test=mine, params={"epochs": 1}
        )
        with pytest.raises(ValueError, match=sentence):
            held_out(strange)


# ----------------------------------------------------------------------------- the command
def test_the_command_records_a_run_that_opens(tmp_path: Path) -> None:
    lines: list[str] = []
    said = command.record(
        tmp_path / "run", n=100, settings=["epochs=2", "batch=50"], seed=3, say=lines.append
    )
    found = open_run(tmp_path / "run")
    assert len(lines) == 2
    assert f"{found.accuracy():.2%} of the test images" in said
    assert found.recipe.seed == 3
    # What was not said is what suits the architecture.
    usual = ARCHITECTURES["lenet5-mnist"].params
    assert found.recipe.params.rate == usual.rate
    assert found.recipe.params == settled(
        TrainingParams, ["epochs=2", "batch=50", f"rate={usual.rate}"]
    )
    assert repeatable(found.recipe)
    again = command.record(
        tmp_path / "run", n=100, settings=["epochs=2", "batch=50"], seed=3, resume=True
    )
    assert again == said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--architecture", "resnet18"], "expected one of lenet5-mnist"),
        (["--dataset", "photos"], "one to train on"),
        (["--param", "speed=1"], "got 'speed'"),
        (["--param", "epochs=0"], "epochs: expected 1 to 200"),
        (["--n", "0"], "at least 1"),
        (["--seed", "-1"], "seed: expected 0"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    tmp_path: Path,
    words: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["xai", "train", "--record", str(folder), *words])
    assert command_line.main() == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert not folder.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--architecture", "vgg16-mnist"],
        ["--seed", "0"],
        ["--resume"],
        ["--record", "x", "--model", "vgg16-mnist"],
    ],
)
def test_the_command_does_not_train_what_was_not_meant(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["xai", "train", *words])
    with pytest.raises(SystemExit):
        command_line.main()
    assert "--record" in capsys.readouterr().err


def test_the_command_line_records(tmp_path: Path) -> None:
    words = ["--record", str(tmp_path / "run"), "--n", "40", "--param", "epochs=1"]
    done = subprocess.run(
        [sys.executable, "-m", "xai", "train", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stdout
    assert (tmp_path / "run" / schema.HEAD).is_file()
