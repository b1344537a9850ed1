"""What cannot be trained, or recorded, is said in a sentence; nothing is left half done."""

from __future__ import annotations

import dataclasses
import errno
import os
import threading

import numpy as np
import pytest

from xai.datasets import ImageSet
from xai.training import TrainingParams, open_run, train
from xai.training.runs.files import schema, writing

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


def test_record_and_resume_must_not_differ(digits, tmp_path):
    with pytest.raises(ValueError, match="record: expected the folder of the run that goes on"):
        train("lenet5-mnist", digits, record=tmp_path / "a", resume=tmp_path / "b")


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


def test_what_a_listener_raises_reaches_the_caller_as_it_is(digits, tmp_path):
    def refuse(epoch):
        raise OSError(errno.ENOSPC, "somebody else's disk")

    with pytest.raises(OSError, match="somebody else's disk"):
        train("lenet5-mnist", digits, params=FAST, record=tmp_path, on_epoch=refuse)
    assert open_run(tmp_path).marks[-1] == 1.0
