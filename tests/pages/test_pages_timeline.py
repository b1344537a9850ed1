"""The time line of a grown image: its frames, the words of changes, its files."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages._ui.growing import timeline
from xai import images, models, visualization
from xai.visualization import Visualization, VisualizationParams

PARAMS = VisualizationParams(steps=12, jitter=2)


@pytest.fixture(scope="module")
def grown() -> Visualization:
    """Grow a three in twelve steps, with another blur after eight."""
    lenet = models.load("lenet5-mnist")
    first = visualization.run(lenet, "class", index=3, params=replace(PARAMS, steps=8))
    after = replace(PARAMS, blur_sigma=0.5, jitter=0)
    return visualization.run(lenet, "class", index=3, params=after, resume=first)


def test_the_film_ends_with_what_came_of_it(grown: Visualization) -> None:
    seen = timeline.film(grown)
    assert seen.steps == tuple(range(13))
    np.testing.assert_array_equal(seen.frames[-1], images.to_uint8(grown.image))
    np.testing.assert_array_equal(seen.frames[3], grown.frames[3].image)
    assert seen.scores == (*(one.score for one in grown.frames), grown.score)


def test_the_film_of_a_run_that_went_wrong_does_not_leap_back(grown: Visualization) -> None:
    seen = timeline.film(replace(grown, diverged=True))
    assert seen.steps == tuple(one.step for one in grown.frames)


def test_changes_are_told_in_words_and_more_steps_are_none(grown: Visualization) -> None:
    found = timeline.changed(grown.state.changes)
    assert found == ((8, "blur sigma 0 → 0.5, jitter 2 → 0"),)
    more = ((0, PARAMS), (12, replace(PARAMS, steps=40)))
    assert timeline.changed(more) == ()


def test_the_numbers_can_be_read_back_and_name_all_settings(grown: Visualization) -> None:
    packed = BytesIO()
    np.savez(packed, allow_pickle=False, **timeline.arrays(grown))
    packed.seek(0)
    with np.load(packed, allow_pickle=False) as found:
        np.testing.assert_array_equal(found["image"], grown.image)
        assert found["frames"].shape == (13, 28, 28, 1)
        assert found["history"].shape == (12, 4)
        assert found["history"][:, 1].tolist() == [step.score for step in grown.history]
        settings = json.loads(str(found["settings"]))
    assert settings["index"] == 3
    assert VisualizationParams(**settings["params"]) == grown.params
    assert [step for step, _ in settings["changes"]] == [0, 8]


def test_the_gif_holds_every_frame(grown: Visualization) -> None:
    film = Image.open(BytesIO(timeline.gif(timeline.film(grown))))
    assert film.n_frames == 13
    film.seek(12)
    last = np.array(film.convert("L"))[::8, ::8]
    np.testing.assert_array_equal(last, images.to_uint8(grown.image)[..., 0])


def shown() -> None:
    """Draw what the test put aside."""
    from types import SimpleNamespace

    import streamlit as st

    from pages._ui.growing import timeline

    found = st.session_state["found"]
    timeline.show(SimpleNamespace(result=found))
    timeline.course(found.state, total=12, title="score of 3")


def test_it_is_drawn_with_its_three_files_and_both_charts(grown: Visualization) -> None:
    at = AppTest.from_function(shown, default_timeout=30)
    at.session_state["found"] = grown
    for _ in range(2):
        at.run()
        assert not at.exception
    assert len(at.get("download_button")) == 3
    assert len(at.get("vega_lite_chart")) == 2
    said = " ".join(caption.value for caption in at.caption)
    assert "a setting was changed there" in said
