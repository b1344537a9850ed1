"""Attributions as plates: the colours of heatmaps, one sign alone, and a figure to print."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from xai.attribution import METHODS, Attribution
from xai.figures import heatmaps, pictures
from xai.figures.plates import PARTS, SHARE, figure, plate

IMAGE = np.random.default_rng(0).random((3, 6, 5), dtype=np.float32)
VALUES = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)


def attribution(values: np.ndarray, method: str = "lrp") -> Attribution:
    relevance = np.ascontiguousarray(values[None], np.float32)
    params = METHODS[method].params()
    return Attribution(relevance, method, params, 1, 2.0, {"seconds": 0.1}, 0, "toy", "")


def test_a_plate_has_the_colours_of_its_values() -> None:
    scale = heatmaps.common_scale([VALUES], percentile=SHARE)
    drawn = plate(attribution(VALUES), IMAGE)
    assert (drawn.scale, drawn.signed, drawn.floor) == (scale, True, 0.0)
    assert np.array_equal(drawn.pixels, heatmaps.signed(VALUES, scale))
    assert "0.5 %" in drawn.note
    shared = plate(attribution(VALUES), IMAGE, scale=9.0)
    assert (shared.scale, shared.note) == (9.0, "")
    assert np.array_equal(shared.pixels, heatmaps.signed(VALUES, 9.0))
    below = pictures.picture(IMAGE, grey=True)
    inked = plate(attribution(VALUES), IMAGE, ink=0.4)
    expected = heatmaps.signed_overlay(below, VALUES, scale, opacity=0.4)
    assert np.array_equal(inked.pixels, expected)


def test_one_sign_alone_keeps_the_scale_of_the_whole_map() -> None:
    whole = plate(attribution(VALUES), IMAGE)
    for part, shown in (("positive", VALUES.clip(min=0)), ("negative", VALUES.clip(max=0))):
        assert part in PARTS
        drawn = plate(attribution(VALUES), IMAGE, part=part)
        assert drawn.scale == whole.scale
        assert np.array_equal(drawn.pixels, heatmaps.signed(shown, whole.scale))
        assert np.array_equal(drawn.values, VALUES)


@pytest.mark.parametrize(("method", "relative"), [("rise", True), ("grad_cam", False)])
def test_colours_begin_at_the_least_value_where_only_differences_count(
    method: str, relative: bool
) -> None:
    values = 0.5 + 0.1 * np.abs(VALUES)
    drawn = plate(attribution(values, method), IMAGE)
    assert drawn.floor == (float(values.min()) if relative else 0.0)
    assert np.array_equal(drawn.pixels, heatmaps.magnitude(values, drawn.floor, drawn.scale))
    # On one scale for all maps nobody has a zero of their own.
    assert plate(attribution(values, method), IMAGE, scale=2.0).floor == 0.0
    # A difference of two classes has a sign, and its zero is the zero.
    assert plate(attribution(VALUES, method), IMAGE).floor == 0.0
    # A constant map has nothing to tell apart.
    assert plate(attribution(np.ones((6, 5)), method), IMAGE).floor == 0.0


def test_a_figure_is_one_picture_with_names_and_numbers() -> None:
    plates = [
        (f"<b>{place}</b> & co\nfor a class", plate(attribution(VALUES), IMAGE))
        for place in range(5)
    ]
    drawn = ET.fromstring(figure(IMAGE, plates, title="a < b"))
    text = " ".join(drawn.itertext())
    pictures_ = [element for element in drawn.iter() if element.tag.endswith("image")]
    assert len(pictures_) == 6
    assert "a < b" in text
    assert all(f"<b>{place}</b> & co" in text for place in range(5))
    assert text.count("sum ") == 5
    right = max(
        float(group.get("transform")[10:].split()[0])
        for group in drawn
        if group.get("transform") is not None
    )
    assert right + 240 <= float(drawn.get("width"))
