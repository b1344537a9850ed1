"""The chart of a blind test holds the tally's numbers, and the line of chance."""

from __future__ import annotations

import json

import pytest

from xai.attacks.studies.guessing import Guess, tally
from xai.figures.colours import NEUTRAL
from xai.figures.guess_chart import CHANCE, CURVES, guess_chart

VOTES = (Guess(2, None, True), Guess(2, False, True), Guess(16, True, True), Guess(16, True, False))


def rows(chart, mark: str) -> list[dict]:
    """Return the rows of the last layer with such marks."""
    spec = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    layer = next(one for one in spec["layer"][::-1] if one["mark"]["type"] == mark)
    return spec["datasets"][(layer.get("data") or spec["data"])["name"]]


def test_both_curves_hold_the_shares_and_their_intervals():
    found = tally(VOTES)
    drawn = rows(guess_chart(found), "point")
    for name, shares, bounds in zip(
        CURVES, (found.right, found.fooled), (found.right_bounds, found.fooled_bounds), strict=True
    ):
        mine = [row for row in drawn if row["curve"] == name]
        assert [row["strength"] for row in mine] == ["2/255", "16/255"]
        assert [row["value"] for row in mine] == shares.tolist()
        assert [[row["low"], row["high"]] for row in mine] == bounds.tolist()
        assert [row["votes"] for row in mine] == ["2", "2"]


def test_the_curves_do_not_hide_each_other():
    drawn = rows(guess_chart(tally([Guess(4, True, True)])), "point")
    assert len({row["across"] for row in drawn}) == 2
    assert all(abs(row["across"] / 4 - 1) < 0.05 for row in drawn)


def test_a_strength_without_votes_has_no_point():
    drawn = rows(guess_chart(tally(VOTES, (1, 2, 16, 64))), "point")
    assert {row["strength"] for row in drawn} == {"2/255", "16/255"}


def test_chance_is_a_grey_rule_at_one_half():
    spec = guess_chart(tally(VOTES)).to_dict()
    rule = spec["layer"][0]
    assert rule["mark"]["type"] == "rule"
    assert spec["datasets"][rule["data"]["name"]] == [{"curve": CHANCE, "value": 0.5}]
    scale = rule["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True))[CHANCE] == NEUTRAL


def test_the_axis_goes_from_nothing_to_all_and_names_the_strengths():
    encoding = guess_chart(tally(VOTES)).to_dict()["layer"][-1]["encoding"]
    assert encoding["y"]["scale"]["domain"] == [0, 1]
    assert encoding["x"]["axis"]["values"] == [2, 16]


def test_without_a_vote_there_is_no_chart():
    with pytest.raises(ValueError, match="at least one vote"):
        guess_chart(tally(()))
