"""Many at once on the page: its numbers, its tiles, its stop, and what a click does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from xai import models, visualization
from xai.figures.wording import hundredths, number
from xai.visualization.aims import aim
from xai.visualization.scoring import measure
from xai.visualization.studies.diversity import several
from xai.visualization.studies.grid import grid
from xai.visualization.studies.witness import witnesses

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Told = Callable[[AppTest], list[dict[str, Any]]]

STEPS = 6
LINK = {
    "data": "mnist",
    "model": "lenet5-mnist",
    "ask.grown": "many",
    "grow.steps": str(STEPS),
}


def params(at: AppTest) -> visualization.VisualizationParams:
    (run,) = at.session_state["_grown"].values()
    assert run.params.steps == STEPS
    found: visualization.VisualizationParams = run.params
    return found


def cells(told: Told, at: AppTest) -> list[list[dict[str, str]]]:
    """Return what stands under the tiles of each mosaic."""
    return [one["cells"] for one in told(at) if "cells" in one]


def test_all_digits_with_the_numbers_of_a_script(
    visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit("class_visualization", LINK)
    calm(at)
    model = at.session_state["_bench"].model
    aims = [aim(model, "class", None, place) for place in range(10)]
    found = grid(model, aims, params(at), 0)
    (other,) = witnesses([models.load("vgg16-mnist")], found.images)
    right = sum(one.label == place for place, one in enumerate(other.said))
    words = said(at)
    assert f"**{sum(map(bool, found.read))} of 10** images are read as the class" in words
    assert f"which had no part in it: **{right} of 10**" in words
    (tiles,) = cells(told, at)
    assert [one["name"] for one in tiles] == [str(place) for place in range(10)]
    for one, tile, hit in zip(tiles, found.tiles, found.read, strict=True):
        assert tile is not None
        assert one["line"] == f"score {number(tile.score)}"
        assert one["verdict"] == f"{'✓' if hit else '✗'} read as {tile.prediction.name}"
        assert one["tone"] == ("good" if hit else "bad")
    labels = [one.proto.label for one in at.get("download_button")]
    assert "All tiles (.png)" in labels


def test_the_strongest_channels_of_a_layer(
    visit: Visit, calm: Check, said: Words, told: Told
) -> None:
    at = visit(
        "class_visualization",
        LINK | {"grid.what": "channels", "grid.layer": "relu2", "grid.n": "9"},
    )
    calm(at)
    bench = at.session_state["_bench"]
    maps = cached.feature_maps(bench.model_name, bench.digest, "relu2", bench.input)
    chosen = np.argsort(-maps.mean((1, 2)), kind="stable")[:9].tolist()
    (tiles,) = cells(told, at)
    assert [one["name"] for one in tiles] == [f"Channel {place}" for place in chosen]
    aims = [aim(bench.model, "channel", "relu2", place) for place in chosen]
    found = grid(bench.model, aims, params(at), 0)
    before = np.array([measure(bench.model, one, bench.input)[0] for one in aims])
    higher = int((found.scores > before).sum())
    assert f"**{higher} of 9** images excite their channel more" in said(at)
    assert number(float(np.median(before))) in said(at)
    assert "relu2, before its ReLU" in said(at)


def test_neurons_can_be_grown_as_well(visit: Visit, calm: Check, told: Told) -> None:
    link = {"grid.what": "channels", "grid.layer": "fc2", "grid.by": "score", "grid.n": "16"}
    at = visit("class_visualization", LINK | link)
    calm(at)
    (tiles,) = cells(told, at)
    assert len(tiles) == 16


def test_different_images_for_one_wish(visit: Visit, calm: Check, said: Words, told: Told) -> None:
    at = visit(
        "class_visualization",
        LINK | {"grid.what": "diverse", "grid.push": "1.5", "wish": "class", "wish.class": "3"},
    )
    calm(at)
    model = at.session_state["_bench"].model
    found = several(model, aim(model, "class", None, 3), params(at), range(4), 1.5)
    assert found.likeness_alone is not None
    assert found.likeness_apart is not None
    words = said(at)
    assert f"are **{hundredths(found.likeness_alone)}** alike on average" in words
    assert f"apart, **{hundredths(found.likeness_apart)}**" in words
    rows = cells(told, at)
    assert [[one["name"] for one in row] for row in rows] == [[f"Seed {k}" for k in range(4)]] * 2


@pytest.mark.parametrize("link", [{"grid.push": "0.0"}])
def test_without_a_push_there_is_one_row(
    visit: Visit, calm: Check, told: Told, link: dict[str, str]
) -> None:
    at = visit("class_visualization", LINK | {"grid.what": "diverse"} | link)
    calm(at)
    assert len(cells(told, at)) == 1


def test_a_click_makes_a_tile_the_wish(visit: Visit, settle: Run, calm: Check, told: Told) -> None:
    at = visit("class_visualization", LINK)
    at.session_state["grid.tiles"] = {"pick": 7}
    settle(at.run())
    calm(at)
    assert at.session_state["wish.class"] == "7"
    (shown,) = [one for one in told(at) if "cells" in one]
    assert shown["selected"] == 7


def test_a_click_on_a_channel_makes_it_the_wish(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit(
        "class_visualization",
        LINK | {"grid.what": "channels", "grid.layer": "conv2", "wish": "class"},
    )
    at.session_state["grid.tiles"] = {"pick": 2}
    settle(at.run())
    calm(at)
    bench = at.session_state["_bench"]
    maps = cached.feature_maps(bench.model_name, bench.digest, "conv2", bench.input)
    wanted = int(np.argsort(-maps.mean((1, 2)), kind="stable")[2])
    assert at.session_state["wish"] == "channel"
    assert at.session_state["layer"] == "conv2"
    assert at.session_state["channel"] == wanted


@pytest.mark.parametrize("sent", [{"pick": 10}, {"pick": -1}, {"pick": "7"}, {"pick": True}])
def test_what_a_browser_makes_up_is_no_click(
    visit: Visit, calm: Check, sent: dict[str, object]
) -> None:
    at = visit("class_visualization", LINK)
    before = at.session_state["wish.class"]
    at.session_state["grid.tiles"] = sent
    at.run()
    calm(at)
    assert at.session_state["wish.class"] == before


def test_stopped_it_keeps_what_there_is_and_goes_on(
    visit: Visit, settle: Run, calm: Check, said: Words, told: Told
) -> None:
    """The image above has grown; the ten are so long at work that a stop finds them there."""
    at = visit("class_visualization", LINK | {"ask.grown": "none", "grow.steps": "900"})
    at.session_state["ask.grown"] = "many"
    at.run()
    deadline = time.monotonic() + 60
    while not cells(told, at):
        assert time.monotonic() < deadline
        at.run()
    assert at.get("progress"), "the ten are at work"
    next(item for item in at.button if item.label == "Stop").click().run()
    at.run()
    calm(at)
    assert "of 10 images have all steps" in said(at)
    (tiles,) = cells(told, at)
    assert all(one["line"].startswith("score") for one in tiles)
    next(item for item in at.button if item.label == "Go on").click().run()
    settle(at)
    calm(at)
    assert "images are read as the class" in said(at)
