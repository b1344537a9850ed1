"""What cannot be trained, or recorded, is said in a sentence; nothing is left half done."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from xai.datasets import ImageSet
from xai.training import Epoch, TrainingParams, open_run, train
from xai.training.runs import endings
from xai.training.runs.files import schema, writing
from xai.training.runs.judging import Jury

ROOT = Path(__file__).resolve().parents[2]
FAST = TrainingParams(epochs=2, batch=50, rate=4e-3)


# ------------------------------------------------------------------------------ bad input
def test_an_unknown_architecture_is_refused_with_a_list(digits):
    with pytest.raises(ValueError, match="lenet5-mnist, vgg16-mnist; got 'alexnet'"):
        train("alexnet", digits)


def test_one_class_alone_teaches_nothing(digits):
    with pytest.raises(ValueError, match=r"at least two classes.*'3'"):
        train("lenet5-mnist", digits.subset(digits.labels == 3))


def test_no_images_and_no_image_set(digits):
    with pytest.raises(ValueError, match="data: expected at least one image"):
        train("lenet5-mnist", digits.subset([]))
    with pytest.raises(ValueError, match="test: expected at least one image"):
        train("lenet5-mnist", digits, test=digits.subset([]))
    with pytest.raises(TypeError, match="data: expected an image set, got ndarray"):
        train("lenet5-mnist", digits.images)
    with pytest.raises(TypeError, match="test: expected an image set"):
        train("lenet5-mnist", digits, test=digits.images)


@pytest.mark.parametrize("label", [-1, 10])
def test_labels_that_are_no_classes(digits, label):
    labels = digits.labels.copy()
    labels[5] = label
    with pytest.raises(ValueError, match=f"labels from 0 to 9.*got {label}"):
        train("lenet5-mnist", dataclasses.replace(digits, labels=labels))


@pytest.mark.parametrize("name", ["a\nb", "\u202e", "\udcff", "x" * 5_000])
@pytest.mark.parametrize("what", ["name", "classes", "ids"])
def test_names_that_could_not_be_read_again(digits, what, name):
    given = name if what == "name" else (name, *getattr(digits, what)[1:])
    odd = dataclasses.replace(digits, **{what: given})
    with pytest.raises(ValueError, match="data: expected names of at most 4,096 letters"):
        train("lenet5-mnist", odd)


def test_more_than_a_folder_may_hold(digits, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MOST_IMAGES", 199)
        with pytest.raises(ValueError, match="data: expected at most 199 images, got 200"):
            train("lenet5-mnist", digits)
    many = dataclasses.replace(digits, classes=tuple(map(str, range(1_001))))
    with pytest.raises(ValueError, match="test: expected at most 1,000 classes, got 1,001"):
        train("lenet5-mnist", digits.subset(range(9)), test=many)


def test_test_images_of_other_classes(digits, others):
    strange = dataclasses.replace(others, classes=tuple("abcdefghij"))
    with pytest.raises(ValueError, match=r"training images, 0, 1, 2.*got a, b, c"):
        train("lenet5-mnist", digits, test=strange)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"epochs": 0}, "epochs: expected 1 to 200, got 0"),
        ({"epochs": 2.5}, "epochs: expected a whole number"),
        ({"rate": 0.0}, "rate: expected"),
        ({"rate": float("nan")}, "rate: expected"),
        ({"optimizer": "adagrad"}, "optimizer: expected one of adamw, adam, sgd"),
        ({"schedule": "steps"}, "schedule: expected one of one cycle, cosine, constant"),
        ({"width": 4.0}, r"width: expected 0\.25 to 2\.0"),
        ({"momentum": 0.9}, "params: expected epochs, batch"),
        ([1], "params: expected TrainingParams, a mapping or None"),
    ],
)
def test_settings_out_of_range(digits, params, said):
    with pytest.raises((TypeError, ValueError), match=said):
        train("lenet5-mnist", digits, params=params)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_seeds_that_are_none(digits, seed):
    with pytest.raises((TypeError, ValueError), match="seed: expected"):
        train("lenet5-mnist", digits, seed=seed)


def test_fewer_images_than_a_batch_and_images_of_mixed_sizes(digits):
    """Neither is a mistake: one step an epoch, and every image is scaled as the model says."""
    images = [
        np.pad(one, ((0, place % 3), (0, 0), (0, 0)))
        for place, one in enumerate(digits.images[:20])
    ]
    mixed = ImageSet(images, digits.labels[:20], digits.classes, digits.ids[:20], name="mixed")
    run = train("lenet5-mnist", mixed, test=mixed, params={"epochs": 2})
    assert run.trace.step.tolist() == [1, 2]
    assert run.marks == (0.0, 1.0, 2.0)
    assert run.right.shape == (2, 20)


def test_altered_pixels_under_old_names_make_another_recipe(digits, tmp_path):
    images = digits.images.copy()
    images[0, 0, 0, 0] += 1
    altered = dataclasses.replace(digits, images=images)
    assert altered.signature == digits.signature
    train("lenet5-mnist", digits, params=FAST, record=tmp_path)
    with pytest.raises(ValueError, match="same recipe, got one with pixels"):
        train("lenet5-mnist", altered, params=FAST, resume=tmp_path)


# -------------------------------------------------------------------------------- divergence
@pytest.mark.parametrize(("optimizer", "decay"), [("adamw", 0.0), ("sgd", 1.0)])
def test_a_training_that_diverges_keeps_the_last_good_weights(
    digits, others, tmp_path, optimizer, decay
):
    params = TrainingParams(
        epochs=3, batch=20, rate=1.0, decay=decay, optimizer=optimizer, schedule="constant"
    )
    run = train("lenet5-mnist", digits, test=others, params=params, record=tmp_path)
    assert run.ended == "diverged"
    assert "diverged in epoch 1, step" in run.note
    assert "the loss grew" in run.note
    assert "learning rate below 1 " in run.note
    assert (run.trace.loss < 1_000 * np.log(10)).all()
    assert len(run.predicted) == len(run.marks)
    for mark in run.marks:
        assert np.isfinite(run.load(mark).predict(np.zeros((1, 28, 28), np.float32)).logits).all()
    found = open_run(tmp_path)
    assert (found.ended, found.note, found.digest) == (run.ended, run.note, run.digest)
    assert not (tmp_path / schema.STATE).exists()
    assert train("lenet5-mnist", digits, test=others, params=params, resume=tmp_path).ended == (
        "diverged"
    )


def test_weights_that_are_no_numbers_are_never_kept(digits, monkeypatch):
    """The loss of the last step was finite, what it made of the weights was not."""
    from xai.training.course import Course

    plain = Course.advance

    def advance(course):
        step = plain(course)
        if course.done == 8:  # the end of the second epoch
            next(course.net.parameters()).data[0] = float("inf")
        return step

    monkeypatch.setattr(Course, "advance", advance)
    run = train("lenet5-mnist", digits, params=FAST)
    assert (run.ended, run.marks[-1], len(run.epochs)) == ("diverged", 1.0, 1)


def test_a_network_that_learned_nothing_is_said_to(digits):
    params = TrainingParams(epochs=1, batch=200, rate=1e-6)
    run = train("lenet5-mnist", digits, params=params)
    assert run.ended == "finished"
    assert run.note.startswith("Nothing was learned")


@pytest.mark.parametrize(("right", "learned"), [(998, False), (1_000, True)])
def test_few_images_of_a_second_class_can_be_learned(right, learned):
    """Nobody is right more often than always: the margin is never out of reach."""
    labels = np.zeros(1_000, int)
    labels[:2] = 1
    found = SimpleNamespace(train_labels=labels, epochs=[Epoch(1, 0.1, right / 1_000)])
    recorder = SimpleNamespace(run=lambda *_: found)
    assert (endings.finished(recorder) == "") is learned


# --------------------------------------------------------------------------------- the folder
def foreign(folder) -> dict:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("way", ["record", "resume"])
def test_files_of_others_are_left_alone(digits, tmp_path, way):
    (tmp_path / "thesis.txt").write_text("three years of work")
    before = foreign(tmp_path)
    with pytest.raises(ValueError, match=r"new or empty folder.*thesis\.txt"):
        train("lenet5-mnist", digits, params=FAST, **{way: tmp_path})
    assert foreign(tmp_path) == before


@pytest.mark.parametrize("way", ["record", "resume"])
def test_files_of_others_may_have_the_names_of_ours(digits, tmp_path, way):
    """Anyone's training leaves metrics.csv and weights."""
    (tmp_path / schema.WEIGHTS).mkdir()
    (tmp_path / schema.METRICS).write_text("epoch,loss\n")
    with pytest.raises(ValueError, match=r"new or empty folder.*metrics\.csv"):
        train("lenet5-mnist", digits, params=FAST, **{way: tmp_path})
    (tmp_path / schema.IMAGES).write_text("part,id,label\n")
    (tmp_path / schema.WEIGHTS / "epoch-0007.safetensors").write_text("mine")
    with pytest.raises(ValueError, match=r"new or empty folder.*epoch-0007"):
        train("lenet5-mnist", digits, params=FAST, **{way: tmp_path})
    assert (tmp_path / schema.METRICS).read_text() == "epoch,loss\n"


