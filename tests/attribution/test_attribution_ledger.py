"""The books of a propagation: they balance, and a hand-weighted net's can be worked out."""

from __future__ import annotations

import dataclasses
import gc

import numpy as np
import pytest
import torch
from attribution_networks import Residual, randomise
from torch import Tensor, nn

from xai import attribution, hooks
from xai.attribution import Ledger
from xai.attribution.lrp import bookkeeping
from xai.attribution.lrp.composites import COMPOSITES
from xai.attribution.lrp.ledger import PIXELS, percent, sentence
from xai.models.nets import Sum

_DEPTHS = {"lower": "flat", "middle": "gamma", "upper": "zero"}


def _balanced(found: Ledger, share: float = 1e-3) -> None:
    size = max(abs(found.score), 1e-6)
    assert abs(found.gap) <= share * size
    for row in found.rows:
        # A row's numbers may be far larger than the score, and of both signs.
        within = share * max(size, row.positive - row.negative)
        assert abs(row.gap) <= within, (row.name, row.rule, row.gap)
    handed: dict[str, float] = {}
    for row in found.rows:
        for name, amount in row.to:
            handed[name] = handed.get(name, 0.0) + amount
    assert handed.pop(PIXELS) == pytest.approx(found.reached, rel=1e-4, abs=1e-4 * size)
    for row in found.rows[1:]:
        scale = max(size, row.positive - row.negative)
        assert handed[row.name] == pytest.approx(row.received, abs=1e-4 * scale)


