"""Pruning: masked units are 0 and nothing else changes; choices and prices against brute force."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from toys import likely, wrap

from xai import datasets, models
from xai.activations import capture, occupancy, survey
from xai.datasets import ImageSet
from xai.models import MODELS, LoadedModel
from xai.models.nets import Sum
from xai.training import pruning
from xai.training.pruning import RULES, Price, Usage, choose, maskable, price, prune, rank


@pytest.fixture(scope="module")
def lenet() -> LoadedModel:
    return models.load("lenet5-mnist", device="cpu")


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return datasets.load("mnist", n=200)


def batch(model: LoadedModel, images: ImageSet) -> np.ndarray:
    return np.stack([model.prepare(image) for image in images.images])


def logits(model: LoadedModel, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model.logits(torch.from_numpy(x)).numpy()


def usages(model: LoadedModel, images: ImageSet) -> list[Usage]:
    counted = survey(model, images)
    found = [occupancy(counted, layer) for layer in maskable(model)]
    return [Usage(one.layer, counted.mean[one.layer], one.dead, one.rare) for one in found]


# ----------------------------------------------------------------------------- masking
def test_dead_units_can_go_without_a_change_of_any_logit(lenet: LoadedModel, digits: ImageSet):
    x = batch(lenet, digits)
    dead = choose(usages(lenet, digits), "dead")
    maps = capture(lenet, x, list(maskable(lenet)))
    for layer, values in maps.items():
        silent = np.flatnonzero((values.reshape(*values.shape[:2], -1) <= 0).all(axis=(0, 2)))
        assert dead.get(layer, ()) == tuple(silent)
    assert sum(map(len, dead.values())) > 10
    assert np.array_equal(logits(prune(lenet, dead), x), logits(lenet, x))


@pytest.mark.parametrize("layer", ["relu1", "pool2", "relu3", "fc2"])
def test_masked_units_are_exactly_0_and_their_neighbours_as_before(
    lenet: LoadedModel, digits: ImageSet, layer: str
):
    x = batch(lenet, digits)[:40]
    before, after = (
        capture(model, x, [layer])[layer] for model in (lenet, prune(lenet, {layer: [4, 1]}))
    )
    assert (after[:, [1, 4]] == 0).all()
    assert (before[:, [1, 4]] != 0).any()
    others = np.setdiff1d(np.arange(before.shape[1]), [1, 4])
    assert np.array_equal(after[:, others], before[:, others])


def test_the_network_that_all_share_keeps_its_weights(lenet: LoadedModel):
    before = copy.deepcopy(lenet.net.state_dict())
    other = prune(lenet, {"relu3": range(120)})
    assert all(torch.equal(before[name], value) for name, value in lenet.net.state_dict().items())
    assert lenet.net.fc2.weight.data_ptr() == other.net.fc2.weight.data_ptr()
    assert not other.net.fc1.weight.any()
    assert not other.net.fc1.weight.requires_grad


def test_names_tell_masks_apart_and_labels_count_units(lenet: LoadedModel):
    found = [prune(lenet, {"relu3": units}) for units in ([1], [2], [1])]
    names = [model.spec.name for model in found]
    assert names[0] == names[2] != names[1]
    assert all(name.startswith("own-") and len(name) == 20 for name in names)
    assert found[0].spec.label.endswith("1 unit masked")
    # A channel at its activation and at its pooling is one unit.
    both = prune(lenet, {"relu1": [0, 2], "pool1": [2]})
    assert both.spec.label.endswith("2 units masked")
    assert both.spec.sha256 != found[0].spec.sha256 != found[1].spec.sha256


def test_pruned_weights_come_back_as_a_checkpoint(lenet: LoadedModel, digits: ImageSet):
    x = batch(lenet, digits)[:20]
    other = prune(lenet, choose(usages(lenet, digits), "weakest", 0.3))
    content = pruning.weights_file(other)
    back = models.load_checkpoint(content, "lenet5-mnist", name="pruned").model
    assert np.array_equal(logits(back, x), logits(other, x))
    assert back.spec.sha256 == other.spec.sha256


@pytest.mark.parametrize("affine", [True, False])
def test_a_batch_norm_behind_the_layer_is_masked_too(affine: bool):
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4, affine=affine), nn.LeakyReLU(), nn.Flatten()
    )
    net.append(nn.Linear(4 * 36, 3))
    with torch.no_grad():
        generator = torch.Generator().manual_seed(1)
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) + 0.2)
    model = wrap(net, (1, 8, 8))
    x = np.random.default_rng(0).random((5, 1, 8, 8), np.float32)
    before, after = (capture(one, x, ["2"])["2"] for one in (model, prune(model, {"2": [3]})))
    assert (before[:, 3] != 0).all()
    assert (after[:, 3] == 0).all()
    assert np.array_equal(after[:, :3], before[:, :3])


def test_the_narrow_vgg_can_lose_units_of_every_layer():
    vgg = models.load("vgg16-mnist", device="cpu")
    found = maskable(vgg)
    assert len(found) == 15
    assert list(found.values())[-1] == 512
    other = prune(vgg, {layer: [0] for layer in found})
    x = batch(vgg, datasets.load("mnist", n=3))
    assert all((maps[:, 0] == 0).all() for maps in capture(other, x, list(found)).values())


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.relu, self.add, self.after = nn.ReLU(), Sum(), nn.ReLU()
        self.gate, self.narrow, self.twice = nn.Sigmoid(), nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1)
        self.flatten, self.head = nn.Flatten(), nn.Linear(2 * 16, 3)
        self.spare = nn.Linear(2, 2)

    def forward(self, x):
        x = self.stem(x)
        x = self.after(self.add(x, self.inner(self.relu(x))))
        x = self.gate(self.narrow(x))
        return self.head(self.flatten(self.twice(self.twice(x))))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("head", "scores of the classes"),
        ("after", "several layers come together in add"),
        ("relu", "other layers read stem"),
        ("gate", r"gate \(Sigmoid\) turns 0"),
        ("twice", "works at 2 places"),
        ("spare", "takes no part"),
        ("nowhere", "expected a layer"),
    ],
)
def test_what_cannot_be_masked_is_refused_with_the_reason(layer: str, said: str):
    model = wrap(likely(Residual(), 0), (1, 4, 4))
    assert maskable(model) == {}
    with pytest.raises(ValueError, match=said):
        prune(model, {layer: [0]})
    assert prune(model, {"inner": [0]}).net.inner.weight[0].abs().sum() == 0


@pytest.mark.parametrize("units", [[6], [-1], [0.5], ["a"], [[0]]])
def test_units_that_are_none_are_refused(lenet: LoadedModel, units: list):
    with pytest.raises((TypeError, ValueError), match="relu1"):
        prune(lenet, {"relu1": units})


# ------------------------------------------------------------------------------ choices
def usage_of(layer: str, strength: list[float], **groups: list[int]) -> Usage:
    return Usage(layer, np.array(strength), **{k: np.array(v) for k, v in groups.items()})


TWO = [
    usage_of("a", [0.0, 4.0, 2.0, 2.0], dead=[0], rare=[]),
    usage_of("b", [10.0, 40.0, 0.0, 30.0], dead=[2], rare=[0]),
]


def test_rules_order_the_units_within_and_across_layers():
    # In units of the layer's mean (2 and 20): 0, 2, 1, 1 and 0.5, 2, 0, 1.5.
    weakest = rank(TWO, "weakest")
    order = list(zip(weakest.layer.tolist(), weakest.unit.tolist(), strict=True))
    assert order == [(0, 0), (1, 2), (1, 0), (0, 2), (0, 3), (1, 3), (0, 1), (1, 1)]
    assert choose(TWO, "weakest", 0.5) == {"a": (0, 2), "b": (0, 2)}
    assert choose(TWO, "strongest", 0.25) == {"a": (1,), "b": (1,)}
    assert choose(TWO, "dead") == {"a": (0,), "b": (2,)}
    assert choose(TWO, "rare") == {"b": (0,)}
    # A share is one of all units; a group ends where it ends.
    assert choose(TWO, "dead", 0.125) == {"a": (0,)}
    assert choose(TWO, "weakest", 0.0) == {}
    assert choose(TWO, "weakest") == {"a": (0, 1, 2, 3), "b": (0, 1, 2, 3)}


def test_random_choices_are_those_of_their_seed_and_miss_nobody():
    found = [rank(TWO, "random", seed) for seed in (0, 0, 1)]
    orders = [list(zip(one.layer.tolist(), one.unit.tolist(), strict=True)) for one in found]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == [(layer, unit) for layer in (0, 1) for unit in range(4)]


def test_a_unit_without_a_number_is_the_strongest_and_gated_layers_have_no_dead():
    odd = [usage_of("a", [1.0, np.nan, 2.0])]
    assert choose(odd, "strongest", 0.34) == {"a": (1,)}
    assert rank(odd, "weakest").unit.tolist() == [0, 2, 1]
    assert choose(odd, "dead") == {}


def test_choices_that_make_no_sense_are_refused():
    for usages_, rule, share, seed in (
        ([], "dead", 1.0, 0),
        ([TWO[0], TWO[0]], "dead", 1.0, 0),
        (TWO, "ugliest", 1.0, 0),
        (TWO, "dead", 1.1, 0),
        (TWO, "random", 1.0, -1),
    ):
        with pytest.raises(ValueError):
            choose(usages_, rule, share, seed)
    with pytest.raises(ValueError, match="dead: expected units from 0 to 1"):
        usage_of("a", [1.0, 2.0], dead=[2])
    assert set(RULES) == {"dead", "rare", "weakest", "random", "strongest"}


# -------------------------------------------------------------------------------- price
SHARES = (0.0, 0.3, 0.6, 1.0)


@pytest.fixture(scope="module")
def paid(lenet: LoadedModel, digits: ImageSet) -> tuple[Price, list[Price], list[tuple]]:
    steps: list[Price] = []
    told: list[tuple] = []
    ranking = rank(usages(lenet, digits)[3:], "strongest")
    found = price(
        lenet,
        digits,
        ranking,
        SHARES,
        draws=2,
        seed=3,
        progress=lambda *step: told.append(step),
        on_price=steps.append,
    )
    return found, steps, told


def test_the_price_is_what_pruned_models_get_right(
    lenet: LoadedModel, digits: ImageSet, paid: tuple
):
    found, x = paid[0], batch(lenet, digits)
    ranking = rank(usages(lenet, digits)[3:], "strongest")
    assert found.counts.tolist() == [0, 25, 50, 84] == found.random_counts.tolist()
    for place, count in enumerate(found.counts):
        right = logits(prune(lenet, ranking.first(count)), x).argmax(1) == digits.labels
        assert found.accuracy[place] == right.mean()
        for label in range(10):
            assert found.recall[place, label] == right[digits.labels == label].mean()
    for draw in range(2):
        first = ranking.shuffled([3, 1 + draw]).first(25)
        right = logits(prune(lenet, first), x).argmax(1) == digits.labels
        assert found.random_accuracy[draw, 1] == right.mean()
    assert found.random_at(25).tolist() == found.random_accuracy[:, 1].tolist()
    assert found.class_counts.tolist() == np.bincount(digits.labels, minlength=10).tolist()


def test_without_any_unit_of_a_layer_there_is_one_answer(
    lenet: LoadedModel, digits: ImageSet, paid: tuple
):
    for layer in maskable(lenet):
        every = prune(lenet, {layer: range(maskable(lenet)[layer])})
        assert len(set(logits(every, batch(lenet, digits)).argmax(1))) == 1
    found = paid[0]
    shares = found.class_counts / found.images
    assert found.accuracy[-1] in shares
    assert sorted(found.recall[-1]) == [0.0] * 9 + [1.0]
    assert (found.random_accuracy[:, -1] == found.accuracy[-1]).all()
    assert (found.random_accuracy[:, 0] == found.accuracy[0]).all()
    assert found.chance == shares.max()


def test_what_is_known_is_told_pass_by_pass(paid: tuple):
    found, steps, told = paid
    # Nothing masked and everything masked are measured once for all orders.
    assert len(steps) == len(told) == 4 + 2 * 2
    assert [(done, total) for done, total, _ in told] == [(at, 8) for at in range(8)]
    assert told[-1][2] == "50 of 84 units at random, 2 of 2"
    known = [np.isfinite(one.accuracy).sum() for one in steps]
    assert known == [1, 2, 3, 4, 4, 4, 4, 4]
    assert np.isfinite(steps[3].random_accuracy).tolist() == [[True, False, False, True]] * 2
    assert np.isnan(steps[0].accuracy[1:]).all()  # nothing that was given away has changed since
    assert np.isfinite(found.random_recall).all()


def test_a_group_ends_where_it_ends_and_random_goes_on(lenet: LoadedModel, digits: ImageSet):
    ranking = rank(usages(lenet, digits), "dead")
    found = price(lenet, digits.subset(range(20)), ranking, (0.0, 0.05, 1.0), draws=1)
    assert found.counts.tolist() == [0, 11, len(ranking)]
    assert found.random_counts.tolist() == [0, 11, len(ranking), 226]
    assert (found.accuracy == found.accuracy[0]).all()
    with pytest.raises(ValueError, match="got 12"):
        found.at(12)


def test_images_of_unknown_classes_are_left_out_and_empty_classes_have_no_recall(
    lenet: LoadedModel, digits: ImageSet
):
    some = digits.subset(np.flatnonzero(digits.labels != 7)[:30])
    strange = ImageSet(
        some.images,
        np.where(np.arange(30) < 10, 10, some.labels),
        (*digits.classes, "a horse"),
        some.ids,
    )
    ranking = rank(usages(lenet, digits)[:1], "weakest")
    found = price(lenet, strange, ranking, (0.0,), draws=0)
    assert found.images == 20
    assert np.isnan(found.recall[0, 7])
    assert found.random_accuracy.shape == (0, 1)
    horses = strange.subset(range(10))
    with pytest.raises(ValueError, match="of a class that the model has"):
        price(lenet, horses, ranking)


def test_a_network_without_numbers_is_wrong_and_stopping_reaches_the_caller(
    lenet: LoadedModel, digits: ImageSet
):
    broken = lenet.private()
    broken.fc3.bias = nn.Parameter(torch.full((10,), torch.nan), requires_grad=False)
    some, ranking = digits.subset(range(10)), rank(usages(lenet, digits)[:1], "weakest")
    assert price(lenet.over(broken), some, ranking, (0.0,), draws=0).accuracy == [0.0]

    def stop(*_: object) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        price(lenet, some, ranking, progress=stop)
    for draws in (-1, 101, 1.5):
        with pytest.raises(ValueError, match="draws"):
            price(lenet, some, ranking, draws=draws)  # type: ignore[arg-type]


def test_keys_tell_networks_images_and_choices_apart(lenet: LoadedModel, digits: ImageSet):
    found = usages(lenet, digits)
    keys = {
        pruning.PriceKey.of(model, images, ranking)
        for model in (lenet, prune(lenet, {"relu1": [0]}))
        for images in (digits, digits.subset(range(5)))
        for ranking in (rank(found, "random"), rank(found, "random", 1), rank(found[1:], "dead"))
    }
    assert len(keys) == 12
    assert pruning.PriceKey.of(lenet, digits, rank(found, "dead")) not in keys
    assert MODELS["lenet5-mnist"].sha256 in {key.weights for key in keys}
