"""What each knob does, on the page: the tiles are the runs that a script would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from xai import visualization
from xai.figures.wording import number, percent
from xai.visualization import REGULARIZERS, VisualizationParams, off, preset, used
from xai.visualization.studies.ablation import roughness

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

KNOBS = {
    "data": "mnist",
    "model": "lenet5-mnist",
    "wish": "class",
    "wish.class": "3",
    "grow.steps": "10",
    "ask.grown": "knobs",
}


def settings(at: AppTest) -> VisualizationParams:
    return replace(preset(at.session_state["_bench"].model), steps=10)


def test_every_tile_is_a_run_of_its_own(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("class_visualization", KNOBS)
    calm(at)
    model, words, params = at.session_state["_bench"].model, said(at), settings(at)
    for one in (params, off(params), visualization.only(params, "blur_sigma")):
        found = visualization.run(model, "class", index=3, params=one)
        assert f"score **{number(found.score)}**" in words
        assert f"grain **{percent(roughness(found.image).fine)}**" in words
    infos = VisualizationParams.infos()
    assert all(infos[name].help in words for name in REGULARIZERS)
    assert "other network" in words


def test_only_what_is_used_can_be_left_out(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("class_visualization", KNOBS | {"ablation.way": "without"})
    calm(at)
    words, infos = said(at), VisualizationParams.infos()
    active = used(settings(at))
    assert 1 < len(active) < len(REGULARIZERS)
    for name in REGULARIZERS:
        assert (infos[name].help in words) is (name in active)


def test_the_file_holds_every_image(visit: Visit, files: dict[str, Any]) -> None:
    at = visit("class_visualization", KNOBS)
    (name,) = [name for name in files if "knobs" in name]
    arrays = np.load(BytesIO(files[name]()))
    assert len(arrays.files) == 3 + len(REGULARIZERS)
    params = settings(at)
    model = at.session_state["_bench"].model
    alone = visualization.run(model, "class", index=3, params=visualization.only(params, "octaves"))
    assert np.array_equal(arrays["octaves alone"], alone.image)