@pytest.mark.parametrize("place", ["a\0b", "~nobody-of-that-name/\0", "loop", "x" * 300])
def test_names_that_no_folder_has(digits, tmp_path, place):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ValueError, match=r"^record: "):
        train("lenet5-mnist", digits, params=FAST, record=f"{tmp_path}/{place}")


def test_a_file_is_no_folder(digits, tmp_path):
    place = tmp_path / "run"
    place.write_text("words")
    for way in ("record", "resume"):
        with pytest.raises(ValueError, match="record: it is no folder"):
            train("lenet5-mnist", digits, params=FAST, **{way: place})
        with pytest.raises(ValueError, match="record: it is no folder"):
            train("lenet5-mnist", digits, params=FAST, **{way: place / "inner"})
    assert place.read_text() == "words"
    with pytest.raises(TypeError, match="record: expected a folder, got int"):
        train("lenet5-mnist", digits, record=3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(digits, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="record: the folder cannot be written"):
        train("lenet5-mnist", digits, params=FAST, record=tmp_path / "run")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("name", ["epoch-0001.safetensors", schema.ANSWERS, schema.STATE])
def test_a_disk_that_refuses_leaves_what_was_recorded(digits, tmp_path, monkeypatch, name, code):
    plain = writing.write

    def write(place, content):
        known = [path.name for path in tmp_path.glob("weights/*")]
        if "epoch-0000.5.safetensors" in known and place.name == name:
            raise OSError(code, os.strerror(code), str(place))
        plain(place, content)

    wanted = train("lenet5-mnist", digits, params=FAST)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "write", write)
        said = {errno.ENOSPC: "the disk is full", errno.EROFS: "the folder cannot be written"}
        with pytest.raises(ValueError, match=f"record: {said.get(code, '')}"):
            train("lenet5-mnist", digits, params=FAST, record=tmp_path)
    half = open_run(tmp_path)
    assert half.ended == "stopped"
    assert half.marks[-1] in (0.25, 0.5)
    assert not list(tmp_path.rglob(".*"))
    assert train("lenet5-mnist", digits, params=FAST, resume=tmp_path).digest == wanted.digest


