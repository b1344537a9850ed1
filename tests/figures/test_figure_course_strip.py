"""The strip of small maps: what it marks, what it writes, and that nothing falls out of it."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from xai.embedding.courses import Course, Stage
from xai.figures.colours import colour_of
from xai.figures.course_strip import course_strip

SVG = "{http://www.w3.org/2000/svg}"
#: Of the clean, the noisy and the attacked image in each layer.
NEAREST = ((3, 3, 3), (3, 3, 8), (3, 3, 3), (3, 3, 8), (3, 3, 5), (3, 3, 5), (3, 3, 8), (3, 3, 8))


def made(nearest=NEAREST, classes=tuple("0123456789"), layers=None) -> Course:
    """Return a course whose attacked image wanders off to the right."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(len(classes)), 6)
    stages = []
    for place, row in enumerate(nearest):
        placed = np.array([[0.0, 0.0], [0.3, 0.1], [3.0 * place, 0.0]], np.float32)
        distances = np.full((3, len(classes)), 7.0)
        distances[np.arange(3), row] = 1.25
        name = (None if place == 0 else f"fc{place}") if layers is None else layers[place]
        points = rng.normal(size=(len(labels), 2)).astype(np.float32)
        far = np.array([False, False, place == 7])
        stages.append(Stage(name, points, placed, distances, np.array(row), far))
    present = np.arange(len(classes))
    return Course(tuple(stages), labels, classes, present, np.full(len(classes), 6))


def tree(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def cells(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [node for node in root.iter(f"{SVG}g") if node.get("class") == "stage"]


def words(node: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in node.iter(f"{SVG}text")]


def test_each_layer_has_a_map_with_its_name_and_both_answers() -> None:
    drawn = cells(tree(course_strip(made())))
    assert len(drawn) == len(NEAREST)
    for place, cell in enumerate(drawn):
        said = words(cell)
        assert said[0] == ("pixels" if place == 0 else f"fc{place}")
        assert said[1] == f"clean: 3 → attacked: {NEAREST[place][2]}"
        dots = [path for path in cell.iter(f"{SVG}path") if "cs-dots" in path.get("class", "")]
        assert sum(path.get("d", "").count("M") for path in dots) == 60
        assert {path.get("stroke") for path in dots} == {colour_of(n) for n in range(10)}


def test_what_changes_is_written_bold() -> None:
    drawn = cells(tree(course_strip(made())))
    bold = [cell.findall(f"{SVG}text")[-1].get("font-weight") == "700" for cell in drawn]
    assert bold == [row[2] != row[0] for row in NEAREST]


def test_the_layer_where_it_leaves_is_framed_and_no_other() -> None:
    found = made()
    leaves = found.derailment(2, 3)
    assert leaves == 3
    drawn = cells(tree(course_strip(found, leaves=leaves)))
    framed = [any(r.get("class") == "cs-frame" for r in cell.iter(f"{SVG}rect")) for cell in drawn]
    assert framed == [place == 3 for place in range(8)]
    assert "leaves its class here" in words(drawn[3])
    assert "leaves its class here" not in course_strip(found)


def test_the_arrow_leads_from_clean_to_attacked() -> None:
    drawn = cells(tree(course_strip(made())))
    way = [[p for p in c.iter(f"{SVG}path") if p.get("class") == "cs-way"] for c in drawn]
    # In the pixels both lie on each other: nothing is drawn between them.
    assert [len(found) for found in way] == [0, *[1] * 7]
    for cell, found in zip(drawn[1:], way[1:], strict=True):
        ring = next(cell.iter(f"{SVG}circle"))
        start, end = re.findall(r"([\d.]+) ([\d.]+)", found[0].get("d", ""))[:2]
        assert abs(float(start[0]) - float(ring.get("cx", "0"))) < 12
        assert float(end[0]) > float(start[0])
        assert float(start[1]) == pytest.approx(float(end[1]), abs=0.2)


def test_nothing_falls_out_of_the_drawing() -> None:
    root = tree(course_strip(made()))
    _, _, width, height = (float(word) for word in (root.get("viewBox") or "").split())
    for cell in cells(root):
        box = next(cell.iter(f"{SVG}rect"))
        left, top, side = (float(box.get(name, "nan")) for name in ("x", "y", "width"))
        assert left >= 0
        assert left + side <= width
        assert top + side < height
        for path in cell.iter(f"{SVG}path"):
            if "cs-dots" in path.get("class", ""):
                pairs = re.findall(r"M([\d.-]+) ([\d.-]+)", path.get("d", ""))
                where = np.array(pairs, float)
                assert (where >= (left, top)).all()
                assert (where <= (left + side, top + side)).all()


def test_rows_wrap_and_are_filled_evenly() -> None:
    boxes = [
        next(cell.iter(f"{SVG}rect"))
        for cell in cells(tree(course_strip(made(NEAREST[:7], layers=[None, *"abcdef"]))))
    ]
    tops = [box.get("y") for box in boxes]
    assert [tops.count(top) for top in dict.fromkeys(tops)] == [4, 3]


def test_a_pointer_is_told_distances_and_what_means_little() -> None:
    drawn = cells(tree(course_strip(made())))
    told = [cell.findtext(f"{SVG}title") or "" for cell in drawn]
    assert told[0].splitlines() == [
        "pixels",
        "clean: nearest to 3, distance 1.25",
        "with noise: nearest to 3, distance 1.25",
        "attacked: nearest to 3, distance 1.25",
    ]
    assert told[7].endswith("attacked: nearest to 8, distance 1.25, far from all images")


def test_long_names_get_lines_of_their_own_and_stay_apart() -> None:
    classes = tuple(f"German shepherd & Alsatian <{n}>" for n in range(10))
    layers = [None, *(f"stages.{n}.0.depthwise.norm" for n in range(1, 12))]
    nearest = NEAREST + NEAREST[:4]
    drawn = cells(tree(course_strip(made(nearest, classes, layers))))
    for place, cell in enumerate(drawn[1:], start=1):
        said = words(cell)
        assert (said[0], said[3]) == ("depthwise.norm", f"stages.{place}.0")
        assert said[1].startswith("clean: German")
        assert said[2].startswith("attacked: German")
        lines = [float(text.get("y", "0")) for text in cell.iter(f"{SVG}text")]
        assert (np.diff(sorted(lines)) >= 18).all()


def test_the_legend_names_the_classes_at_both_ends() -> None:
    said = words(tree(course_strip(made())))
    assert {"clean", "with random noise", "attacked", "images of 3", "images of 8"} <= set(said)
    assert "with random noise" not in words(tree(course_strip(made(), noise=None)))


def test_one_point_for_all_is_drawn_too() -> None:
    found = made(NEAREST[:1])
    stage = found.stages[0]
    flat = dataclasses.replace(
        stage, points=np.zeros_like(stage.points), placed=np.zeros_like(stage.placed)
    )
    drawing = course_strip(dataclasses.replace(found, stages=(flat,)))
    assert "nan" not in drawing
    assert len(cells(tree(drawing))) == 1


def test_refusals() -> None:
    with pytest.raises(ValueError, match="attacked: expected an image from 0 to 2, got 3"):
        course_strip(made(), attacked=3)
    with pytest.raises(ValueError, match="leaves: expected a layer from 0 to 7"):
        course_strip(made(), leaves=8)
