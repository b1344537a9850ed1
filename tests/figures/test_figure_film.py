"""The charts of a training's film, and of what was learned and forgotten."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xai.embedding import Evolution, evolve
from xai.figures import film_chart, forgetting_chart
from xai.figures.colours import ACCENT, CHANGED, NEUTRAL
from xai.training import learning

CLASSES = ("cat", "<img src=x> ${y}", "fox")


def layers(chart) -> list[dict]:
    """Return the layers of a chart, each with its rows."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    assert spec["usermeta"]["embedOptions"] == {"renderer": "svg"}
    return [
        layer | {"rows": spec["datasets"][(layer.get("data") or spec["data"])["name"]]}
        for layer in spec["layer"]
    ]


def lines(rows: list[dict]) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for row in rows:
        found.setdefault(row["line"], []).append(row["value"])
    return found


@pytest.fixture(scope="module")
def film() -> Evolution:
    rng = np.random.default_rng(0)
    made = evolve([rng.normal(size=(12, 3)) for _ in range(3)], method="pca")
    shares = np.array([0.5, np.nan, 1.0], np.float32)
    return replace(
        made,
        quality=made.quality | {"knn_accuracy": shares, "knn_accuracy_features": shares / 2},
    )


# ------------------------------------------------------------------------------- the film
def test_a_film_has_a_line_for_each_share_and_a_gap_where_nothing_is_known(film):
    line, target = layers(film_chart.film_chart(film, (0.0, 0.5, 1.0)))
    found = lines(line["rows"])
    assert list(found) == [film_chart.SORTED, film_chart.SEEN, film_chart.NEW]
    assert found[film_chart.SEEN] == [0.5, None, 1.0]
    assert found[film_chart.SORTED] == [0.25, None, 0.5]
    assert found[film_chart.NEW][0] is None
    assert found[film_chart.NEW][1:] == pytest.approx(film.turnover[1:].tolist())
    assert [row["epoch"] for row in line["rows"][:3]] == [0.0, 0.5, 1.0]
    assert line["encoding"]["color"]["scale"]["range"] == [ACCENT, CHANGED, NEUTRAL]
    # Told apart without colour, too.
    assert len({str(dash) for dash in line["encoding"]["strokeDash"]["scale"]["range"]}) == 3
    assert target["rows"] == line["rows"]
    assert line["encoding"]["y"]["title"] == "share"


def test_a_film_without_classes_has_no_line_of_them(film):
    unknown = np.full(3, np.nan, np.float32)
    bare = replace(film, quality={"knn_accuracy": unknown, "knn_accuracy_features": unknown})
    line, _ = layers(film_chart.film_chart(bare, (0.0, 1.0, 2.0)))
    assert list(lines(line["rows"])) == [film_chart.NEW]
    with pytest.raises(ValueError, match="expected 3, one for each map, got 2"):
        film_chart.film_chart(film, (0.0, 1.0))


# --------------------------------------------------------------------------- the forgotten
def known(right: np.ndarray):
    labels = np.arange(right.shape[1]) % 3
    return learning.learning(right, labels, CLASSES, epochs=np.arange(1.0, len(right) + 1) * 2)


@pytest.fixture(scope="module")
def found():
    courses = np.zeros((26, 7), bool)
    courses[:, 1] = True  # kept from the start
    courses[5:, 2] = True  # kept from the sixth look on
    courses[::2, 3] = True  # forgotten thirteen times
    courses[[0, 2, 4], 4] = True  # forgotten three times
    courses[3, 5] = True  # once
    courses[4:9, 6] = True  # once
    return known(courses)


def test_every_image_is_in_one_bar(found):
    groups = forgetting_chart.tallies(found)
    assert {times: images.tolist() for times, images in groups.items() if len(images)} == {
        forgetting_chart.NEVER: [0],
        0: [1, 2],
        1: [5, 6],
        3: [4],
        forgetting_chart.MOST: [3],
    }
    assert sorted(np.concatenate(list(groups.values())).tolist()) == list(range(7))
    assert list(groups) == list(range(-1, 11))


def test_bars_count_and_those_of_no_height_can_be_clicked(found):
    chart = forgetting_chart.forgetting_chart(found)
    target, bars, written = layers(chart)
    assert [row["count"] for row in bars["rows"]] == [1, 2, 2, 0, 1, *[0] * 6, 1]
    assert [row["tick"] for row in bars["rows"]] == ["never", *map(str, range(10)), "10+"]
    assert bars["rows"][-1]["word"] == "10 or more"
    assert sum(row["share"] for row in bars["rows"]) == pytest.approx(1.0)
    assert bars["encoding"]["y"]["scale"]["type"] == "sqrt"
    assert "square root" in bars["encoding"]["y"]["title"]
    assert written["encoding"]["text"]["field"] == "number"
    assert target["encoding"]["y2"] == {"value": "height"}
    (param,) = chart.to_dict()["params"]
    assert (param["name"], param["select"]["fields"]) == (forgetting_chart.SELECTION, ["times"])


def test_the_curve_shows_what_is_right_now_ever_and_for_good(found):
    line, _ = layers(forgetting_chart.learned_curve(found))
    drawn = lines(line["rows"])
    shares = found.courses()
    assert list(drawn.values()) == [shares[name].tolist() for name in ("ever", "now", "good")]
    assert [row["epoch"] for row in line["rows"][:3]] == [2.0, 4.0, 6.0]
    low, high = line["encoding"]["y"]["scale"]["domain"]
    assert low <= min(min(values) for values in drawn.values())
    assert high == 1
    assert line["encoding"]["color"]["sort"] == list(drawn)


def test_the_hardest_class_comes_first(found):
    bars, written = layers(forgetting_chart.classes_chart(found))
    # Of class 0: images 0, 3 and 6, all hard; of class 1: 1 and 4; of class 2: 2 and 5.
    assert [(row["label"], row["share"]) for row in bars["rows"]] == [
        ("cat", 1.0),
        ("<img src=x> ${y}", 0.5),
        ("fox", 0.5),
    ]
    assert [row["text"] for row in written["rows"]] == ["100 %", "50.0 %", "50.0 %"]
    assert bars["encoding"]["x"]["scale"]["domain"][1] > 1


def test_one_look_and_nothing_forgotten_is_drawn(found):
    alone = known(np.ones((1, 4), bool))
    assert [len(images) for images in forgetting_chart.tallies(alone).values()] == [0, 4, 0]
    layers(forgetting_chart.forgetting_chart(alone))
    layers(forgetting_chart.learned_curve(alone))
    bars, _ = layers(forgetting_chart.classes_chart(alone))
    assert {row["share"] for row in bars["rows"]} == {0.0}