class _Chain(nn.Module):
    """Two inputs, two hidden units, one of them dead for want of contributions, one output."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(2, 2)
        self.relu = nn.ReLU()
        self.out = nn.Linear(2, 1)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.tensor([[2.0, 1.0], [-1.0, -1.0]]))
            self.hidden.bias.copy_(torch.tensor([1.0, 4.0]))
            self.out.weight.copy_(torch.tensor([[1.0, 1.0]]))
            self.out.bias.copy_(torch.tensor([2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.relu(self.hidden(self.flatten(x))))


@pytest.fixture
def chain(wrap):
    return wrap(_Chain(), (1, 1, 2))


@pytest.fixture
def ones() -> np.ndarray:
    return np.ones((1, 1, 2), np.float32)


def test_a_chain_by_hand(chain, ones):
    # Hidden units 2 + 1 + 1 = 4 and -1 - 1 + 4 = 2, the score 4 + 2 + 2 = 8. By z plus the
    # output's bias takes 2; of the first unit's 4 its bias takes 1, of the second's 2 all.
    found = attribution.ledger(chain, ones, params={"composite": "excitation_backprop"})
    assert [row.name for row in found.rows] == ["out", "relu", "hidden"]
    out, relu, hidden = found.rows
    assert (out.received, out.handed, out.bias) == pytest.approx((8, 6, 2), rel=1e-5)
    assert (relu.received, relu.handed, relu.absorbed) == pytest.approx((6, 6, 0), rel=1e-5)
    assert (hidden.handed, hidden.bias, hidden.lost) == pytest.approx((3, 3, 0), rel=1e-5)
    assert hidden.to == ((PIXELS, pytest.approx(3, rel=1e-5)),)
    assert (found.score, found.reached, found.share) == pytest.approx((8, 3, 3 / 8), rel=1e-5)
    assert found.absorbed["bias"] == pytest.approx(5, rel=1e-5)


def test_what_nobody_contributed_is_lost(chain, ones):
    # Without biases the second hidden unit, which has 2 of 6 parts of the 8, has no
    # positive contribution: its 8 * 2 / 6 go nowhere.
    params = {"composite": "excitation_backprop", "zero_bias": True}
    found = attribution.ledger(chain, ones, params=params)
    assert found.rows[-1].lost == pytest.approx(8 / 3, rel=1e-5)
    assert found.absorbed["bias"] == 0
    assert found.reached == pytest.approx(16 / 3, rel=1e-5)


def test_a_large_epsilon_takes_its_share(chain, ones):
    found = attribution.ledger(chain, ones, params={"composite": "epsilon", "epsilon": 8.0})
    assert found.rows[0].stabilizer == pytest.approx(8 * 8 / 16)
    assert found.rows[0].bias == pytest.approx(8 * 2 / 16)
    _balanced(found)


def test_a_large_epsilon_takes_its_share_of_sums_below_zero_too(residual, picture):
    image = picture(residual.input_shape)
    for epsilon in (0.05, 1.0):
        params = {"composite": "epsilon", "epsilon": epsilon}
        found = attribution.ledger(residual, image, params=params)
        _balanced(found)
        out = found.rows[0]
        taken = found.score * epsilon / (abs(found.score) + epsilon)
        assert out.stabilizer == pytest.approx(taken, rel=1e-5)
    scores = residual.predict(image).logits
    worst = int(scores.argmin())
    assert scores[worst] < 0
    found = attribution.ledger(residual, image, target=worst, params=params)
    _balanced(found)
    # Of a score below zero it takes some of what is below zero.
    assert found.rows[0].stabilizer == pytest.approx(found.score / (1 - found.score), rel=1e-5)


def test_twice_the_positive_less_the_negative(chain, ones):
    # 3 of the first unit's 4 are contributions, doubled; nothing speaks against it, so the
    # -4 that the rule takes off are lost. Of the second the bias alone speaks for it.
    found = attribution.ledger(chain, ones, params={"composite": "epsilon_alpha2_beta1"})
    # Dense layers have the epsilon rule there; custom gives them the other.
    assert found.rows[-1].rule == "epsilon"
    rules = dict.fromkeys(("lower", "middle", "upper"), "alpha2_beta1")
    found = attribution.ledger(chain, ones, params={"composite": "custom"} | rules)
    out, _, hidden = found.rows
    # The output has 6 + 2 for it and nothing against: 2 * 8 * 6 / 8 = 12 go on, 4 to the
    # bias, and -8 are lost.
    assert (out.handed, out.bias, out.lost) == pytest.approx((12, 4, -8), rel=1e-5)
    # The units got 8 and 4. Twice 8 by 3 to 1; -8 lost; the other: 2 * 4 to the bias, and
    # -4 by its two negative contributions.
    assert (hidden.handed, hidden.bias, hidden.lost) == pytest.approx((8, 12, -8), rel=1e-5)


@pytest.mark.parametrize("zero_bias", [False, True])
@pytest.mark.parametrize("composite", COMPOSITES)
def test_the_books_balance(residual, picture, composite, zero_bias):
    params = {"composite": composite, "zero_bias": zero_bias}
    image = picture(residual.input_shape)
    found = attribution.ledger(residual, image, params=params)
    _balanced(found)
    made = attribution.run(residual, image, "lrp", params=params)
    assert found.reached == pytest.approx(made.diagnostics["sum"], rel=1e-4, abs=1e-5)
    assert found.score == pytest.approx(made.score, rel=1e-5)


@pytest.mark.parametrize("composite", COMPOSITES)
def test_the_books_of_real_networks_balance(lenet, digits, composite):
    _balanced(attribution.ledger(lenet, digits[0], params={"composite": composite}))


@pytest.mark.parametrize("composite", ["epsilon_plus_flat", "epsilon_gamma_box"])
def test_the_books_of_a_deep_network_with_merged_norms_balance(lite0, picture, composite):
    found = attribution.ledger(
        lite0, picture(lite0.input_shape), target=207, params={"composite": composite}
    )
    _balanced(found)
    names = {layer.name for layer in lite0.layers}
    assert {row.name for row in found.rows} <= names
    assert not [row.name for row in found.rows if row.kind == "BatchNorm2d"]
    assert abs(found.reached) < 0.2 * abs(found.score)


def test_other_rules_at_each_depth(residual, picture):
    params = {"composite": "custom", **_DEPTHS}
    found = attribution.ledger(residual, picture(residual.input_shape), params=params)
    _balanced(found)
    assert {row.name: row.rule for row in found.rows if row.kind in ("Conv2d", "Linear")} == dict(
        attribution_rules(residual, params)
    )


def attribution_rules(model, params) -> dict[str, str]:
    from xai.attribution.lrp.composites import assignment

    weighted = {step.module for step in model.steps if step.role}
    return {name: rule for name, rule in assignment(model, params) if name in weighted}


def test_without_biases_everything_reaches_the_pixels(wrap, picture):
    model = wrap(randomise(Residual(bias=False), 3), (3, 8, 8))
    found = attribution.ledger(model, picture((3, 8, 8)), params={"composite": "zero"})
    assert found.share == pytest.approx(1, rel=1e-4)
    assert found.absorbed["bias"] == 0


def test_a_shortcut_has_its_own_stream(residual, picture):
    found = attribution.ledger(residual, picture(residual.input_shape))
    (add,) = found.skips
    assert [name for name, _ in add.to] == ["conv2", "relu1"]
    around = dict(add.to)["relu1"]
    through = {row.name: row for row in found.rows}["conv2"].handed
    assert around + through == pytest.approx(
        {row.name: row for row in found.rows}["relu1"].received, rel=1e-5
    )
    assert around != pytest.approx(0)


def test_a_contrast_is_the_difference_of_two_books(residual, picture):
    image = picture(residual.input_shape)
    one, other, both = (
        attribution.ledger(residual, image, **aim)
        for aim in ({"target": 1}, {"target": 3}, {"target": 1, "contrast": 3})
    )
    assert both.score == pytest.approx(one.score - other.score, rel=1e-5)
    assert both.reached == pytest.approx(one.reached - other.reached, rel=1e-4, abs=1e-5)
    for first, second, third in zip(one.rows, other.rows, both.rows, strict=True):
        assert third.bias == pytest.approx(first.bias - second.bias, rel=1e-4, abs=1e-5)
    _balanced(both)


def test_a_wrong_rule_shows(residual, picture, monkeypatch):
    image = picture(residual.input_shape)
    truth = attribution.ledger(residual, image)
    words = bookkeeping.words
    monkeypatch.setattr(bookkeeping, "words", lambda *given: {**words(*given), "conv2": "epsilon"})
    wrong = attribution.ledger(residual, image)
    gap = {row.name: row.gap for row in wrong.rows}["conv2"]
    assert abs(gap) > 100 * max(abs(row.gap) for row in truth.rows)


class _Padded(nn.Module):
    """A padding that two convolutions read, so that it belongs to neither."""

    def __init__(self) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d(1)
        self.left, self.right = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.add = Sum()
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(4 * 64, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pad(x)
        return self.fc(self.flatten(self.add(self.left(x), self.right(x))))


def test_what_falls_on_padding_is_told(wrap, picture):
    model = wrap(randomise(_Padded(), 2), (3, 8, 8))
    found = attribution.ledger(model, picture((3, 8, 8)))
    _balanced(found)
    pad = next(row for row in found.rows if row.name == "pad")
    # Flat rules share evenly among pixels that do not exist, too: 36 of 100 places.
    assert abs(pad.other) > 0.01 * abs(pad.received)
    assert found.absorbed["other"] == pad.other
    assert "on padding" in sentence(found) or "padding added" in sentence(found)
    # By contribution nothing goes to zeros.
    plain = attribution.ledger(model, picture((3, 8, 8)), params={"composite": "epsilon"})
    assert plain.absorbed["other"] == 0
    _balanced(plain)


class _Twice(nn.Module):
    """One pooling that is called twice, and padding before a join."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.pad = nn.ZeroPad2d(1)
        self.last = nn.Conv2d(3, 2, 4)
        self.flatten = nn.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.pool(self.conv(x)))
        return self.flatten(self.last(self.pad(x)))


