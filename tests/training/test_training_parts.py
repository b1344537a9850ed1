"""The parts of the loop against torch's own."""

from __future__ import annotations

import dataclasses
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from xai import models
from xai.datasets import ImageSet
from xai.models.nets import LeNet5, NarrowVGG16
from xai.training import ARCHITECTURES, TrainingParams, recipe_of, train
from xai.training.augmentation import jitter
from xai.training.course import Course, DivergedError, Step, check_loss
from xai.training.dropout import SeededDropout, seeded_dropout
from xai.training.inputs import inputs, pixels
from xai.training.optimization import make_optimizer, set_pace
from xai.training.runs import endings
from xai.training.runs.judging import Jury, _Halving
from xai.training.runs.marking import is_point, marks
from xai.training.runs.reviving import own_spec
from xai.training.runs.tally import Norms, Tally
from xai.training.schedules import Pace, pace
from xai.training.threads import one_thread

MAKERS = {
    "lenet5-mnist": LeNet5,
    "vgg16-mnist": lambda **options: NarrowVGG16(batch_norm=True, **options),
}


@pytest.mark.parametrize("total", [6, 7, 10, 125, 1000])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_one_cycle_is_torch_s(total, optimizer):
    params = TrainingParams(rate=4e-3, optimizer=optimizer)
    net = nn.Linear(2, 2)
    mine, other = make_optimizer(net, params), make_optimizer(net, params)
    cycle = torch.optim.lr_scheduler.OneCycleLR(other, 4e-3, total_steps=total, pct_start=0.2)
    for step in range(total):
        set_pace(mine, pace(params, step, total))
        group, wanted = mine.param_groups[0], other.param_groups[0]
        assert group["lr"] == wanted["lr"]
        assert group.get("betas", group.get("momentum")) == wanted.get(
            "betas", wanted.get("momentum")
        )
        other.step()
        cycle.step()


@pytest.mark.parametrize("total", [1, 2, 5])
@pytest.mark.parametrize("schedule", ["one cycle", "cosine", "constant"])
def test_few_steps_have_a_pace_too(total, schedule):
    params = TrainingParams(rate=0.1, schedule=schedule)
    rates = [pace(params, step, total).rate for step in range(total)]
    assert rates[0] == pytest.approx(0.1)
    assert rates == sorted(rates, reverse=True)
    assert all(0 < rate <= 0.1 for rate in rates)


def test_dropout_draws_the_masks_that_torch_s_draws():
    x = torch.randn(64, 512, generator=torch.Generator().manual_seed(1), requires_grad=True)
    mine = SeededDropout(0.3, torch.Generator().manual_seed(7)).train()
    found = [mine(x) for _ in range(3)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(7)
        wanted = [F.dropout(x, 0.3, training=True) for _ in range(3)]
    for one, other in zip(found, wanted, strict=True):
        assert torch.equal(one, other)
    assert torch.equal(mine.eval()(x), x)


def test_settings_of_equal_value_are_one_recipe(digits):
    given = (
        {"epochs": 2, "rate": 1, "decay": 0},
        {"epochs": np.int64(2), "rate": np.float64(1), "decay": 0.0},
    )
    found = [recipe_of("lenet5-mnist", digits, params=params) for params in given]
    assert found[0] == found[1]
    assert found[0].digest == found[1].digest
    assert found[0].digest != recipe_of("lenet5-mnist", digits, params={"epochs": 2}).digest


def course_of(count=6, seed=0, **params):
    """A training of a dense layer with dropout on a few points."""
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3))
    with torch.no_grad():
        net[2].weight.copy_(torch.arange(12.0).reshape(3, 4) / 12)
        net[2].bias.zero_()
    images = torch.arange(4.0 * count).reshape(count, 1, 2, 2) / count
    params = TrainingParams(**{"epochs": 3, "batch": 2, "augment": False} | params)
    return Course(net, images, torch.arange(count) % 3, params, seed)


def test_the_rate_is_that_of_the_step_that_was_done():
    course = course_of(rate=0.1)
    assert course.rate == pace(course.params, 0, 9).rate
    for step in range(9):
        course.advance()
        assert course.rate == pace(course.params, step, 9).rate
        assert course.rate == course.optimizer.param_groups[0]["lr"]


