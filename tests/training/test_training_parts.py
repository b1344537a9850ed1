"""The parts of the loop against torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from xai import models
from xai.models.nets import LeNet5, NarrowVGG16
from xai.training import ARCHITECTURES, TrainingParams, train
from xai.training.dropout import SeededDropout, seeded_dropout
from xai.training.optimization import make_optimizer, set_pace
from xai.training.runs.marking import is_point, marks
from xai.training.schedules import pace

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
    import dataclasses

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