def test_a_module_that_is_called_twice_has_two_rows(wrap, picture):
    model = wrap(randomise(_Twice(), 4), (1, 8, 8))
    found = attribution.ledger(model, picture((1, 8, 8)))
    assert [row.name for row in found.rows] == ["last", "pool (2)", "pool (1)", "conv"]
    _balanced(found)


def test_the_model_is_left_as_it_was_and_a_stop_stops(residual, picture, state_of):
    image, before = picture(residual.input_shape), state_of(residual.net)
    seen: list[tuple[int, int]] = []
    with torch.inference_mode():
        clean = attribution.ledger(
            residual, image, progress=lambda done, total, _: seen.append((done, total))
        )
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}

    class StopError(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        if done == 3:
            raise StopError

    with pytest.raises(StopError):
        attribution.ledger(residual, image, progress=stop)
    assert state_of(residual.net) == before
    assert attribution.ledger(residual, image).rows == clean.rows


def test_nothing_is_kept_of_the_pass(residual, picture):
    image = picture(residual.input_shape)

    def alive() -> int:
        gc.collect()
        return sum(type(one) in (Tensor, nn.Parameter) for one in gc.get_objects())

    for _ in range(2):
        attribution.ledger(residual, image)
    before = alive()
    for _ in range(3):
        attribution.ledger(residual, image)
    assert alive() <= before


def test_weighing_tells_apart_what_two_modules_take_of_one_tensor():
    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Identity(), nn.Flatten()

        def forward(self, x: Tensor) -> Tensor:
            return 2 * self.left(x) + 5 * self.right(x)

    heard: dict[str, tuple[float, float]] = {}

    def take(name: str, call: int, inputs: object, behind: Tensor, before: tuple[Tensor]) -> None:
        assert call == 0
        heard[name] = (float(behind.sum()), float(before[0].sum()))

    net, x = Fork(), torch.ones(1, 1, requires_grad=True)
    with hooks.weighing(net, ["left", "right"], take):
        torch.autograd.grad(net(x), x)
    assert heard == {"left": (2.0, 2.0), "right": (5.0, 5.0)}
    assert not net.left._forward_hooks
    assert not net.left._forward_pre_hooks


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"target": 99}, "target: expected 0 to 4, got 99"),
        ({"target": 1, "contrast": 1}, "contrast: expected another class"),
        ({"params": {"composite": "none"}}, "composite"),
    ],
)
def test_bad_arguments_are_refused(residual, picture, arguments, error):
    with pytest.raises(ValueError, match=error):
        attribution.ledger(residual, picture(residual.input_shape), **arguments)


