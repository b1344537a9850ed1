"""Colour tables: their ends, their evenness, and what a colour-blind reader sees."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from xai.figures import colours
from xai.figures.colours import CLASS_COLOURS, DIVERGING, SEQUENTIAL

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency", 2009: full severity, linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
ROOT = Path(__file__).parents[2]


def seen(table: np.ndarray, kind: str) -> np.ndarray:
    light = colours.linear(table) @ np.array(BLINDNESS[kind]).T
    return colours.oklab(light.clip(0, 1))


def contrast(one: str, other: str) -> float:
    pair = np.array([colours.rgb(one), colours.rgb(other)], np.uint8)
    low, high = sorted(colours.luminance(pair).tolist())
    return (high + 0.05) / (low + 0.05)


def theme(mode: str) -> dict:
    return tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"][mode]


def test_known_values_of_the_measures():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    white, red = colours.oklab(colours.linear(np.array([[255, 255, 255], [255, 0, 0]])))
    assert white == pytest.approx([1, 0, 0], abs=1e-6)
    # Ottosson's own table, to his three digits.
    assert red == pytest.approx([0.628, 0.225, 0.126], abs=5e-4)


def test_the_signed_table_runs_from_against_through_white_to_for():
    assert DIVERGING.shape == (511, 3)
    assert tuple(DIVERGING[0]) == colours.rgb(colours.AGAINST)
    assert tuple(DIVERGING[255]) == (255, 255, 255)
    assert tuple(DIVERGING[510]) == colours.rgb(colours.FOR)
    blue, red = DIVERGING[:255].astype(int), DIVERGING[256:].astype(int)
    assert (blue[:, 2] >= blue[:, 0]).all()
    assert (red[:, 0] >= red[:, 2]).all()


def test_both_arms_of_the_signed_table_are_equally_light():
    lightness = seen(DIVERGING, "none")[:, 0]
    assert np.abs(lightness - lightness[::-1]).max() < 0.005


@pytest.mark.parametrize("kind", BLINDNESS)
def test_for_and_against_differ_the_more_the_stronger_they_are(kind):
    lab = seen(DIVERGING, kind)
    apart = np.linalg.norm(lab[256:] - lab[254::-1], axis=1)
    assert apart[-1] > 0.2
    assert apart[63] > 0.05  # a quarter of the scale is told apart already
    assert (np.diff(apart[::32]) > 0).all()


@pytest.mark.parametrize("kind", BLINDNESS)
def test_magnitudes_get_lighter_all_the_way(kind):
    assert SEQUENTIAL.shape == (256, 3)
    lightness = seen(SEQUENTIAL, kind)[:, 0]
    assert (np.diff(lightness[::8]) > 0).all()
    assert lightness[0] < 0.1
    assert lightness[-1] > 0.9


def test_the_tables_cannot_be_changed():
    for table in (DIVERGING, SEQUENTIAL, colours.INK):
        with pytest.raises(ValueError):
            table[0] = 0


@pytest.mark.parametrize(
    ("kind", "least"),
    [("none", 0.12), ("protanopia", 0.075), ("deuteranopia", 0.075), ("tritanopia", 0.06)],
)
def test_no_two_class_colours_look_alike(kind, least):
    # Tableau's and matplotlib's ten colours come to 0.007 for a deuteranope.
    table = seen(np.array([colours.rgb(colour) for colour in CLASS_COLOURS]), kind)
    assert min(np.linalg.norm(a - b) for a, b in combinations(table, 2)) > least


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_shows_on_the_page(mode):
    page = theme(mode)["backgroundColor"]
    assert min(contrast(colour, page) for colour in CLASS_COLOURS) > 1.9
    assert min(contrast(colour, page) for colour in (colours.ACCENT, colours.CHANGED)) > 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_of_the_theme_can_be_read(mode):
    section = theme(mode)
    pages = [section["backgroundColor"], section["secondaryBackgroundColor"]]
    pages += [section["sidebar"]["backgroundColor"], section["sidebar"]["secondaryBackgroundColor"]]
    for page in pages:
        assert contrast(section["textColor"], page) > 7
        assert contrast(section["linkColor"], page) > 4.5
        assert contrast(section["primaryColor"], page) > 3
    assert contrast(section["primaryColor"], "#ffffff") > 4.5  # the text of its buttons


def test_the_theme_has_the_colours_of_the_figures():
    common = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
    assert tuple(common["chartCategoricalColors"]) == CLASS_COLOURS
    assert tuple(common["chartDivergingColors"]) == colours.hexes(DIVERGING, 10)
    rising = list(colours.hexes(SEQUENTIAL[20:240], 10))
    assert common["dark"]["chartSequentialColors"] == rising
    assert common["light"]["chartSequentialColors"] == rising[::-1]


def test_classes_beyond_the_palette_begin_again():
    n = len(CLASS_COLOURS)
    assert n >= 10
    assert len(set(CLASS_COLOURS)) == n
    assert [colours.colour_of(i) for i in range(n)] == list(CLASS_COLOURS)
    assert colours.colour_of(n + 3) == CLASS_COLOURS[3]


@pytest.mark.parametrize("colour", ["red", "#fff", "#gggggg", "0000000"])
def test_a_colour_of_another_form_is_refused(colour):
    with pytest.raises(ValueError, match="#rrggbb"):
        colours.rgb(colour)
