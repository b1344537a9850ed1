"""Charts hold the numbers they were given, names stay data, and nothing jumps."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai.figures import charts, wording
from xai.types import Prediction

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "%{x}${y}",
    "datum.probability",
    "'; alert(1); //",
    "two\nlines\u202e reversed",
    "",
    "crane",
    "crane",
    "a" * 500,
    "\x00nul",
)


def prediction(classes=tuple("0123456789"), seed=0, peak=None) -> Prediction:
    logits = np.random.default_rng(seed).normal(size=len(classes)).astype(np.float32)
    if peak is not None:
        logits[peak] += 8
    odds = np.exp(logits - logits.max())
    return Prediction(logits, odds / odds.sum(), tuple(classes))


def rows(chart) -> list[dict]:
    (values,) = chart.to_dict()["datasets"].values()
    return values


# -------------------------------------------------------------- probabilities
def test_bars_are_the_most_probable_classes_best_first():
    given = prediction()
    found = rows(charts.probabilities(given, k=4))
    assert [row["index"] for row in found] == list(given.top(4))
    assert [row["rank"] for row in found] == [1, 2, 3, 4]
    for row in found:
        assert row["probability"] == given.probabilities[row["index"]]
        assert row["logit"] == given.logits[row["index"]]
        assert row["text"] == wording.percent(row["probability"])


def test_true_class_and_target_are_marked():
    given = prediction()
    best, second = given.top(2)
    labels = {
        row["index"]: row["label"]
        for row in rows(charts.probabilities(given, true=best, target=second))
    }
    assert labels[best] == f"✓ {best}"
    assert labels[second] == f"◎ {second}"
    assert sum(label[0] in "✓◎" for label in labels.values()) == 2


def test_a_marked_class_outside_of_the_top_gets_a_bar_and_the_chart_keeps_its_height():
    given = prediction(tuple(map(str, range(100))))
    last, lastish = given.top(100)[-1], given.top(100)[-2]
    plain, marked = (
        charts.probabilities(given, k=5, true=true, target=target)
        for true, target in ((None, None), (last, lastish))
    )
    found = rows(marked)
    assert [row["index"] for row in found] == [*given.top(5), last, lastish]
    assert found[5]["rank"] == 100
    assert marked.to_dict()["height"] == plain.to_dict()["height"]


def test_rows_are_drawn_in_the_order_of_the_data():
    spec = charts.probabilities(prediction()).to_dict()
    y = spec["layer"][0]["encoding"]["y"]
    assert y["sort"] == [row["label"] for row in rows(charts.probabilities(prediction()))]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == 0
    assert spec["layer"][0]["encoding"]["x"]["axis"]["values"] == [0, 0.25, 0.5, 0.75, 1]


def test_text_is_large_and_has_no_colour_of_its_own():
    for chart in (
        charts.probabilities(prediction(), true=1),
        charts.before_after(prediction(), prediction(seed=1)),
    ):
        spec = chart.to_dict()
        text = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "text")
        assert text["mark"]["fontSize"] >= 14
        assert text["encoding"]["color"] == {"value": "currentColor"}
        for layer in spec["layer"]:
            for axis in ("x", "y"):
                options = layer["encoding"][axis]["axis"]
                assert options["labelFontSize"] >= 14
                assert options.get("labelColor", "currentColor") == "currentColor"


def test_names_are_data_and_never_expressions_or_missing_rows():
    given = prediction(HOSTILE)
    spec = charts.probabilities(given, true=0, target=1).to_dict()
    assert len({row["label"] for row in rows(charts.probabilities(given))}) == len(HOSTILE)
    values = {row["class"] for row in rows(charts.probabilities(given))}
    assert values == set(HOSTILE)
    spec.pop("datasets")
    for layer in spec["layer"]:
        layer["encoding"]["y"].pop("sort")  # a list of values
    assert not any(name in json.dumps(spec) for name in HOSTILE if name and name != "crane")


def test_other_names_can_be_shown():
    found = rows(charts.probabilities(prediction(), names=[f"digit {i}" for i in range(10)]))
    assert all(row["class"] == f"digit {row['index']}" for row in found)
    with pytest.raises(ValueError, match="expected 10"):
        charts.probabilities(prediction(), names=["one"])


@pytest.mark.parametrize("options", [{"k": 0}, {"true": 10}, {"target": -1}])
def test_a_chart_of_what_there_is_not_is_refused(options):
    with pytest.raises(ValueError):
        charts.probabilities(prediction(), **options)


def test_a_prediction_that_is_not_finite_is_refused():
    spoiled = Prediction(*(np.full(10, np.nan, np.float32),) * 2, tuple("0123456789"))
    for call in (charts.probabilities, lambda p: charts.before_after(prediction(), p)):
        with pytest.raises(ValueError, match="finite"):
            call(spoiled)


# --------------------------------------------------------------- before, after
def test_pairs_are_of_the_classes_that_matter_before_or_after():
    names = tuple(map(str, range(50)))
    clean, fooled = prediction(names, 1, peak=7), prediction(names, 2, peak=31)
    chart = charts.before_after(clean, fooled, k=5)
    found = rows(chart)
    indices = [row["index"] for row in found[::2]]
    assert indices[:2] == [7, 31]
    assert len(indices) == len(set(indices)) == 5
    assert set(indices) <= {*clean.top(5), *fooled.top(5)}
    left_out = {*clean.top(5), *fooled.top(5)} - set(indices)
    best = np.maximum(clean.probabilities, fooled.probabilities)
    assert max(best[list(left_out)]) <= min(best[indices])
    for row in found:
        source = clean if row["when"] == "before" else fooled
        assert row["probability"] == source.probabilities[row["index"]]


def test_the_two_colours_belong_to_before_and_after():
    spec = charts.before_after(prediction(), prediction(seed=1), words=("clean", "fooled"))
    scale = spec.to_dict()["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["clean", "fooled"]
    assert len(set(scale["range"])) == 2


def test_marked_classes_are_among_the_pairs_and_the_height_stays():
    names = tuple(map(str, range(50)))
    clean, fooled = prediction(names, 1, peak=7), prediction(names, 2, peak=31)
    rest = [i for i in range(50) if i not in {*clean.top(9), *fooled.top(9)}]
    marked = charts.before_after(clean, fooled, true=rest[0], target=rest[1])
    assert [row["index"] for row in rows(marked)[-4::2]] == rest[:2]
    plain = charts.before_after(clean, fooled)
    assert marked.to_dict()["height"] == plain.to_dict()["height"]


def test_predictions_of_other_classes_cannot_be_paired():
    with pytest.raises(ValueError, match="same classes"):
        charts.before_after(prediction(), prediction(tuple("abcdefghij")))


# ----------------------------------------------------------------------- trace
def test_a_trace_holds_every_step_and_leaves_gaps():
    chart = charts.trace({"loss": [2.0, np.nan, 0.5], "margin": [1.0, np.inf]})
    assert rows(chart) == [
        {"series": "loss", "step": 0, "value": 2.0},
        {"series": "loss", "step": 1, "value": None},
        {"series": "loss", "step": 2, "value": 0.5},
        {"series": "margin", "step": 0, "value": 1.0},
        {"series": "margin", "step": 1, "value": None},
    ]
    json.dumps(chart.to_dict(), allow_nan=False)


def test_a_logarithmic_trace_has_no_place_for_zero():
    chart = charts.trace({"loss": [1.0, 0.0, 0.1]}, log=True)
    assert [row["value"] for row in rows(chart)] == [1.0, None, 0.1]
    assert chart.to_dict()["encoding"]["y"]["scale"]["type"] == "log"
    with pytest.raises(ValueError):
        charts.trace({})


# --------------------------------------------------------------------- wording
@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (1, "100 %"), (1e-9, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.1234, "12.3 %")],
)
def test_a_probability_is_never_rounded_to_certainty(value, text):
    assert wording.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.125, "−0.125"), (1234567.0, "1.23 × 10⁶"), (-3e-12, "−3 × 10⁻¹²")],
)
def test_raw_numbers_are_written_for_people(value, text):
    assert wording.number(value) == text


def test_names_are_one_line_of_limited_length():
    assert wording.short("tench, Tinca tinca") == "tench, Tinca tinca"
    assert wording.short("two\nlines\u202e \x00here") == "two lines here"
    assert len(wording.short("x" * 500)) == 26
    assert wording.short("x" * 500).endswith("…")


def test_importing_the_package_loads_no_plotting_library():
    import subprocess
    import sys

    code = (
        "import sys; from xai.figures import charts, colours, confusion, depth, heatmaps, legends, "
        "map_svg, pictures, ranking, sheets, sprites, summary; "
        "sys.exit(bool({'altair', 'PIL', 'torch', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
