"""The charts of trust: the numbers they were given, and which way is better."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from xai.attribution.checks.faithfulness import Curve, Faithfulness
from xai.attribution.checks.stability import Stability, Wobble
from xai.figures.colours import ACCENT, NEUTRAL
from xai.figures.stability_strip import stability_strip
from xai.figures.trust_curves import areas, faithfulness_curves

SHARES = np.linspace(0, 1, 5)


def curve(name: str, label: str, deletion: list[float], insertion: list[float], spread=0.0):
    down, up = np.array(deletion), np.array(insertion)
    return Curve(
        name=name,
        label=label,
        target=3,
        contrast=None,
        deletion=down,
        insertion=up,
        deletion_area=float(np.trapezoid(down, SHARES)),
        insertion_area=float(np.trapezoid(up, SHARES)),
        deletion_spread=np.full(5, spread),
        insertion_spread=np.full(5, spread),
    )


SCORE = (
    curve("lrp", "LRP", [10, 3, 1, 0, 0], [0, 8, 9, 9, 10]),
    curve("gradient", "Gradient", [10, 5, 3, 1, 0], [0, 1, 2, 8, 10]),
    curve("random", "random order", [10, 8, 6, 3, 0], [0, 3, 5, 7, 10], 0.5),
    curve("edges", "edge detector", [10, 5, 3, 1, 0], [0, 5, 7, 9, 10]),
)
PROBABILITY = tuple(
    curve(one.name, one.label, list(one.deletion / 10), list(one.insertion / 10)) for one in SCORE
)
FOUND = Faithfulness(SHARES, SCORE, PROBABILITY, "mean", 3, 0, 38)


def layers(chart) -> dict[str, dict]:
    """Return the layers of a chart by the kind of their marks, with their rows."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return {
        layer["mark"]["type"]: layer
        | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
    }


@pytest.mark.parametrize("way", ["deletion", "insertion"])
@pytest.mark.parametrize("of", ["score", "probability"])
def test_every_curve_is_a_line_through_its_numbers(way, of):
    rows = layers(faithfulness_curves(FOUND, way, of))["line"]["rows"]
    for one in getattr(FOUND, of):
        mine = [row for row in rows if row["curve"] == one.label]
        assert [row["value"] for row in mine] == pytest.approx(list(getattr(one, way)))
        assert [row["share"] for row in mine] == pytest.approx(list(SHARES))


def test_the_references_are_grey_behind_the_maps_and_the_edges_are_dashed():
    drawn = layers(faithfulness_curves(FOUND, "deletion"))
    encoding = drawn["line"]["encoding"]
    domain = encoding["color"]["scale"]["domain"]
    assert domain == ["LRP", "Gradient", "random order", "edge detector"]
    colours = dict(zip(domain, encoding["color"]["scale"]["range"], strict=True))
    assert colours["random order"] == colours["edge detector"] == NEUTRAL
    assert len({colours["LRP"], colours["Gradient"], NEUTRAL}) == 3
    dashes = dict(zip(domain, encoding["strokeDash"]["scale"]["range"], strict=True))
    assert dashes["edge detector"] != dashes["random order"] == dashes["LRP"]
    assert [row["curve"] for row in drawn["line"]["rows"]][-1] == "Gradient"
    turns = {row["curve"]: place for place, row in enumerate(drawn["line"]["rows"])}
    assert turns["edge detector"] < turns["LRP"]
    band = drawn["area"]["rows"]
    assert {row["curve"] for row in band} == {"random order"}
    assert [(row["low"], row["high"]) for row in band][1] == (7.5, 8.5)


def test_the_two_ways_share_colours_and_axis_and_say_what_is_better():
    down, up = (faithfulness_curves(FOUND, way).to_dict() for way in ("deletion", "insertion"))
    assert down["title"]["text"] == "Deletion: ↓ lower is better"
    assert up["title"]["text"] == "Insertion: ↑ higher is better"
    assert down["height"] == up["height"]
    for channel in ("color", "y"):
        ours, theirs = (
            layers(faithfulness_curves(FOUND, way))["line"]["encoding"][channel]
            for way in ("deletion", "insertion")
        )
        assert ours == theirs
    assert down["usermeta"]["embedOptions"] == {"renderer": "svg"}
    assert down["title"]["color"] == "currentColor"


def test_the_axis_says_what_is_counted():
    def title(found, of):
        return layers(faithfulness_curves(found, "deletion", of))["line"]["encoding"]["y"]["title"]

    assert title(FOUND, "score") == "score of the class"
    assert title(FOUND, "probability") == "probability of the class"
    both = [
        tuple(dataclasses.replace(one, contrast=5) for one in curves)
        for curves in (SCORE, PROBABILITY)
    ]
    contrast = dataclasses.replace(FOUND, score=both[0], probability=both[1])
    assert title(contrast, "score") == "difference of the two scores"
    assert title(contrast, "probability") == "difference of the two probabilities"


