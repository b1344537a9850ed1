"""Charts of a forgetting network and of agreeing maps hold the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest

from xai.attribution.checks.agreement import Agreement
from xai.attribution.checks.randomisation import MEASURES, Likeness, Randomisation
from xai.figures import agreement_chart, randomisation_chart
from xai.figures.colours import DIVERGING, NEUTRAL, SEQUENTIAL, hexes
from xai.figures.wording import hundredths

HOSTILE = "<img src=x onerror=alert(1)> datum.value"
LAYERS = ((), ("head.fc",), ("body.b.conv", "body.b.norm"), ("body.a.conv", "stem.conv"))


def forgetting(done: int = 3, lowest: float = -0.3) -> Randomisation:
    values = np.array([[1.0, 0.9, 0.8, 0.7], [1.0, 0.5, np.nan, lowest]])
    values[:, done + 1 :] = np.nan
    return Randomisation(
        labels=("Gradient", HOSTILE),
        signed=(True, False),
        order="cascade",
        layers=LAYERS,
        done=done,
        maps=np.zeros((2, 4, 3, 3), np.float32),
        spearman=values - 0.1,
        spearman_abs=values.copy(),
        ssim=values / 2,
        edges=Likeness(np.array([0.1, 0.2]), np.array([0.3, np.nan]), np.array([0.5, 0.6])),
        predictions=(),
        kept=np.zeros(2),
        signs=np.zeros(2),
        verdicts=("", ""),
        remarks=(),
        seed=0,
        model="toy",
        digest="d",
    )


def rows(chart) -> list[dict]:
    sets = chart.to_dict()["datasets"].values()
    return max(sets, key=len)


# ------------------------------------------------------------------------ forgetting
@pytest.mark.parametrize("measure", MEASURES)
def test_each_step_of_each_map_has_its_value(measure):
    found = forgetting()
    drawn = rows(randomisation_chart.lines(found, measure=measure))
    for place, label in enumerate(found.labels):
        own = [row for row in drawn if row["method"] == label and row["kind"] == "explanation"]
        expected = [None if np.isnan(v) else v for v in getattr(found, measure)[place].tolist()]
        assert [row["value"] for row in own] == pytest.approx(expected)
        dashed = {
            row["value"]
            for row in drawn
            if row["method"] == label and row["kind"] == "edge detector"
        }
        level = getattr(found.edges, measure)[place]
        assert dashed == {None if np.isnan(level) else level}


def test_steps_are_called_by_the_block_that_is_theirs_alone():
    drawn = rows(randomisation_chart.lines(forgetting()))
    own = [row for row in drawn if row["method"] == "Gradient" and row["kind"] == "explanation"]
    assert [row["step"] for row in own] == ["trained", "head.fc", "body.b", "body.a.conv"]
    assert [row["reset"] for row in own] == [
        *("nothing", "head.fc", "body.b.conv and body.b.norm", "body.a.conv and stem.conv"),
    ]


def test_an_unfinished_check_keeps_its_places_and_its_axis():
    def axes(done: int) -> list[dict]:
        spec = randomisation_chart.lines(forgetting(done, lowest=-0.02)).to_dict()
        encoding = spec["layer"][0]["encoding"]
        return [encoding["x"]["scale"]["domain"], spec["height"]]

    assert axes(1) == axes(3)


def test_the_axis_reaches_the_lowest_value():
    def domain(chart) -> list[float]:
        return chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]

    assert domain(randomisation_chart.lines(forgetting(lowest=-0.3))) == [-0.5, 1]
    assert domain(randomisation_chart.lines(forgetting(lowest=0.3))) == [0, 1]


def test_the_chosen_step_is_marked_and_others_are_refused():
    plain = randomisation_chart.lines(forgetting()).to_dict()
    spec = randomisation_chart.lines(forgetting(), chosen=2).to_dict()
    assert len(spec["layer"]) == len(plain["layer"]) + 1
    assert [{"step": "body.b"}] in spec["datasets"].values()
    with pytest.raises(ValueError, match="chosen: expected 0 to 3"):
        randomisation_chart.lines(forgetting(), chosen=4)
    with pytest.raises(ValueError, match="spearman_abs, spearman, ssim"):
        randomisation_chart.lines(forgetting(), measure="hog")


def test_lines_without_edges_have_no_dashes():
    with_edges = randomisation_chart.lines(forgetting()).to_dict()
    without = randomisation_chart.lines(forgetting(), edges=False).to_dict()
    assert len(without["layer"]) == len(with_edges["layer"]) - 1


# ------------------------------------------------------------------------- agreement
def agreeing() -> Agreement:
    matrix = np.array([[1.0, -0.5, np.nan], [-0.5, 1.0, np.nan], [np.nan] * 3])
    consensus = np.array([[0.0, 0.5], [1.0, 0.0]], np.float32)
    return Agreement(("LRP", HOSTILE, "LRP"), matrix, np.abs(matrix), consensus, 0.2, 2, "d")


def test_cells_have_the_colour_and_the_number_of_the_pair():
    cells = rows(agreement_chart.matrix(agreeing()))
    by_pair = {(cell["row"], cell["column"]): cell for cell in cells}
    assert len(by_pair) == 9
    same, other = by_pair["LRP", "LRP"], by_pair["LRP", HOSTILE[:33].rstrip() + "…"]
    table = hexes(DIVERGING, 511)
    assert (same["fill"], same["written"], same["ink"]) == (table[510], "1.00", "#ffffff")
    assert (other["fill"], other["written"], other["ink"]) == (table[128], "−0.50", "#000000")
    nothing = by_pair["LRP", "LRP (2)"]
    assert (nothing["fill"], nothing["written"], nothing["value"]) == (NEUTRAL, "–", None)


def test_absolute_values_on_demand():
    cells = rows(agreement_chart.matrix(agreeing(), absolute=True))
    assert sorted(cell["value"] for cell in cells if cell["value"] is not None) == [0.5, 0.5, 1, 1]


def test_consensus_is_seen_where_maps_mark_and_the_image_elsewhere():
    image = np.zeros((3, 2, 2), np.float32)
    image[0] = 1.0
    drawn = agreement_chart.consensus(agreeing(), image, opacity=1.0)
    assert drawn[1, 0].tolist() == SEQUENTIAL[255].tolist()
    # Red without its colour.
    assert drawn[0, 0].tolist() == drawn[1, 1].tolist() == [76, 76, 76]
    with pytest.raises(ValueError, match="shape"):
        agreement_chart.consensus(agreeing(), np.zeros((3, 4, 4), np.float32))


def test_hundredths_never_write_minus_nothing():
    assert [hundredths(value) for value in (-0.004, 0.125, -0.5, 1.0)] == [
        *("0.00", "0.12", "−0.50", "1.00"),
    ]
