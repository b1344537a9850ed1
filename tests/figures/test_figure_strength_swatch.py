"""The picture of a strength: greys that differ by it, areas to scale, words that fit."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from xai.figures.network_labels import text_width
from xai.figures.strength_swatch import WIDTH, strength_swatch

_SVG = "{http://www.w3.org/2000/svg}"
DIGIT, PHOTO = (1, 28, 28), (3, 224, 224)


def _boxes(svg: str) -> list[dict[str, str]]:
    """Return what is filled, in the order in which it is drawn."""
    found = ElementTree.fromstring(svg).iter(f"{_SVG}rect")
    return [dict(one.attrib) for one in found if "fill" in one.attrib]


def _level(box: dict[str, str]) -> float:
    found = re.fullmatch(r"rgb\(([\d.]+),\1,\1\)", box["fill"])
    assert found
    return float(found[1])


def _area(box: dict[str, str]) -> float:
    return float(box["width"]) * float(box["height"])


def _texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


@pytest.mark.parametrize("eps", [0.0, 0.5 / 255, 8 / 255, 60 / 255, 1.0])
def test_each_grey_is_brightened_by_the_strength_and_never_beyond_white(eps: float) -> None:
    boxes = _boxes(strength_swatch(eps, "linf", DIGIT))
    assert len(boxes) == 6
    for whole, half in zip(boxes[::2], boxes[1::2], strict=True):
        assert _level(half) == pytest.approx(min(255, _level(whole) + 255 * eps), abs=0.05)
        assert _area(half) == pytest.approx(_area(whole) / 2)
        assert float(half["x"]) == pytest.approx(float(whole["x"]) + float(half["width"]), abs=0.02)


def test_the_strength_is_written_in_steps_of_a_picture_file() -> None:
    said = _texts(strength_swatch(8 / 255, "linf", PHOTO))
    assert " ".join(said[:2]) == "The most that a pixel may move: 8/255"
    assert {"51 → 59", "128 → 136", "204 → 212", "dark", "middle", "light"} <= set(said)


@pytest.mark.parametrize(
    ("eps", "shape", "pixels"),
    [(3.0, DIGIT, 9.0), (15.0, (1, 20, 40), 225.0), (100.0, PHOTO, 1e4 / 3), (20.0, DIGIT, 400.0)],
)
def test_the_white_patch_has_the_share_of_the_pixels_that_could_turn(
    eps: float, shape: tuple[int, int, int], pixels: float
) -> None:
    black, white, *_ = _boxes(strength_swatch(eps, "l2", shape))
    assert (_level(black), _level(white)) == (0, 255)
    assert _area(white) / _area(black) == pytest.approx(pixels / (shape[1] * shape[2]), rel=0.01)
    for side in ("width", "height"):
        assert float(white[side]) <= float(black[side]) + 1e-3


def test_more_length_than_there_are_pixels_turns_them_all() -> None:
    svg = strength_swatch(40.0, "l2", DIGIT)
    black, white, middle, brighter = _boxes(svg)
    assert _area(white) == pytest.approx(_area(black), rel=1e-3)
    assert (_level(middle), _level(brighter)) == (128, 255)
    assert {"784 pixels", "of 784 from", "by 255/255"} <= set(_texts(svg))


def test_a_length_is_shared_by_all_pixels_in_all_colours() -> None:
    svg = strength_swatch(3.0, "l2", (3, 10, 10))
    *_, middle, brighter = _boxes(svg)
    assert _level(brighter) - _level(middle) == pytest.approx(255 * 3 / 300**0.5, abs=0.05)
    assert {"3 pixels", "of 100 from", "by 44.2/255"} <= set(_texts(svg))
    assert "1 pixel" in _texts(strength_swatch(1.0, "l2", DIGIT))


@pytest.mark.parametrize(("eps", "rings"), [(0.0, 0), (0.5, 1), (1.0, 1), (10.0, 0)])
def test_a_patch_that_nobody_would_find_is_ringed(eps: float, rings: int) -> None:
    assert strength_swatch(eps, "l2", DIGIT).count("<circle") == rings


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("shape", [DIGIT, PHOTO, (3, 60, 224), (3, 224, 60)])
def test_words_and_boxes_stay_inside_and_lines_apart(
    norm: str, shape: tuple[int, int, int]
) -> None:
    drawn = ElementTree.fromstring(strength_swatch(0.123456, norm, shape))
    assert drawn.attrib["style"] == "min-width:0"
    for text in drawn.iter(f"{_SVG}text"):
        size, bold = float(text.attrib["font-size"]), "font-weight" in text.attrib
        assert size >= 16
        wide = text_width(text.text or "", size, bold)
        left = float(text.attrib["x"]) - wide / 2 * ("text-anchor" in text.attrib)
        assert left >= 0
        assert left + wide <= WIDTH
        assert 0 < float(text.attrib["y"]) < float(drawn.attrib["height"]) - 4
    for box in drawn.iter(f"{_SVG}rect"):
        x, y, width, height = (float(box.attrib[one]) for one in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + width <= WIDTH
        assert y >= 0
        assert y + height <= float(drawn.attrib["height"])


@pytest.mark.parametrize(
    ("eps", "norm", "shape"),
    [
        (-0.1, "linf", DIGIT),
        (1.1, "linf", DIGIT),
        (float("nan"), "linf", DIGIT),
        (float("inf"), "l2", DIGIT),
        (0.1, "l1", DIGIT),
        (0.1, "linf", (28, 28)),
        (0.1, "l2", (1, 0, 28)),
    ],
)
def test_what_is_no_strength_is_refused(eps: float, norm: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        strength_swatch(eps, norm, shape)  # type: ignore[arg-type]
