"""Pictures of knobs, and the bars that compare runs."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from xai.figures.ablation_chart import ablation_bars
from xai.figures.knob_pictures import HEIGHT, WIDTH, drawn, knob_picture
from xai.visualization import REGULARIZERS


def opened(name: str, value: float, side: int = 28) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(knob_picture(name, value, side))))


def sign(page: np.ndarray) -> np.ndarray:
    """Return where something is drawn between two panels."""
    return page[:, 84:96, 3] > 0


@pytest.mark.parametrize("name", REGULARIZERS)
def test_a_knob_that_does_nothing_has_a_sign_of_equality(name):
    page = opened(name, 1 if name == "octaves" else 0)
    assert page.shape == (2 * HEIGHT, 2 * WIDTH, 4)
    bars = np.flatnonzero(sign(page).any(1))
    assert len(bars) == 4
    assert bars[2] - bars[1] > 1
    assert np.array_equal(page[:, :84], page[:, 96:])


@pytest.mark.parametrize(
    ("name", "value"),
    [("weight_decay", 0.02), ("blur_sigma", 0.8), ("jitter", 2), ("rotation", 8.0),
     ("scale", 0.1), ("total_variation", 1.0), ("gradient_clip", 3.0), ("octaves", 2)],
)  # fmt: skip
def test_a_knob_that_does_something_points_from_before_to_after(name, value):
    page = opened(name, value)
    widths = sign(page).sum(1)
    assert widths.max() == widths[HEIGHT - 1] > 4  # widest in the middle: a triangle
    differing = (page[:, :84] != page[:, 96:]).any(2)
    assert differing.mean() > 0.02


def test_three_stages_stand_in_a_row():
    page = opened("octaves", 3)
    columns = (page[HEIGHT, :, 3] > 0).astype(int)
    assert (np.diff(columns) == 1).sum() + columns[0] >= 3
    assert not page[:10].any()  # smaller squares, in the middle


def test_what_was_cut_off_is_faint():
    page = drawn([np.array([1.0, 4.0]), np.array([1.0, 2.0])])
    after = page[3:87, 96:, 3]
    assert after[10, 60] not in (0, 255)
    assert (after[60, 60], after[10, 20]) == (255, 0)


def test_too_few_panels_are_refused():
    with pytest.raises(ValueError, match="two or three"):
        drawn([np.zeros((1, 4, 4))])


# ------------------------------------------------------------------------------ the bars
def run(score: float, fine: float) -> SimpleNamespace:
    return SimpleNamespace(score=score, roughness=SimpleNamespace(fine=fine))


def rows(chart: object) -> list[dict[str, object]]:
    written = chart.to_dict()  # type: ignore[attr-defined]
    return written["datasets"][written["layer"][0]["data"]["name"]]


def test_bars_have_the_numbers_of_the_runs():
    found = [run(12.5, 0.1), run(-3.0, 0.8)]
    scores, grain = (rows(ablation_bars(found, ["all", "none"], of)) for of in ("score", "fine"))
    assert [row["probability"] for row in scores] == [12.5, -3.0]
    assert [row["text"] for row in scores] == ["12.5", "−3"]
    assert [row["text"] for row in grain] == ["10.0 %", "80.0 %"]
    assert [row["first"] for row in grain] == [True, False]


def test_runs_of_one_name_keep_rows_of_their_own():
    found = rows(ablation_bars([run(1, 0), run(2, 0)], ["run", "run"], "score"))
    assert len({row["label"] for row in found}) == 2


def test_the_axis_holds_scores_below_zero():
    chart = ablation_bars([run(-8.0, 0), run(-2.0, 0)], ["a", "b"], "score").to_dict()
    low, high = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low == -8.0
    assert high > 0


def test_bars_without_a_name_are_refused():
    with pytest.raises(ValueError, match="one a run"):
        ablation_bars([run(1, 0)], [], "score")
    with pytest.raises(ValueError, match="score or fine"):
        ablation_bars([run(1, 0)], ["a"], "grain")
