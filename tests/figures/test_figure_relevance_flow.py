"""The drawn flow: complete, valid XML, to scale, nothing outside of the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from xai.attribution.lrp.ledger import PIXELS, Entry, Ledger, Stream
from xai.attribution.lrp.params import LrpParams
from xai.figures.flow_stations import LEAKS, course
from xai.figures.network_labels import text_width
from xai.figures.relevance_flow import relevance_flow

_SVG = "{http://www.w3.org/2000/svg}"


def _row(name: str, arrived: float, source: str, went: float, **more) -> Entry:
    known = {"kind": "Conv2d", "rule": "z_plus", "positive": arrived, "negative": 0.0}
    known |= {"streams": (Stream(source, went, 0.0),), "bias": arrived - went}
    return Entry(name, **(known | more))


def _ledger(rows: list[Entry], score: float, reached: float) -> Ledger:
    """Make books of rows in forward order."""
    return Ledger(
        0, None, score, tuple(rows[::-1]), reached, 0.0, LrpParams(), model="toy", digest=""
    )


def _chain(shares: list[float], prefix: str = "conv") -> Ledger:
    """Make the books of a chain from what arrives at each layer, the pixels first."""
    names = [PIXELS, *(f"{prefix}{at}" for at in range(1, len(shares)))]
    rows = [
        _row(names[at], shares[at], names[at - 1], shares[at - 1]) for at in range(1, len(shares))
    ]
    return _ledger(rows, shares[-1], shares[0])


def _residual() -> Ledger:
    """Two layers, a shortcut around the second: it takes 3 of the 8."""
    streams = (Stream("b.conv", 5.0, 0.0), Stream("a", 3.0, 0.0))
    return _ledger(
        [
            _row("a", 7.0, PIXELS, 6.0),
            _row("b.conv", 5.0, "a", 4.0),
            _row("b.add", 8.0, "", 8.0, kind="Sum", rule="norm", streams=streams, bias=0.0),
            _row("c", 8.0, "b.add", 8.0, bias=0.0),
        ],
        8.0,
        6.0,
    )


def _parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def _bands(svg: str, kind: str = "for") -> list[tuple[float, float, float]]:
    """Return left, right and height of the straight bands, legend left out."""
    found = [
        [float(one.get(key)) for key in ("x", "width", "height")]
        for one in _parsed(svg).iter(f"{_SVG}rect")
        if one.get("class") == f"fl-{kind}" and one.get("x")
    ]
    return sorted((x, x + width, height) for x, width, height in found)


def _texts(svg: str) -> list[str]:
    return [one.text for one in _parsed(svg).iter(f"{_SVG}text")]


def test_bands_are_as_thick_as_the_relevance():
    heights = [height for *_, height in _bands(relevance_flow(_chain([2.0, 4.0, 8.0])))]
    # The pixels' side first, the score that comes in last.
    assert [height / heights[0] for height in heights] == pytest.approx([1, 2, 4], rel=0.02)
    assert "25 %" in _texts(relevance_flow(_chain([2.0, 4.0, 8.0])))


def test_both_signs_are_drawn():
    found = _chain([2.0, 4.0, 8.0])
    streams = (Stream("conv1", 10.0, -6.0),)
    mixed = replace(found, rows=(replace(found.rows[0], streams=streams), *found.rows[1:]))
    svg = relevance_flow(mixed)
    ((left, right, below),) = _bands(svg, "against")
    above = {(a, b): height for a, b, height in _bands(svg)}[left, right]
    assert above / below == pytest.approx(10 / 6, rel=0.02)


def test_what_is_too_thin_is_magnified_and_marked():
    svg = relevance_flow(_chain([0.003, 0.02, 0.1, 10.0]))
    heights = [height for *_, height in _bands(svg)]
    assert heights[0] > 3
    marks = [found[1] for word in _texts(svg) if (found := re.fullmatch(r"× ([\d,]+)", word))]
    assert marks
    assert all(re.fullmatch("[125][0,]*", mark) for mark in marks)
    assert "0.03 %" in _texts(svg)
    assert any("from here to the left" in word for word in _texts(svg))
    plain = relevance_flow(_chain([4.0, 6.0, 10.0]))
    assert not any("×" in word for word in _texts(plain))


def test_what_explodes_is_drawn_smaller():
    svg = relevance_flow(_chain([1e6, 1e4, 100.0, 10.0]))
    assert max(height for *_, height in _bands(svg)) <= 84.1
    assert any(word.startswith("÷ ") for word in _texts(svg))


def test_leaks_are_named_and_legend_lists_what_is_there():
    svg = relevance_flow(_chain([2.0, 4.0, 8.0]))
    words = _texts(svg)
    assert "taken by biases" in words
    assert not any("stabilizer" in word or "lost" in word for word in words)
    assert words.count("50 %") == 2  # arrives at the first layer; taken by the second
    titles = [one.text for one in _parsed(svg).iter(f"{_SVG}title")]
    assert any("taken by biases: 4 (50 % of the score)" in title for title in titles)


def test_what_comes_in_points_upwards():
    found = _chain([8.0, 4.0, 8.0])
    assert "an arrow upwards: came in there" in _texts(relevance_flow(found))
    assert "an arrow upwards: came in there" not in _texts(relevance_flow(_chain([2.0, 4.0])))


def test_a_shortcut_inside_a_station_goes_around_its_layers():
    flow = course(_residual(), most=3)
    assert [station.name for station in flow.stations] == [PIXELS, "a", "b", "c"]
    block = flow.stations[2]
    assert block.bypass.amount == 3.0
    assert {(link.start, link.end): link.flow.amount for link in flow.links} == {
        (1, 0): 6.0,
        (2, 1): 7.0,
        (3, 2): 8.0,
    }
    svg = relevance_flow(_residual())
    assert "by a shortcut, around layers" in _texts(svg)


def test_a_shortcut_over_stations_is_a_link_of_its_own():
    flow = course(_residual(), most=4)
    assert len(flow.stations) == 5
    assert {(link.start, link.end): link.flow.amount for link in flow.links} == {
        (1, 0): 6.0,
        (2, 1): 4.0,
        (3, 2): 5.0,
        (3, 1): 3.0,
        (4, 3): 8.0,
    }
    assert "fl-for-line" in relevance_flow(_residual()).partition("</style>")[2]


@pytest.mark.parametrize("depth", [1, 5, 21, 22, 90])
def test_stations_hold_every_row_once_and_their_books_balance(depth):
    found = _chain([10.0 + at for at in range(depth + 1)], "net.")
    flow = course(found)
    held = [row.name for station in flow.stations for row in station.rows]
    assert held == [row.name for row in found.rows[::-1]]
    assert len(flow.stations) <= 22
    for at, station in enumerate(flow.stations[1:], start=1):
        left = sum(link.flow.amount for link in flow.links if link.start == at)
        assert station.arrived.amount == pytest.approx(left + station.kept)
    total = sum(station.kept for station in flow.stations)
    assert found.score == pytest.approx(found.reached + total)


def test_blocks_are_joined_by_the_longest_common_beginning():
    names = [f"stages.{stage}.{layer}" for stage in range(9) for layer in range(4)]
    rows, source = [], PIXELS
    for name in names:
        rows.append(_row(name, 1.0, source, 1.0, bias=0.0))
        source = name
    flow = course(_ledger(rows, 1.0, 1.0))
    assert [station.name for station in flow.stations[1:]] == [f"stages.{at}" for at in range(9)]


def test_activations_join_the_layer_before_them():
    rows = [
        _row("conv", 1.0, PIXELS, 1.0),
        _row("relu", 1.0, "conv", 1.0, kind="ReLU", rule="pass"),
        _row("fc", 1.0, "relu", 1.0),
    ]
    flow = course(_ledger(rows, 1.0, 1.0))
    assert [[row.name for row in station.rows] for station in flow.stations] == [
        [],
        ["conv", "relu"],
        ["fc"],
    ]


@pytest.mark.parametrize("count", [2, 9, 10, 17, 21])
def test_no_word_is_cut_off_or_lies_on_another(count):
    found = _chain([1.0 + 0.5 * at for at in range(count + 1)], "features.denseblock")
    root = _parsed(relevance_flow(found))
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = []
    for one in root.iter(f"{_SVG}text"):
        size, x, y = (float(one.get(key)) for key in ("font-size", "x", "y"))
        wide = text_width(one.text, size, one.get("font-weight") == "700")
        left = x - wide / 2 if one.get("text-anchor") else x
        assert -1 <= left <= width + 1 - wide, one.text
        assert size <= y <= height - 0.2 * size, one.text
        boxes.append((left, y - 0.7 * size, left + wide, y, one.text))
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] or other[3] <= one[1], (one, other)


def test_no_flow_is_said_to_be_none():
    found = _chain([0.0, 0.0, 0.0])
    assert _texts(relevance_flow(found)) == ["No relevance flows: the score is 0."]


def test_a_score_of_nothing_is_drawn_with_amounts():
    # A contrast of two equal scores: what is for and against still flows.
    found = _chain([2.0, 4.0, 8.0])
    first = replace(found.rows[0], positive=4.0, negative=-4.0)
    texts = _texts(relevance_flow(replace(found, score=0.0, rows=(first, *found.rows[1:]))))
    assert not any("%" in word for word in texts)


def test_any_name_is_safe():
    found = _chain([2.0, 4.0, 8.0], '<b>"&\x00')
    svg = relevance_flow(found, label="<script>alert(1)</script>")
    assert "<script>" not in svg
    assert "<b>" not in svg
    _parsed(svg)


def test_every_leak_has_a_colour_and_a_word():
    rows = [_row("fc", 10.0, PIXELS, 2.0, bias=2.0, stabilizer=2.0, lost=2.0, other=2.0)]
    svg = relevance_flow(_ledger(rows, 10.0, 2.0))
    for kind in LEAKS:
        assert re.search(rf"\.fl-{kind}{{", svg)
        assert f'class="fl-{kind}"' in svg
    assert len(_texts(svg)) == len(set(_texts(svg))) + _texts(svg).count("20 %") - 1