_OTHER = """
import sys
from xai import datasets
from xai.training import train
def wait(done, total, message):
    print("begun", flush=True)
    sys.stdin.read()
train("lenet5-mnist", datasets.load("mnist", n=200, split="train"), params={"epochs": 1},
      record=sys.argv[1], progress=wait)
"""


@pytest.mark.skipif(os.name != "posix", reason="no locks between processes here")
def test_two_processes_cannot_record_into_one_folder(digits, tmp_path):
    given = {"params": {"epochs": 1}, "resume": tmp_path}
    command = [sys.executable, "-c", _OTHER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as other:
        assert other.stdout.readline() == b"begun\n"
        with pytest.raises(ValueError, match="another training records into"):
            train("lenet5-mnist", digits, **given)
        other.kill()
    # What held it is gone with its process.
    assert train("lenet5-mnist", digits, **given).ended == "finished"


def test_two_cannot_record_into_one_folder(digits, tmp_path):
    inside, done = threading.Event(), threading.Event()

    def wait(done_steps, total, message):
        inside.set()
        assert done.wait(30)

    def first() -> None:
        train("lenet5-mnist", digits, params=FAST, record=tmp_path, progress=wait)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(30)
    try:
        with pytest.raises(ValueError, match="another training records into"):
            train("lenet5-mnist", digits, params=FAST, resume=tmp_path)
    finally:
        done.set()
        thread.join()
    assert open_run(tmp_path).ended == "finished"


def test_a_stop_reaches_the_caller_though_the_disk_is_full(digits, tmp_path, monkeypatch):
    plain = writing.write

    def stop(done, total, message):
        if done == 3:
            monkeypatch.setattr(writing, "write", refuse)
            raise KeyboardInterrupt

    def refuse(place, content):
        raise OSError(errno.ENOSPC, "full", str(place))

    with pytest.raises(KeyboardInterrupt):
        train("lenet5-mnist", digits, params=FAST, record=tmp_path, progress=stop)
    monkeypatch.setattr(writing, "write", plain)
    assert open_run(tmp_path).marks[-1] == 0.5
    assert train("lenet5-mnist", digits, params=FAST, resume=tmp_path).ended == "finished"


def test_a_loss_on_test_images_beyond_all_bounds_is_divergence(digits, others, monkeypatch):
    plain, tries = Jury.tried, []

    def tried(jury, net):
        tries.append(net)
        predicted, loss = plain(jury, net)
        return predicted, loss if len(tries) < 5 else 1e9

    monkeypatch.setattr(Jury, "tried", tried)
    run = train("lenet5-mnist", digits, test=others, params=FAST)
    assert (run.ended, len(run.marks)) == ("diverged", 4)


def test_what_a_listener_raises_reaches_the_caller_as_it_is(digits, tmp_path):
    def refuse(epoch):
        raise OSError(errno.ENOSPC, "somebody else's disk")

    with pytest.raises(OSError, match="somebody else's disk"):
        train("lenet5-mnist", digits, params=FAST, record=tmp_path, on_epoch=refuse)
    assert open_run(tmp_path).marks[-1] == 1.0
