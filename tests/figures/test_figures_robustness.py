"""Charts of robust accuracy: the numbers are those of the answers, names stay data."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from xai.attacks import ATTACKS
from xai.attacks.parameters import FgsmParams, NoiseParams, PgdParams
from xai.attacks.strengths import spoken
from xai.attacks.studies.robust_accuracy import Robustness
from xai.figures.attack_lines import line_looks, method_label
from xai.figures.colours import CLASS_COLOURS, NEUTRAL, luminance, rgb
from xai.figures.robustness_chart import MOST_CLASSES, accuracy_curves, class_table

HOSTILE = ("<b>bold</b>", "datum.count", "'; alert(1); //", "", "crane", "crane", "a" * 300)
SIZES = np.array([8, 16, 32]) / 255


def answers(
    k: int = 5,
    n: int = 60,
    done: int | None = None,
    classes: tuple[str, ...] | None = None,
    sizes: np.ndarray = SIZES,
    norm: str = "linf",
) -> Robustness:
    """Make up answers: noise hardly hurts, FGSM hurts, PGD hurts most."""
    rng = np.random.default_rng(2)
    labels = np.arange(n) % k
    clean = np.where(rng.random(n) < 0.9, labels, (labels + 1) % k)
    predicted = np.stack(
        [
            [
                np.where(rng.random(n) < 1 - harm * turn / len(sizes), clean, (labels + 2) % k)
                for turn in range(1, len(sizes) + 1)
            ]
            for harm in (0.6, 1.0, 0.05)
        ]
    )
    return Robustness(
        model="m",
        data="d",
        classes=classes or tuple(f"class {index}" for index in range(k)),
        methods=("fgsm", "pgd", "noise"),
        settings=(FgsmParams(), PgdParams(), NoiseParams()),
        norm=norm,
        strengths=sizes,
        places=np.arange(n),
        labels=labels,
        clean=clean,
        predicted=predicted,
        done=n if done is None else done,
        skipped=0,
        seed=0,
    )


def data(chart) -> list[dict]:
    return max(chart.to_dict()["datasets"].values(), key=len)


# ----------------------------------------------------------------------------- the curves
def test_curves_begin_at_the_clean_accuracy_and_go_through_the_shares():
    found = answers(done=50)
    rows = data(accuracy_curves(found))
    assert len(rows) == 3 * (1 + len(SIZES))
    for method in found.methods:
        own = [row for row in rows if row["method"] == method_label(method)]
        assert [row["strength"] for row in own] == [0, 8, 16, 32]
        assert own[0]["accuracy"] == pytest.approx(found.clean_hits / 50)
        assert [row["accuracy"] for row in own[1:]] == pytest.approx(list(found.accuracy(method)))
        bounds = [(row["low"], row["high"]) for row in own[1:]]
        assert np.allclose(bounds, found.interval(method))
        assert all(row["low"] <= row["accuracy"] <= row["high"] for row in own)
        hits = found.hits(method)
        assert [row["said"].split("(")[1] for row in own[1:]] == [f"{hit} of 50)" for hit in hits]


def test_a_strength_of_zero_is_not_drawn_twice():
    rows = data(accuracy_curves(answers(sizes=np.array([0, 8, 16]) / 255)))
    own = [row["strength"] for row in rows if row["method"] == method_label("pgd")]
    assert own == [0, 8, 16]


def test_lengths_have_their_own_unit():
    found = answers(sizes=np.array([0.5, 1.0, 2.0]), norm="l2")
    chart = accuracy_curves(found)
    assert {row["strength"] for row in data(chart)} == {0, 0.5, 1, 2}
    text = json.dumps(chart.to_dict())
    assert "length of the change" in text
    assert "1/255" not in text
    assert spoken(0.5, "l2") == "length 0.5"
    assert spoken(8 / 255, "linf") == "8/255"


@pytest.mark.parametrize(("present", "drawn"), [(16 / 255, [16]), (64 / 255, []), (None, None)])
def test_the_present_strength_is_marked_where_the_axis_reaches(present, drawn):
    spec = accuracy_curves(answers(), present=present).to_dict()
    rules = [layer for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    if drawn is None:
        assert not rules
        return
    values = spec["datasets"][rules[0]["data"]["name"]]
    assert [round(value["strength"], 6) for value in values] == drawn


def test_an_attack_has_one_colour_on_every_chart_and_noise_is_grey_and_dashed():
    every = (*ATTACKS, "noise")
    colour, dash = line_looks(every)
    scale = colour.to_dict()["scale"]
    both = dict(zip(scale["domain"], scale["range"], strict=True))
    assert len(set(both.values())) == len(every)
    assert both[method_label("noise")] == NEUTRAL
    some, _ = line_looks(("pgd", "noise"))
    assert some.to_dict()["scale"]["range"] == [both[method_label("pgd")], NEUTRAL]
    dashes = dash.to_dict()["scale"]["range"]
    assert dashes[-1] != dashes[0]
    assert all(one == dashes[0] for one in dashes[:-1])
    assert set(both.values()) & set(CLASS_COLOURS)
    with pytest.raises(ValueError, match="method: expected one of"):
        method_label("none")


# ------------------------------------------------------------------------------ the table
def test_cells_hold_the_share_of_their_class_and_strength():
    found = answers()
    cells = data(class_table(found, "pgd"))
    assert len(cells) == 5 * (1 + len(SIZES))
    for index, label in enumerate(found.present):
        own = [cell for cell in cells if cell["class"] == found.classes[label]]
        assert [cell["column"] for cell in own] == ["0", "8", "16", "32"]
        mine = found.labels == label
        expected = [(found.clean[mine] == label).mean(), *found.by_class("pgd")[index]]
        assert [int(cell["written"]) for cell in own] == [round(100 * one) for one in expected]
        assert own[0]["row"].endswith(f"· {mine.sum()}")


def test_numbers_stand_out_from_their_cells_and_more_is_lighter():
    cells = {int(cell["written"]): cell for cell in data(class_table(answers(k=3, n=200), "pgd"))}
    light = {share: float(luminance(np.array(rgb(cell["fill"])))) for share, cell in cells.items()}
    shares = sorted(light)
    assert all(light[one] <= light[other] for one, other in itertools.pairwise(shares))
    for share, cell in cells.items():
        ink = float(luminance(np.array(rgb(cell["ink"]))))
        dark, bright = sorted((ink, light[share]))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_of_many_classes_those_that_lose_most_are_shown():
    found = answers(k=60, n=240)
    shown = {cell["class"] for cell in data(class_table(found, "fgsm"))}
    assert len(shown) == MOST_CLASSES
    lost = (found.clean_by_class[:, None] - found.by_class("fgsm")).mean(1)
    own = [found.classes[label] in shown for label in found.present]
    assert lost[own].min() >= lost[np.logical_not(own)].max() - 1e-9


def test_a_class_that_is_only_answered_has_no_row():
    found = answers(k=5, n=3)  # of classes 3 and 4 there is no image
    assert set(found.present) > {0, 1, 2}
    assert {cell["class"] for cell in data(class_table(found, "pgd"))} == set(found.classes[:3])


# -------------------------------------------------------------------------------- names
def test_names_are_data_and_no_text_has_a_colour_of_its_own():
    found = answers(k=len(HOSTILE), n=70, classes=HOSTILE)
    table = class_table(found, "pgd")
    assert len({cell["row"] for cell in data(table)}) == len(HOSTILE)
    assert {cell["class"] for cell in data(table)} == set(HOSTILE)
    for spec in (table.to_dict(), accuracy_curves(found, present=0.05).to_dict()):
        spec.pop("datasets")
        for layer in spec["layer"]:
            for axis in ("x", "y"):
                layer["encoding"].get(axis, {}).pop("sort", None)  # a list of values
        text = json.dumps(spec)
        assert not any(name in text for name in HOSTILE if name)
        assert "labelColor" not in text
        assert "titleColor" not in text


@pytest.mark.parametrize(
    "draw", [accuracy_curves, lambda found: class_table(found, "pgd")], ids=("curves", "table")
)
def test_nothing_done_is_nothing_to_draw(draw):
    with pytest.raises(ValueError, match="at least one image"):
        draw(answers(done=0))


def test_a_method_that_was_not_run_is_refused():
    with pytest.raises(ValueError, match="fgsm, pgd, noise"):
        class_table(answers(), "bim")