def test_the_chart_grows_with_its_legend_so_that_the_plot_does_not_shrink():
    long = tuple(
        dataclasses.replace(one, label=f"{one.label} with a name of many, many words")
        for one in SCORE
    )
    tall = faithfulness_curves(dataclasses.replace(FOUND, score=long), "deletion").to_dict()
    assert tall["height"] > faithfulness_curves(FOUND, "deletion").to_dict()["height"]


def test_the_table_says_what_each_map_beats():
    rows = {row.label: row for row in areas(FOUND)}
    assert rows["LRP"].deletion == pytest.approx((5 + 3 + 1 + 0 + 0) / 4)
    assert rows["LRP"].verdict == "Both curves: better than random order and the edge detector."
    assert rows["Gradient"].verdict == (
        "Deletion: better than random order, like the edge detector. "
        "Insertion: worse than random order and the edge detector."
    )
    assert rows["random order"].reference
    assert rows["random order"].verdict == ""
    assert areas(FOUND, "probability")[0].insertion == pytest.approx(rows["LRP"].insertion / 10)


def test_curves_on_different_scales_are_not_drawn_together():
    mixed = (*SCORE, dataclasses.replace(SCORE[0], target=4))
    found = dataclasses.replace(FOUND, score=mixed)
    for draw in (areas, lambda given: faithfulness_curves(given, "deletion")):
        with pytest.raises(ValueError, match="expected curves of one class, got 2"):
            draw(found)
    assert len(areas(found.about(3))) == 4
    with pytest.raises(ValueError, match="way: expected deletion or insertion"):
        faithfulness_curves(FOUND, "up")
    with pytest.raises(ValueError, match="of: expected score or probability"):
        areas(FOUND, "logit")


def test_names_are_data():
    odd = dataclasses.replace(SCORE[0], label="<img src=x>\n${y}")
    found = dataclasses.replace(FOUND, score=(odd, odd, *SCORE[2:]))
    names = {row["curve"] for row in layers(faithfulness_curves(found, "deletion"))["line"]["rows"]}
    assert "<img src=x> ${y}" in names
    assert len(names) == 4


# ----------------------------------------------------------------------- stability
def wobble(label: str, correlation: list[float], distance: list[float]) -> Wobble:
    flat = np.zeros((2, 2), np.float32)
    return Wobble("lrp", label, np.array(correlation), np.array(distance), flat, flat.copy())


STABILITY = Stability(
    maps=(
        wobble("LRP", [0.9, 0.8, 1.0, 0.7], [0.1, 0.2, 0.0, 0.4]),
        wobble("Gradient", [np.nan, 0.2, -0.3, 0.1], [1.5, 0.9, 1.1, 2.0]),
        wobble("Grad-CAM", [np.nan] * 4, [np.nan] * 4),
    ),
    sigma=0.02,
    predicted=(3, 3, 5, 3),
    clean=3,
    seed=0,
)


def test_every_noisy_image_has_a_point_and_every_map_a_median():
    drawn = layers(stability_strip(STABILITY))
    points = drawn["point"]["rows"]
    mine = [row["value"] for row in points if row["map"] == "LRP"]
    assert mine == [0.9, 0.8, 1.0, 0.7]
    assert [row["value"] for row in points if row["map"] == "Gradient"] == [0.2, -0.3, 0.1]
    middles = {row["map"]: row["middle"] for row in drawn["tick"]["rows"]}
    assert middles == pytest.approx({"LRP": 0.85, "Gradient": 0.1})
    low, high = drawn["point"]["encoding"]["x"]["scale"]["domain"]
    assert low < -0.3
    assert high > 1


def test_a_map_without_a_number_keeps_its_row_and_says_so():
    drawn = layers(stability_strip(STABILITY))
    (row,) = drawn["text"]["rows"]
    assert row["label"] == "Grad-CAM"
    assert "constant" in row["text"]
    assert drawn["bar"]["encoding"]["y"]["sort"] == ["LRP", "Gradient", "Grad-CAM"]


def test_noise_that_changed_the_class_is_told_apart_by_colour_and_shape():
    drawn = layers(stability_strip(STABILITY))["point"]
    said = [row["predicted"] for row in drawn["rows"] if row["map"] == "LRP"]
    same, other = drawn["encoding"]["color"]["scale"]["domain"]
    assert said == [same, same, other, same]
    assert drawn["encoding"]["color"]["scale"]["range"][0] == ACCENT
    assert len(set(drawn["encoding"]["shape"]["scale"]["range"])) == 2
    assert drawn["encoding"]["color"]["legend"]["orient"] == "top"
    calm = layers(stability_strip(dataclasses.replace(STABILITY, predicted=(3,) * 4)))["point"]
    assert calm["encoding"]["color"]["legend"] is None


def test_the_distance_begins_at_0_and_its_title_points_left():
    x = layers(stability_strip(STABILITY, "distance"))["point"]["encoding"]["x"]
    assert x["scale"]["domain"][0] == 0
    assert x["scale"]["domain"][1] >= 2
    assert "← more stable" in x["title"]
    correlation = layers(stability_strip(STABILITY))["point"]["encoding"]["x"]["title"]
    assert "more stable →" in correlation
    with pytest.raises(ValueError, match="of: expected correlation or distance"):
        stability_strip(STABILITY, "length")
