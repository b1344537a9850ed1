"""The picture and the ledger of one number's arithmetic."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xai import models
from xai.activations.arithmetic import Account, Change, account
from xai.figures.arithmetic import account_html, ledger, sentence
from xai.figures.colours import DIVERGING
from xai.figures.sheets import BROKEN


def made(kind: str = "convolution", maps: int = 8, side: int = 3, **given: object) -> Account:
    chance = np.random.default_rng(maps)
    patch = chance.normal(size=(maps, side, side)).astype(np.float32)
    weights = chance.normal(size=(maps, side, side)).astype(np.float32)
    total = float((patch.astype(np.float64) * weights).sum())
    fields: dict[str, object] = {
        "layer": "conv2",
        "base": "conv2",
        "kind": kind,
        "channel": 1,
        "row": 2,
        "column": 3,
        "inputs": ("pool1",),
        "patch": patch,
        "weights": weights,
        "padding": np.zeros((side, side), bool),
        "sources": np.arange(maps),
        "bias": 0.25,
        "changes": (),
        "value": total + 0.25,
        "stored": total + 0.25,
    }
    return Account(**{**fields, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("maps", [1, 3, 5, 6, 64])
def test_the_lines_add_up_to_the_value(maps: int) -> None:
    found = made(maps=maps)
    lines = ledger(found).lines
    assert lines[-1][0] == "="
    assert sum(value for sign, _, value in lines if sign == "+") == pytest.approx(lines[-1][2])
    assert len(lines) <= 8


def test_the_maps_that_add_most_come_first() -> None:
    found = made(maps=9)
    sums = np.abs(found.products.sum(axis=(1, 2)))
    first = [f"map {place}" for place in np.argsort(-sums)[:5]]
    assert [words for _, words, _ in ledger(found).lines[:5]] == first
    assert ledger(found).lines[5][1] == "the other 4"


def test_what_follows_the_sum_is_written_in_its_order() -> None:
    changes = (
        Change("bn", "BatchNorm2d", 2.0, -1.0, 3.0, 5.0),
        Change("act", "ReLU", None, None, 5.0, 5.0),
    )
    lines = ledger(made(maps=1, changes=changes, value=5.0, layer="act")).lines
    assert [sign for sign, _, _ in lines] == ["+", "+", "→", "→", "="]
    assert lines[2] == ("→", "bn (normalisation): × 2 − 1", 5.0)
    assert lines[3] == ("→", "act (ReLU)", 5.0)


def cells(markup: str) -> list[ET.Element]:
    return list(ET.fromstring(markup).iter("span"))


def test_every_number_of_small_windows_is_written() -> None:
    found = made(maps=2)
    drawn = cells(account_html(found))
    # Two maps, three windows of nine numbers each.
    assert len(drawn) == 2 * 3 * 9
    order = np.argsort(-np.abs(found.products.sum(axis=(1, 2))))
    first = [cell.text for cell in drawn[:9]]
    wanted = [f"{value:.2f}".replace("-", "−") for value in found.patch[order[0]].ravel()]
    assert [text for text in first if text != "≈0"] == [
        w for w in wanted if float(w.replace("−", "-")) != 0
    ]


def test_large_windows_have_colours_and_no_numbers() -> None:
    drawn = cells(account_html(made(maps=1, side=11)))
    assert len(drawn) == 3 * 121
    assert not any(cell.text for cell in drawn)


def test_signs_have_their_colours_and_padding_is_hatched() -> None:
    padding = np.array([[True, True], [False, False]])
    patch = np.array([[[0, 0], [1, -1]]], np.float32)
    found = made(maps=1, side=2, patch=patch, padding=padding, weights=np.ones_like(patch))
    styles = [cell.get("style", "") for cell in cells(account_html(found))][:4]
    assert ["gradient" in style for style in styles] == [True, True, False, False]
    assert "rgb(183,25,28)" in styles[2]
    assert "rgb(31,93,194)" in styles[3]


@pytest.mark.parametrize("kind", ["sum", "join", "single"])
def test_what_has_no_window_has_a_sentence_alone(kind: str) -> None:
    found = made(kind, maps=2, side=1)
    assert account_html(found) == ""
    assert sentence(found)


def test_names_are_harmless() -> None:
    hostile = '<script>alert("1")</script>'
    found = made("sum", maps=2, side=1, inputs=(hostile, "b"))
    assert ledger(found).lines[0][1] in (hostile, "b")
    drawn = account_html(replace(found, kind="convolution"))
    assert "<script" not in drawn


def test_a_real_account_is_drawn() -> None:
    model = models.load("lenet5-mnist")
    digit = np.random.default_rng(0).random((1, 28, 28)).astype(np.float32)
    for layer in ("relu2", "pool1", "fc1", "fc3"):
        found = account(model, digit, layer, 1)
        drawn = account_html(found)
        assert cells(drawn)
        assert not re.search(r"nan|inf", drawn)
        assert ledger(found).lines[-1][2] == found.value
        assert sentence(found).endswith(".")


def pictures(markup: str) -> list[np.ndarray]:
    """Return the pixels of the PNG files in a text."""
    found = []
    for element in ET.fromstring(markup).iter("img"):
        kind, _, data = element.get("src", "").partition(",")
        assert kind == "data:image/png;base64"
        pixels = np.asarray(Image.open(io.BytesIO(b64decode(data))).convert("RGB"))
        assert pixels.shape[:2] == (int(element.get("height", 0)), int(element.get("width", 0)))
        found.append(pixels)
    return found


@pytest.mark.parametrize("side", [17, 40, 112, 300])
def test_windows_of_many_cells_are_pictures_and_not_elements(side: int) -> None:
    found = made("average", maps=1, side=side)
    markup = account_html(found)
    assert cells(markup) == []
    drawn = pictures(markup)
    assert len(drawn) == 3
    peak = np.abs(found.patch).max()
    step = len(drawn[0]) // side
    assert len(drawn[0]) == side * step
    for place in ((0, 0), (side // 2, 3), (side - 1, side - 1)):
        wanted = DIVERGING[int(np.rint(found.patch[0][place] / peak * 255)) + 255]
        row, column = (index * step for index in place)
        assert (drawn[0][row : row + step, column : column + step] == wanted).all()


def test_padding_is_hatched_in_pictures_too() -> None:
    padding = np.zeros((20, 20), bool)
    padding[:4] = True
    drawn = pictures(account_html(made(maps=1, side=20, padding=padding)))
    step = len(drawn[0]) // 20
    outside = {tuple(pixel) for pixel in drawn[0][: 4 * step].reshape(-1, 3).tolist()}
    assert outside == {(138, 138, 138), (255, 255, 255)}
    # The weights are whole.
    assert len({tuple(pixel) for pixel in drawn[1][: 4 * step].reshape(-1, 3).tolist()}) > 20


def test_what_is_not_finite_has_a_colour_and_a_sign_of_its_own() -> None:
    patch = np.array([[[-np.inf, np.inf], [np.nan, 2.0]]], np.float32)
    weights = np.array([[[0, 0], [0, 1]]], np.float32)
    found = made("maximum", maps=1, side=2, patch=patch, weights=weights, bias=None)
    drawn = cells(account_html(found))
    assert [cell.text for cell in drawn[:4]] == ["−∞", "∞", "NaN", "2.00"]
    green = "background:rgb({},{},{});".format(*BROKEN)
    assert [green in cell.get("style", "") for cell in drawn[:4]] == [True, True, True, False]
    # The finite number still has the full colour, and nothing else is green.
    red = "rgb({},{},{})".format(*DIVERGING[-1])
    assert red in drawn[3].get("style", "")
    assert not any(green in cell.get("style", "") for cell in drawn[4:])
    assert "NaN or infinity" in sentence(found)
    assert "NaN" not in sentence(made())


def test_large_windows_show_what_is_not_finite() -> None:
    patch = np.zeros((1, 30, 30), np.float32)
    patch[0, 0, 0], patch[0, 29, 29] = np.nan, -np.inf
    weights = np.where(np.isfinite(patch), 1, 0).astype(np.float32)
    found = made("maximum", maps=1, side=30, patch=patch, weights=weights, bias=None)
    drawn = pictures(account_html(found))[0]
    assert tuple(drawn[0, 0]) == BROKEN
    assert tuple(drawn[-1, -1]) == BROKEN
    assert tuple(drawn[-1, 0]) == tuple(DIVERGING[255])


def test_a_maximum_over_minus_infinity_is_drawn() -> None:
    from torch import nn

    from xai.models import MODELS, LoadedModel

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2)

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.pool(x.masked_fill(x < 0.5, float("-inf")))

    spec = replace(MODELS["lenet5-mnist"], name="toy", input_size=(2, 2), mean=(0.0,), std=(1.0,))
    image = np.array([[[0.1, 0.75], [0.2, 0.6]]], np.float32)
    found = account(LoadedModel(spec, Masked()), image, "pool", 0)
    assert found.value == 0.75
    assert [cell.text for cell in cells(account_html(found))[:4]] == ["−∞", "0.75", "−∞", "0.60"]
