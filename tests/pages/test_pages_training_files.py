"""Runs as files on the training page: taken away, brought back, refused."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from xai import __main__ as command_line
from xai import datasets, models
from xai.training import Run, open_run, train
from xai.training.runs import files as run_files

Visit = Callable[..., AppTest]
Settle = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Files = dict[str, Any]

PAGE = "training"
ASKED = {"ask.training": "files"}
STEM = "mnist-lenet5-mnist-run"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    digits = datasets.load("mnist", n=100, split="train")
    others = datasets.load("mnist", n=80)
    return train("lenet5-mnist", digits, test=others, params={"epochs": 2}, record=folder)


def bring(at: AppTest, content: bytes, settle: Settle, name: str = "mine.zip") -> AppTest:
    """Open a zip in the page."""
    (uploader,) = [item for item in at.file_uploader if item.key.startswith("run_file")]
    uploader.set_value((name, content, "application/zip")).run()
    return settle(at)


def point(at: AppTest, place: Path | str, settle: Settle) -> AppTest:
    """Open what lies on the machine of the app."""
    (field,) = [item for item in at.text_input if item.key.startswith("run_path")]
    field.set_value(str(place)).run()
    return settle(at)


def close(at: AppTest, settle: Settle) -> AppTest:
    (button,) = [item for item in at.button if item.label == "Close the run"]
    button.click().run()
    return settle(at)


def opened(at: AppTest) -> bool:
    return any("This run was read from" in item.value for item in at.info)


def test_what_is_taken_is_the_run(visit: Visit, calm: Check, files: Files, small: Run) -> None:
    at = visit(PAGE, ASKED)
    calm(at)
    back = open_run(files[f"{STEM}.zip"]())
    assert back.marks[-1] == 40
    assert back.accuracy() == 0.994
    content = files[f"{STEM}-epoch-40.safetensors"]()
    own = models.load_checkpoint(content, "lenet5-mnist", name="mine").model
    wanted = back.load(40).net.state_dict()
    assert all(bool((own.net.state_dict()[name] == wanted[name]).all()) for name in wanted)
    assert files[f"{STEM}-metrics.csv"]().count(b"\n") == 41
    assert files[f"{STEM}-trace.csv"]().startswith(b"step,loss,accuracy\n")


def test_a_zip_opens_and_closes(
    visit: Visit, settle: Settle, calm: Check, said: Words, files: Files, small: Run
) -> None:
    at = bring(visit(PAGE, ASKED), run_files.pack(small), settle)
    calm(at)
    assert "mine.zip: LeNet-5, 100 images of mnist, 2 epochs." in said(at)
    again = open_run(files[f"{STEM}.zip"]())
    assert (again.recipe, again.marks) == (small.recipe, small.marks)
    np.testing.assert_array_equal(again.predicted, small.predicted)
    # It outlives a change of page, and is nobody else's.
    visit("architecture", at=at)
    assert opened(visit(PAGE, at=at))
    assert not opened(visit(PAGE, ASKED))
    at = close(at, settle)
    calm(at)
    assert not opened(at)
    assert not opened(settle(at.run()))
    assert opened(bring(visit(PAGE, ASKED, at=at), run_files.pack(small), settle))


def test_a_folder_of_the_machine_opens_unless_the_app_is_public(
    visit: Visit, settle: Settle, calm: Check, small: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = point(visit(PAGE, ASKED), small.folder, settle)
    calm(at)
    assert opened(at)
    monkeypatch.setenv("LAYERSCOPE_PUBLIC", "1")
    at = visit(PAGE, ASKED)
    assert [item for item in at.text_input if item.key.startswith("run_path")] == []


@pytest.mark.parametrize("place", ["/nowhere", "/dev/zero", "x" * 5_000, "~nobody/run"])
def test_paths_of_no_run_are_a_sentence(visit: Visit, settle: Settle, place: str) -> None:
    at = point(visit(PAGE, ASKED), place, settle)
    (error,) = at.error
    assert error.value.endswith(", or of a folder with run.json.")
    assert not opened(at)
    assert not at.exception


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda good: good[: len(good) // 2], "cut off or damaged"),
        (lambda good: b"%PDF-1.7" + bytes(100), "This is not a zip"),
        (lambda good: b"PK\x05\x06" + bytes(18), "The zip holds no run"),
    ],
    ids=["half", "another", "empty"],
)
def test_zips_of_no_run_are_a_sentence(
    visit: Visit,
    settle: Settle,
    small: Run,
    spoil: Callable[[bytes], bytes],
    sentence: str,
) -> None:
    at = bring(visit(PAGE, ASKED), spoil(run_files.pack(small)), settle)
    (error,) = at.error
    assert sentence in error.value
    assert not opened(at)
    assert not at.exception


def test_a_run_on_images_that_are_not_here_is_a_sentence(
    visit: Visit, settle: Settle, tmp_path: Path
) -> None:
    digits = datasets.load("mnist", n=60, split="train")
    names = tuple(f"mine-{place}" for place in range(20))
    some = datasets.load("mnist", n=20)
    other = datasets.ImageSet(some.images, some.labels, some.classes, names)
    train("lenet5-mnist", digits, test=other, params={"epochs": 1}, record=tmp_path / "run")
    at = point(visit(PAGE, ASKED), tmp_path / "run", settle)
    (error,) = at.error
    assert "images that are not here" in error.value
    assert not opened(at)


def test_the_offered_command_is_one_that_runs(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at = visit(PAGE, ASKED)
    (line,) = [item.value for item in at.code if "--record" in item.value]
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "xai"]
    seen: dict[str, Any] = {}
    monkeypatch.setattr("xai.training.command.record", lambda *a, **k: seen.update(k) or "done")
    monkeypatch.setattr(sys, "argv", ["xai", *words[3:]])
    assert command_line.main() == 0
    assert seen["architecture"] == "lenet5-mnist"
    assert seen["n"] == 8_000
    assert seen["settings"] == ["epochs=40"]