def test_a_model_without_rules_is_refused(wrap):
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Sigmoid()), (1, 2, 2))
    with pytest.raises(ValueError, match="no relevance rule for 2"):
        attribution.ledger(model, np.ones((1, 2, 2), np.float32))


# --------------------------------------------------------------------------- words
def test_the_sentence_says_where_the_score_went(chain, ones):
    found = attribution.ledger(chain, ones, params={"composite": "excitation_backprop"})
    assert sentence(found) == (
        "Of the score 8, only 37 % reaches the pixels: biases took 62 %. "
        "The picture shows where, not how much."
    )
    found = attribution.ledger(
        chain, ones, params={"composite": "excitation_backprop", "zero_bias": True}
    )
    assert sentence(found) == (
        "Of the score 8, 67 % reaches the pixels: 33 % was lost where no contribution had "
        "the right sign."
    )


def test_the_sentence_owns_up_to_rounding_and_to_nothing(chain, ones):
    found = attribution.ledger(chain, ones)
    assert "do not balance" not in sentence(found)
    astray = dataclasses.replace(found, positive=found.positive + 1)
    assert "do not balance" in sentence(astray)
    assert "nothing to hand back" in sentence(dataclasses.replace(found, score=0.0))


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.61, "61 %"),
        (0.0003, "0.03 %"),
        (1.0, "100 %"),
        (0.9992, "99.9 %"),
        (0.99996, "99.996 %"),
        (0.0, "0 %"),
        (-0.0026, "-0.26 %"),
        (1.71, "171 %"),
        (1e-9, "< 0.0001 %"),
    ],
)
def test_shares_for_people(share, written):
    assert percent(share) == written
