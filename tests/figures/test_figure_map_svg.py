"""The map as SVG: a document on its own, with every point in its place and colour."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from xai.figures.map_svg import map_svg

SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("1")</script> & \x00 \ud800 ]]> \u202e'


def dots(text: str) -> list[tuple[float, float, str]]:
    """Return the position and colour of every point."""
    found = []
    for path in ElementTree.fromstring(text).iter(f"{SPACE}path"):
        steps = re.findall(r"M([\d.]+) ([\d.]+)h0", path.get("d"))
        found += [(float(x), float(y), path.get("stroke")) for x, y in steps]
    return found


def words(text: str) -> list[str]:
    return ["".join(item.itertext()) for item in ElementTree.fromstring(text).iter(f"{SPACE}text")]


def test_every_point_is_in_its_place_and_colour():
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(200, 2)) * (5, 1), rng.integers(0, 3, 200)
    colours = ("#ff0000", "#00ff00", "#0000ff")
    text = map_svg(points, labels, names="abc", colours=colours)
    found = dots(text)
    assert len(found) == 200
    # One scale for both axes; the picture's second axis points down.
    scale = 740 / np.ptp(points[:, 0])
    expected = sorted(
        (round(x * scale, 1), round(-y * scale, 1), colours[label])
        for (x, y), label in zip(points - points[0], labels, strict=True)
    )
    start = min(found)[0] - expected[0][0], found[0][1]
    shifted = sorted((x - start[0], y, colour) for x, y, colour in found)
    for (x, y, colour), (want_x, want_y, want_colour) in zip(shifted, expected, strict=True):
        assert x == pytest.approx(want_x, abs=0.2)
        assert y - shifted[0][1] == pytest.approx(want_y - expected[0][1], abs=0.2)
        assert colour == want_colour
    assert min(x for x, _, _ in found) >= 0
    assert max(y for _, y, _ in found) <= 900


def test_no_class_lies_over_all_of_another():
    points = np.random.default_rng(1).normal(size=(400, 2))
    order = [
        colour
        for _, _, colour in dots(
            map_svg(points, np.arange(400) % 2, names="ab", colours=("#111111", "#222222"))
        )
    ]
    middle = order[: len(order) // 2]
    assert 0.4 < middle.count("#111111") / len(middle) < 0.6


def test_ten_thousand_points_are_a_small_file():
    rng = np.random.default_rng(2)
    text = map_svg(
        rng.normal(size=(10_000, 2)),
        rng.integers(0, 10, 10_000),
        names="0123456789",
        colours=["#123456"] * 10,
        title="t" * 500,
        sentence="word " * 500,
    )
    assert len(text.encode()) < 250_000
    assert len(dots(text)) == 10_000


def test_the_legend_names_the_classes_that_are_there_in_their_colours():
    colours = [f"#0000{index:02x}" for index in range(5)]
    text = map_svg(
        np.eye(3, 2),
        np.array([3, 1, -1]),
        names=("zero", "one", "two", "three", "four"),
        colours=colours,
    )
    said = words(text)
    assert [name for name in said if name] == ["one", "three", "none"]
    circles = ElementTree.fromstring(text).iter(f"{SPACE}circle")
    assert [item.get("fill") for item in circles][:2] == [colours[1], colours[3]]
    assert {colour for _, _, colour in dots(text)} >= {colours[1], colours[3]}


def test_a_legend_too_long_says_how_many_are_left_out():
    names = [f"class {index}" for index in range(100)]
    text = map_svg(
        np.random.default_rng(3).normal(size=(100, 2)),
        np.arange(100),
        names=names,
        colours=["#123456"] * 100,
    )
    said = words(text)
    assert "class 23" in said
    assert "class 24" not in said
    assert "and 76 more" in said


def test_a_scale_goes_from_low_to_high_and_says_its_ends():
    values = np.array([0.0, 0.5, 1.0, np.nan, 7.0])
    text = map_svg(
        np.arange(10.0).reshape(5, 2),
        values,
        colours=("#000000", "#ffffff"),
        low=0.0,
        high=1.0,
        words=("false", "true"),
    )
    shades = [colour for _, _, colour in sorted(dots(text))]
    assert shades[0] == "#000000"
    assert shades[2] == shades[4] == "#ffffff"
    assert 0x70 < int(shades[1][1:3], 16) < 0x90
    assert shades[3] not in shades[:3]
    assert "0 false" in words(text)
    assert "1 true" in words(text)


def test_a_scale_takes_the_range_of_its_values_and_may_be_constant():
    points = np.arange(6.0).reshape(3, 2)
    said = words(map_svg(points, np.array([-2.0, 1.0, 4.0]), colours=("#000000", "#ffffff")))
    assert "−2" in said
    assert "4" in said
    same = map_svg(points, np.ones(3), colours=("#000000", "#ffffff"))
    assert len({colour for _, _, colour in dots(same)}) == 1


def test_names_title_and_sentence_are_text():
    text = map_svg(
        np.eye(2),
        np.array([0, 1]),
        names=(HOSTILE, "b"),
        colours=("#123456",) * 2,
        title=HOSTILE,
        sentence=HOSTILE,
    )
    root = ElementTree.fromstring(text.encode())
    kinds = {item.tag.removeprefix(SPACE) for item in root.iter()}
    assert kinds == {"svg", "title", "rect", "g", "path", "circle", "text"}
    assert sum("<script>" in said for said in words(text)) == 3


def test_a_single_point_is_drawn_in_the_middle():
    ((x, y, _),) = dots(
        map_svg(np.array([[4.0, -3.0]]), np.array([0]), names="a", colours=("#123456",))
    )
    assert (x, y) == (400.0, 440.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": np.zeros((2, 3))}, "points"),
        ({"points": np.zeros((0, 2)), "values": np.zeros(0, int)}, "points"),
        ({"points": np.full((2, 2), np.nan)}, "finite"),
        ({"values": np.zeros(3, int)}, "values"),
        ({"values": np.array([0, 2])}, "names"),
        ({"values": np.array([0.0, 1.0])}, "names"),
        ({"colours": ("#123456",)}, "colours: expected 2"),
        ({"colours": ("red", "#123456")}, "#rrggbb"),
        ({"colours": ('#12345"', "#123456")}, "#rrggbb"),
        ({"names": (), "colours": ("#123456",), "values": np.ones(2)}, "two stops"),
        ({"names": (), "values": np.array([1.0, np.inf])}, "infinity"),
        ({"names": (), "values": np.full(2, np.nan)}, "no number"),
        ({"names": (), "values": np.ones(2), "low": 2.0}, "range"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, said):
    given = {
        "points": np.eye(2),
        "values": np.array([0, 1]),
        "names": ("a", "b"),
        "colours": ("#123456", "#654321"),
    } | change
    with pytest.raises(ValueError, match="expected") as caught:
        map_svg(given.pop("points"), given.pop("values"), **given)
    assert said in str(caught.value)
