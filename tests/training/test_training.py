"""What a training gives, and that nothing but its recipe has a say in it."""

from __future__ import annotations

import dataclasses
import gc
import threading
import time
import warnings

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from xai import models
from xai.training import ARCHITECTURES, TrainingParams, open_run, train
from xai.training.augmentation import jitter
from xai.training.inputs import inputs

PARAMS = TrainingParams(epochs=2, batch=30, rate=4e-3)


@pytest.fixture(scope="module")
def run(digits, others):
    return train("lenet5-mnist", digits, test=others, params=PARAMS)


# ------------------------------------------------------------------------ one recipe, one run
def test_equal_seeds_give_equal_weights_and_others_others(run, digits, others):
    again = train("lenet5-mnist", digits, test=others, params=PARAMS)
    assert again.checksums == run.checksums
    assert again.digest == run.digest
    assert train("lenet5-mnist", digits, params=PARAMS, seed=1).checksums[0] != run.checksums[0]


def plain_loop(net, images, labels, params):
    """Train as any tutorial does; return loss and accuracy of each epoch."""
    generator, black = torch.Generator().manual_seed(0), images.amin()
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.rate, weight_decay=params.decay)
    steps = params.epochs * -(-len(images) // params.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, params.rate, steps, pct_start=0.2)
    for _ in range(params.epochs):
        total, right = 0.0, 0
        for chunk in torch.randperm(len(images), generator=generator).split(params.batch):
            batch = jitter(images[chunk] - black, generator) + black
            logits = net(batch)
            loss = F.cross_entropy(logits, labels[chunk], label_smoothing=params.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chunk)
            right += int((logits.argmax(1) == labels[chunk]).sum())
        yield total / len(images), right / len(images)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_plain_loop_comes_to_the_same_to_the_last_bit(digits, others, smoothing):
    params = dataclasses.replace(PARAMS, smoothing=smoothing)
    run = train("lenet5-mnist", digits, test=others, params=params)
    row, before = ARCHITECTURES["lenet5-mnist"], torch.get_num_threads()
    net, ready = row.build(), inputs(row.spec, digits)
    torch.set_num_threads(1)
    try:
        found = list(plain_loop(net, ready.images, ready.labels, params))
    finally:
        torch.set_num_threads(before)
    model = run.load()
    for name, value in net.state_dict().items():
        assert torch.equal(model.net.state_dict()[name], value), name
    assert found == [(epoch.loss, epoch.accuracy) for epoch in run.epochs]
    assert run.epochs[-1].rate == pytest.approx(4e-3 / 25 / 1e4)


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_other_threads_and_the_process_s_generator_have_no_say(digits, architecture):
    params = TrainingParams(epochs=1, batch=20, rate=2e-3, width=0.5)
    small = digits.subset(np.arange(60))
    alone = train(architecture, small, params=params)
    ended = threading.Event()

    def draw() -> None:
        while not ended.is_set():
            torch.rand(7)
            time.sleep(1e-4)

    noise = threading.Thread(target=draw)
    noise.start()
    try:
        beside = train(architecture, small, params=params)
    finally:
        ended.set()
        noise.join()
    assert beside.checksums == alone.checksums
    state = torch.random.get_rng_state()
    train(architecture, small, params=params)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_two_may_train_at_once(run, digits, others):
    found = {}

    def one(place):
        found[place] = train("lenet5-mnist", digits, test=others, params=PARAMS).checksums

    threads = [threading.Thread(target=one, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: run.checksums, 1: run.checksums}


def test_the_number_of_threads_has_no_say_and_stays(run, digits, others):
    before, seen = torch.get_num_threads(), []

    def many() -> None:
        torch.set_num_threads(3)
        seen.append(train("lenet5-mnist", digits, test=others, params=PARAMS).checksums)
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=many)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert seen == [run.checksums, 3]


def test_a_shared_network_is_left_alone(digits):
    model = models.load("lenet5-mnist")
    before = {name: value.clone() for name, value in model.net.state_dict().items()}
    train("lenet5-mnist", digits, params={"epochs": 1})
    for name, value in model.net.state_dict().items():
        assert torch.equal(value, before[name])
        assert not model.net.training


# --------------------------------------------------------------------------- what is recorded
def test_marks_are_finer_in_the_first_epoch(run):
    assert run.marks == (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
    assert [epoch.number for epoch in run.epochs] == [1, 2]
    assert (run.ended, run.note) == ("finished", "")


def test_predicted_is_what_the_networks_of_the_marks_say(run, others):
    for place, mark in enumerate(run.marks):
        model = run.load(mark)
        batch = np.stack([model.prepare(image) for image in others.images])
        with torch.no_grad():
            logits = model.logits(batch)
        np.testing.assert_array_equal(run.predicted[place], logits.argmax(1).numpy())
        if mark in (1.0, 2.0):
            epoch = run.epochs[int(mark) - 1]
            loss = F.cross_entropy(logits, torch.from_numpy(others.labels.copy()))
            assert epoch.test_loss == pytest.approx(float(loss), rel=1e-5)
            assert epoch.test_accuracy == run.accuracy(mark)


def test_right_is_what_the_network_said_when_it_was_shown(digits):
    """Without augmentation, and so slow that the weights stand still, it can be asked again."""
    params = TrainingParams(epochs=2, batch=64, rate=1e-6, decay=0, augment=False)
    run = train("lenet5-mnist", digits, params=params, seed=5)
    model = run.load(0.0)
    found = np.array([model.predict(model.prepare(image)).label for image in digits.images])
    np.testing.assert_array_equal(run.right[0], found == digits.labels)
    assert run.epochs[0].accuracy == run.right[0].mean()
    assert run.right.shape == (2, len(digits))
    np.testing.assert_array_equal(run.train_labels, digits.labels)
    assert run.train_ids == digits.ids


def test_right_while_learning_is_as_the_loss_was(digits):
    """One step an epoch: each epoch's answers are those of the weights before it."""
    params = TrainingParams(epochs=3, batch=200, rate=4e-3, augment=False, schedule="constant")
    run = train("lenet5-mnist", digits, params=params)
    for epoch in range(3):
        model = run.load(float(epoch))
        batch = np.stack([model.prepare(image) for image in digits.images])
        found = [one.label for one in model.predict_batch(batch)]
        assert (run.right[epoch] == (np.array(found) == digits.labels)).mean() > 0.99
    assert (run.right[2] != run.right[0]).any()


def test_confusion_recall_and_accuracy_against_counting(run, others):
    table = np.zeros((10, 10), int)
    for label, found in zip(others.labels, run.predicted[4], strict=True):
        table[label, found] += 1
    np.testing.assert_array_equal(run.confusion(1.0), table)
    for label in range(10):
        mine = others.labels == label
        assert run.recall(1)[label] == (run.predicted[4][mine] == label).mean()
    assert run.accuracy(1) == np.diag(table).sum() / len(others)


def test_a_class_without_test_images_has_no_recall(digits, others):
    seven = others.subset(others.labels == 7)
    run = train("lenet5-mnist", digits, test=seven, params={"epochs": 1})
    assert np.isnan(run.recall()).sum() == 9
    assert run.accuracy() == run.recall()[7]


def test_without_test_images_there_is_nothing_to_count(digits):
    run = train("lenet5-mnist", digits, params={"epochs": 1})
    assert run.predicted.shape == (len(run.marks), 0)
    assert np.isnan(run.accuracy())
    assert np.isnan(run.epochs[0].test_loss)
    assert run.confusion().sum() == 0


def test_norms_are_those_of_the_weights_and_gradients(digits):
    params = TrainingParams(epochs=1, batch=200, rate=1e-3, augment=False)
    run = train("lenet5-mnist", digits, params=params)
    row = ARCHITECTURES["lenet5-mnist"]
    net, ready = row.build(), inputs(row.spec, digits)
    F.cross_entropy(net(ready.images), ready.labels).backward()
    trained = run.load(1.0).net.state_dict()
    assert list(run.epochs[0].weight_norms) == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    for name, norm in run.epochs[0].gradient_norms.items():
        gradient = net.get_submodule(name).weight.grad
        assert norm == pytest.approx(float(gradient.norm()), rel=1e-4)
        weight = trained[f"{name}.weight"]
        assert run.epochs[0].weight_norms[name] == pytest.approx(float(weight.norm()), rel=1e-5)


def test_the_trace_s_means_are_the_epoch_s(run, digits):
    steps = -(-len(digits) // PARAMS.batch)
    assert run.trace.step.tolist() == list(range(1, 2 * steps + 1))
    sizes = [30] * 6 + [20]
    for epoch in range(2):
        mine = slice(epoch * steps, (epoch + 1) * steps)
        loss = np.average(run.trace.loss[mine], weights=sizes)
        assert loss == pytest.approx(run.epochs[epoch].loss, rel=1e-5)
        right = np.average(run.trace.accuracy[mine], weights=sizes)
        assert right == pytest.approx(run.epochs[epoch].accuracy, rel=1e-5)


def test_who_listens_hears_of_every_step_and_epoch(digits):
    steps, epochs, points = [], [], []
    run = train(
        "lenet5-mnist",
        digits,
        params=PARAMS,
        progress=lambda *told: steps.append(told),
        on_epoch=epochs.append,
        on_point=points.append,
    )
    assert [done for done, _, _ in steps] == list(range(15))
    assert {total for _, total, _ in steps[1:]} == {14}
    assert steps[8][2].startswith("Epoch 2 of 2: loss ")
    assert tuple(epochs) == run.epochs
    np.testing.assert_array_equal(points[-1].loss, run.trace.loss)
    assert [len(point.step) for point in points] == list(range(1, 15))


def test_a_run_reads_back_as_it_was(run):
    found = open_run(run.folder)
    assert found.digest == run.digest
    assert found.recipe == run.recipe
    assert found.epochs == run.epochs
    np.testing.assert_array_equal(found.right, run.right)


def test_marks_have_names_that_differ_and_say_what_they_are(run):
    found = [run.load(mark).spec for mark in run.marks]
    assert len({spec.name for spec in found}) == len(found)
    assert all(spec.name.startswith("own-") and len(spec.name) == 20 for spec in found)
    assert [spec.label for spec in found[-2:]] == ["LeNet-5, epoch 1", "LeNet-5, epoch 2"]
    assert found[0].label == "LeNet-5, untrained"
    with pytest.raises(ValueError, match=r"0, 0\.1, 0\.25, 0\.5, 1, 2"):
        run.load(3)


def test_memory_does_not_grow_with_epochs(digits, others):
    """What an epoch leaves in memory is its answers: no weights, no gradients."""
    few, tested = digits.subset(np.arange(40)), others.subset(np.arange(5))
    held = []

    def count(epoch) -> None:
        if epoch.number in (20, 200):
            gc.collect()
            with warnings.catch_warnings():
                # torch has objects that warn whoever looks at their class.
                warnings.simplefilter("ignore", FutureWarning)
                tensors = [one for one in gc.get_objects() if isinstance(one, torch.Tensor)]
            held.append(sum(one.numel() for one in tensors))

    params = TrainingParams(epochs=200, batch=40, augment=False, width=0.25)
    run = train("lenet5-mnist", few, test=tested, params=params, on_epoch=count)
    assert len(run.epochs) == 200
    # A bit an image and epoch is a byte in memory: 180 epochs of 40 images.
    assert held[1] - held[0] <= 180 * 40 + 100


def test_a_temporary_folder_goes_with_its_run(digits):
    run = train("lenet5-mnist", digits, params={"epochs": 1})
    folder = run.folder
    assert folder.is_dir()
    del run
    gc.collect()
    assert not folder.exists()
