"""Parameters, registries and predictions: ranges hold at the door of every package."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from xai.types import (
    Layer,
    Params,
    Prediction,
    choice,
    find,
    flag,
    lazy,
    make_params,
    number,
    text,
)


@dataclass(frozen=True)
class Example(Params):
    """One field of each kind."""

    eps: float = number(0.1, 0.0, 1.0, 0.01, help="Strength.", unit="1/255")
    steps: int = number(40, 1, 1000, 1, help="Steps.")
    auto: float | None = number(None, 0.0, 1.0, 0.1, help="The model decides.")
    norm: str = choice("linf", ("linf", "l2"), help="Norm.")
    random_start: bool = flag(True, help="Start anywhere.")
    layer: str = text("", help="A layer's name.")


# ---------------------------------------------------------------------- parameters
def test_defaults_are_what_was_declared():
    assert dataclasses.astuple(Example()) == (0.1, 40, None, "linf", True, "")


def test_infos_describe_each_field_in_order():
    infos = Example.infos()
    assert list(infos) == ["eps", "steps", "auto", "norm", "random_start", "layer"]
    assert (infos["eps"].low, infos["eps"].high, infos["eps"].step) == (0.0, 1.0, 0.01)
    assert infos["eps"].unit == "1/255"
    assert infos["norm"].options == ("linf", "l2")
    assert all(info.help for info in infos.values())


@pytest.mark.parametrize(
    "given",
    [
        {"eps": 0},
        {"eps": 1.0},
        {"eps": np.float32(0.5)},
        {"steps": np.int64(3)},
        {"auto": 0.5},
        {"auto": None},
        {"norm": "l2"},
        {"random_start": False},
        {"layer": "features.3"},
    ],
)
def test_what_is_in_range_is_taken(given):
    name, value = next(iter(given.items()))
    assert getattr(Example(**given), name) == value


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({"eps": -0.01}, ValueError, r"eps: expected 0\.0 to 1\.0, got -0\.01"),
        ({"eps": 1.01}, ValueError, "eps"),
        ({"eps": math.nan}, ValueError, "eps"),
        ({"eps": math.inf}, ValueError, "eps"),
        ({"eps": "0.1"}, TypeError, "eps: expected a number, got '0.1'"),
        ({"eps": None}, TypeError, "eps"),
        ({"eps": True}, TypeError, "eps"),
        ({"eps": np.zeros(2)}, TypeError, "eps"),
        ({"steps": 0}, ValueError, "steps: expected 1 to 1000, got 0"),
        ({"steps": 10**400}, ValueError, "steps"),
        ({"steps": 2.0}, TypeError, "steps: expected a whole number, got 2.0"),
        ({"steps": 1e99}, TypeError, "steps"),
        ({"auto": 2.0}, ValueError, "auto"),
        ({"norm": "l1"}, ValueError, "norm: expected one of linf, l2; got 'l1'"),
        ({"norm": None}, ValueError, "norm"),
        ({"random_start": 1}, TypeError, "random_start: expected True or False, got 1"),
        ({"layer": 3}, TypeError, "layer: expected text, got 3"),
    ],
)
def test_what_is_out_of_range_is_refused(given, error, reason):
    with pytest.raises(error, match=reason):
        Example(**given)


def test_parameters_are_frozen_and_make_keys():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Example().eps = 0.2  # type: ignore[misc]
    assert {Example(): 1}[Example(eps=0.1)] == 1


def test_make_params_takes_an_instance_a_mapping_or_nothing():
    given = Example(eps=0.3)
    assert make_params(Example, given) is given
    assert make_params(Example, {"eps": 0.3}) == given
    assert make_params(Example, None) == Example()
    with pytest.raises(ValueError, match=r"expected eps, steps, .*; got epsilon, step"):
        make_params(Example, {"epsilon": 0.3, "step": 1})
    with pytest.raises(ValueError, match="eps"):
        make_params(Example, {"eps": 3})
    with pytest.raises(TypeError, match="expected Example, a mapping or None; got float"):
        make_params(Example, 0.3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="got Params"):
        make_params(Example, Params())


def test_a_method_without_parameters_says_so():
    with pytest.raises(ValueError, match="expected no parameters; got eps"):
        make_params(Params, {"eps": 1})


# ----------------------------------------------------------------------- registries
def test_find_returns_the_row_or_lists_the_choices():
    assert find({"a": 1, "b": 2}, "b", "letter") == 2
    with pytest.raises(ValueError, match="letter: expected one of a, b; got 'c'"):
        find({"a": 1, "b": 2}, "c", "letter")
    with pytest.raises(TypeError, match="letter: expected a name, got list"):
        find({"a": 1}, ["a"], "letter")  # type: ignore[arg-type]


def test_lazy_imports_when_it_is_called():
    sys.modules.pop("colorsys", None)
    function = lazy("colorsys:rgb_to_hsv")
    assert function.__name__ == "rgb_to_hsv"
    assert "colorsys" not in sys.modules
    assert function(1.0, g=0.0, b=0.0) == (0.0, 1.0, 1.0)
    assert "colorsys" in sys.modules


# ----------------------------------------------------------------------- predictions
def test_prediction_ranks_by_logit_and_keeps_ties_in_order():
    logits = np.array([0.5, 2.0, 2.0, -1.0], dtype=np.float32)
    shares = np.exp(logits) / np.exp(logits).sum()
    found = Prediction(logits, shares, ("a", "b", "c", "d"))
    assert found.label == 1
    assert found.name == "b"
    assert found.confidence == pytest.approx(math.exp(2) / np.exp(logits).sum(), rel=1e-6)
    assert found.top(3) == (1, 2, 0)
    assert found.top() == (1, 2, 0, 3)
    assert all(type(index) is int for index in found.top())


def test_a_layer_is_spatial_if_it_has_rows_and_columns():
    assert Layer("conv", "Conv2d", (3, 4, 4), 0, 0, 1).spatial
    assert not Layer("fc", "Linear", (10,), 0, 0, 1).spatial