def test_order_and_dropout_are_the_seed_s():
    first, again, other = (course_of(60, seed=seed) for seed in (1, 1, 2))
    chunks = [torch.cat([course.advance().chunk for _ in range(30)]) for course in (first, again)]
    assert torch.equal(*chunks)
    assert sorted(chunks[0].tolist()) == list(range(60))
    assert not torch.equal(chunks[0][:2], other.advance().chunk)
    draws = [torch.rand(3, generator=course.dropout) for course in (course_of(), other)]
    assert not torch.equal(*draws)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e6])
def test_a_step_whose_loss_is_no_loss_changes_no_weight(bad):
    course = course_of()
    course.net[2].bias.data[0] = bad
    course.net[1].p = 0.0
    before = course.net[2].weight.clone()
    with pytest.raises(DivergedError, match="the loss grew"):
        course.advance()
    assert torch.equal(course.net[2].weight, before)
    assert course.done == 0


@pytest.mark.parametrize(("loss", "refused"), [(1_000, False), (1_001, True)])
def test_a_loss_is_refused_from_a_thousand_guesses_on(loss, refused):
    guess = float(np.log(7))
    if not refused:
        check_loss(loss * guess, 7)
        return
    with pytest.raises(DivergedError, match=r"the loss grew to .* \(a guess has 1\.9\)"):
        check_loss(loss * guess, 7)


def test_not_a_number_is_no_loss():
    for loss in (float("nan"), float("inf")):
        with pytest.raises(DivergedError, match="beyond all numbers"):
            check_loss(loss, 2)


def test_jitter_moves_each_picture_within_its_limits():
    """A dot right of the middle tells turn, scale, shear and shift, each of them alone."""
    plain = torch.zeros(400, 1, 41, 41)
    plain[:, :, 20, 30] = 1
    still = {"degrees": 0.0, "shift": 0.0, "zoom": 0.0, "shear": 0.0}
    rows, columns = torch.meshgrid(torch.arange(41.0), torch.arange(41.0), indexing="ij")

    def place(**changed):
        moved = jitter(plain, torch.Generator().manual_seed(0), **still | changed)[:, 0]
        total = moved.sum((1, 2))
        return [(moved * axis).sum((1, 2)) / total for axis in (rows, columns)]

    down, right = place()
    assert torch.allclose(down, torch.tensor(20.0))
    assert torch.allclose(right, torch.tensor(30.0))
    down, right = place(degrees=10.0)
    assert 1.5 < (down - 20).abs().max() < 10 * np.sin(np.radians(10)) + 0.2
    assert torch.allclose((down - 20).hypot(right - 20), torch.tensor(10.0), atol=0.3)
    down, right = place(shift=0.07)
    for axis, middle in ((down, 20), (right, 30)):
        assert 2.5 < (axis - middle).abs().max() < 0.07 * 41 + 0.1
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.2
    down, right = place(zoom=0.1)
    assert torch.allclose(down, torch.tensor(20.0), atol=0.1)
    assert 8.9 < (right - 20).min() < 9.3
    assert 10.7 < (right - 20).max() < 11.2


@pytest.mark.parametrize("shape", [(2, 3, 8, 6), (1, 2, 7, 9), (3, 1, 2, 2)])
def test_halving_is_torch_s_pooling(shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    for way in (torch.contiguous_format, torch.channels_last):
        mine = _Halving()(x.contiguous(memory_format=way))
        assert torch.equal(mine, nn.MaxPool2d(2)(x))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_the_jury_s_network_is_the_one_that_learns(digits, name):
    recipe = recipe_of(name, digits, params={"width": 0.5})
    net, ready = recipe.row.build(width=0.5, seed=3).eval(), inputs(recipe.row.spec, digits)
    jury = Jury(recipe, ready)
    assert any(isinstance(part, _Halving) for part in jury._net.modules())
    predicted, loss = jury.tried(net)
    with torch.no_grad():
        logits = net(ready.images)
    assert loss == pytest.approx(float(F.cross_entropy(logits, ready.labels)), rel=1e-5)
    assert (predicted == logits.argmax(1).numpy()).mean() > 0.99
    assert predicted.dtype == np.int16


def test_dropout_is_put_back():
    net = NarrowVGG16()
    plain = net.classifier.drop6
    with pytest.raises(RuntimeError), seeded_dropout(net, torch.Generator()):  # noqa: PT012
        assert isinstance(net.classifier.drop6, SeededDropout)
        net.eval()
        raise RuntimeError
    assert net.classifier.drop6 is plain
    assert not plain.training


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_first_weights_are_those_of_torch_with_that_seed(name):
    """The shipped networks were begun so: only with the same numbers they can be made again."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(4)
        net = MAKERS[name]()
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    state = torch.random.get_rng_state()
    found = ARCHITECTURES[name].build(seed=4).state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)
    wanted = net.state_dict()
    assert list(found) == list(wanted)
    for key, value in wanted.items():
        assert torch.equal(found[key], value), key


@pytest.mark.parametrize("name", list(ARCHITECTURES))
@pytest.mark.parametrize("width", [0.25, 0.5, 2.0])
def test_width_is_a_factor_on_every_layer_but_the_ends(name, width):
    plain, other = MAKERS[name](), MAKERS[name](width=width)
    layers = [key for key in plain.state_dict() if key.endswith("weight")]
    for key in layers[:-1]:
        count = len(plain.state_dict()[key])
        assert len(other.state_dict()[key]) == max(1, round(count * width))
    assert len(other.state_dict()[layers[-1]]) == 10
    shape = (3, 1, *models.MODELS[name].input_size)
    assert other.eval()(torch.zeros(shape)).shape == (3, 10)


def test_a_run_of_another_width_and_other_classes_loads(digits, others):
    names = tuple("abcdefghij")
    data = dataclasses.replace(digits, classes=names)
    test = dataclasses.replace(others, classes=names)
    params = TrainingParams(epochs=1, width=0.5)
    run = train("lenet5-mnist", data, test=test, params=params)
    model = run.load()
    assert model.classes == names
    assert dict(model.spec.options)["width"] == 0.5
    assert model.net.conv1.out_channels == 3
    assert model.spec.sha256 == run.checksums[-1]


def test_a_run_with_batch_norms_loads_with_them_folded(digits, others):
    few, tested = digits.subset(np.arange(60)), others.subset(np.arange(20))
    params = TrainingParams(epochs=1, batch=20, rate=2e-3)
    run = train("vgg16-mnist", few, test=tested, params=params)
    for mark in (0.0, 1.0):
        model = run.load(mark)
        assert not model.norm_pairs
        assert not any(isinstance(part, nn.BatchNorm2d) for part in model.net.modules())
        batch = np.stack([model.prepare(image) for image in tested.images])
        found = np.array([one.label for one in model.predict_batch(batch)])
        assert (found == run.predicted[run.place(mark)]).mean() >= 0.95


@pytest.mark.parametrize("per_epoch", [1, 2, 3, 4, 7, 20, 125, 938])
def test_marks_and_points_of_an_epoch(per_epoch):
    found = marks(3, per_epoch)
    assert list(found) == sorted(found)
    assert [found[step] for step in (0, per_epoch, 3 * per_epoch)] == [0.0, 1.0, 3.0]
    early = {step: mark for step, mark in found.items() if 0 < mark < 1}
    assert all(0 < step < per_epoch and mark in (0.1, 0.25, 0.5) for step, mark in early.items())
    if per_epoch >= 20:
        assert len(early) == 3
    points = [is_point(done, per_epoch) for done in range(1, 2 * per_epoch + 1)]
    assert points[per_epoch - 1]
    assert points[-1]
    assert sum(points) == 2 * min(per_epoch, 20)


def test_a_tally_s_means_are_over_images_and_steps():
    tally = Tally(5, 2)
    steps = [([3, 0, 1], [True, False, True], 2.0), ([4, 2], [False, True], 1.0)]
    for places, right, loss in steps:
        step = Step(loss, torch.tensor(places), torch.tensor(right))
        tally.add(step, torch.tensor([1.0, 4.0 * loss], dtype=torch.float64), 0.5)
    tally.lasted(0.25)
    assert tally.right.tolist() == [False, True, True, True, False]
    assert (tally.loss, tally.accuracy, tally.seconds) == (8 / 5, 3 / 5, 1.25)
    assert tally.gradient_norms() == [1.0, 6.0]
    other = Tally(5, 2)
    other.go_to({name: value.clone() for name, value in tally.state().items()})
    assert tally.point() == other.point() == (8 / 5, 3 / 5)
    assert other.gradient_norms() == [1.0, 6.0]
    tally.add(Step(3.0, torch.tensor([0]), torch.tensor([True])), torch.zeros(2), 0.0)
    assert tally.point() == (3.0, 1.0)


@pytest.mark.parametrize(
    ("done", "said"),
    [(1, "epoch 1, step 1 of 4"), (4, "epoch 1, step 4 of 4"), (5, "epoch 2, step 1 of 4")],
)
def test_a_stop_is_placed_in_its_epoch(digits, done, said):
    recipe = recipe_of("lenet5-mnist", digits, params={"epochs": 3})
    course = SimpleNamespace(done=done, per_epoch=4)
    assert endings.stopped(recipe, course) == f"Stopped after {said}; 3 epochs were planned."
    course.done -= 1
    assert f"diverged in {said}: " in endings.diverged(recipe, course, DivergedError("x"))


def test_level_and_falling_rates_keep_their_momentum():
    for step in range(9):
        assert pace(TrainingParams(schedule="constant"), step, 9) == Pace(3e-3, 0.9)
        found = pace(TrainingParams(rate=0.5, schedule="cosine"), step, 9)
        assert found.momentum == 0.9
        assert found.rate == pytest.approx(0.25 * (1 + np.cos(np.pi * step / 9)))


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_an_optimizer_is_torch_s_of_that_name(name):
    found = make_optimizer(nn.Linear(1, 1), TrainingParams(optimizer=name, decay=0.25))
    assert type(found).__name__.lower() == name
    assert found.param_groups[0]["weight_decay"] == 0.25


def test_norms_are_of_layers_that_weigh():
    net = ARCHITECTURES["vgg16-mnist"].build(width=0.25)
    linear = [name for name, part in net.named_modules() if "Conv" in repr(type(part))]
    assert list(Norms(net).layers)[: len(linear)] == linear
    assert not any(
        isinstance(net.get_submodule(name), nn.BatchNorm2d) for name in Norms(net).layers
    )


def test_one_thread_computes_and_threads_to_come_have_what_they_had():
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(3)
    try:
        with one_thread():
            other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
            other.start()
            other.join()
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())
    finally:
        torch.set_num_threads(before)
    assert seen == [3, 1, 3]


def test_pixels_stand_for_values_shapes_and_sets(digits, others):
    images = np.arange(12, dtype=np.uint8)
    wide, high = (
        ImageSet([images.reshape(shape)], np.zeros(1, int), ("a",), ("x",))
        for shape in ((2, 6, 1), (6, 2, 1))
    )
    found = {pixels(*sets) for sets in ((wide,), (high,), (wide, high), (high, wide), (wide, None))}
    assert len(found) == 5
    altered = others.images.copy()
    altered[0, 0, 0, 0] ^= 1
    test = dataclasses.replace(others, images=altered)
    one, other = (recipe_of("lenet5-mnist", digits, test=part) for part in (others, test))
    assert one != other


def test_names_of_models_are_of_all_that_they_compute(digits):
    recipe = recipe_of("lenet5-mnist", digits)
    others = (
        dataclasses.replace(recipe, classes=tuple("abcdefghij")),
        dataclasses.replace(recipe, params=TrainingParams(width=0.5)),
        dataclasses.replace(recipe, architecture="vgg16-mnist"),
    )
    names = {own_spec(one, 1.0, "0" * 64).name for one in (recipe, *others)}
    assert len(names | {own_spec(recipe, 1.0, "1" * 64).name}) == 5
    # What a model computes does not depend on when its weights were reached.
    assert own_spec(recipe, 2.0, "0" * 64).name in names
