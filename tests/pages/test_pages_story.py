"""The whole story of a channel: the numbers shown are those that a script would find."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.growing.answers.minds import verdict
from xai import activations
from xai.activations import Kinship
from xai.figures.wording import hundredths, number

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
STORY = DIGITS | {"ask.grown": "story", "grow.steps": "10"}


def grown_image(at: AppTest) -> np.ndarray:
    (run,) = at.session_state["_grown"].values()
    image: np.ndarray = run.result.image
    return image


def test_a_channel_is_told_with_the_numbers_of_a_script(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("class_visualization", STORY | {"wish": "channel", "layer": "relu2", "channel": "2"})
    calm(at)
    bench = at.session_state["_bench"]
    model, data, image = bench.model, bench.sample(1000), grown_image(at)
    best = activations.strongest(model, data, "relu2", k=10)
    mine = activations.capture(model, image, ["relu2"])["relu2"][0, 2]
    words = said(at)
    assert (
        f"Largest **{number(float(mine.max()))}** · mean **{number(float(mine.mean()))}**" in words
    )
    assert f"Largest **{number(float(best.value[2, 0]))}**" in words
    assert number(float(mine.max() / best.value[2, 0])) in words
    found = activations.kinship(model, image, data, best.index[2].tolist(), "relu2", channel=2)
    assert f"Likeness (cosine): **{hundredths(found.image)}** of it to them" in words
    assert verdict(found, 10).replace("\u00a0", " ") in words
    named = [data.classes[int(data.labels[place])] for place in best.index[2]]
    common = max(set(named), key=named.count)
    assert f"**{named.count(common)}** “" in words


def test_a_class_is_told_by_its_logit(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("class_visualization", STORY | {"wish": "class", "wish.class": "3"})
    calm(at)
    model, image = at.session_state["_bench"].model, grown_image(at)
    logit = float(model.predict(image).logits[3])
    assert f"Value **{number(logit)}**" in said(at)
    assert "as far as relu4 can tell" in said(at)


def test_a_silent_neuron_is_not_compared(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("class_visualization", STORY | {"wish": "channel", "layer": "relu3"})
    bench = at.session_state["_bench"]
    best = activations.strongest(bench.model, bench.sample(1000), "relu3", k=1).value[:, 0]
    silent = int(np.flatnonzero(best == 0)[0])
    link = {"wish": "channel", "layer": "relu3", "channel": str(silent)}
    at = visit("class_visualization", STORY | link)
    calm(at)
    assert "**It is silent** for all 1,000" in said(at)
    assert "as far as relu3 can tell" not in said(at)


def test_a_layer_has_no_story(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("class_visualization", STORY | {"wish": "layer", "layer": "relu2"})
    calm(at)
    assert "choose such a wish above" in said(at)


def test_the_feature_maps_lead_to_the_story(visit: Visit, calm: Check) -> None:
    at = visit("feature_maps", DIGITS | {"maps": "channel", "layer": "relu2", "channel": "4"})
    calm(at)
    (link,) = [one.proto for one in at.get("page_link") if "most like to see" in one.proto.label]
    assert link.page == "class_visualization"
    assert set(link.query_string.split("&")) == {
        "layer=relu2",
        "channel=4",
        "wish=channel",
        "ask.grown=story",
    }


def kinship(image: float, strongest: float, others: list[float]) -> Kinship:
    tens = np.array([strongest - 0.1, strongest + 0.1])
    return Kinship("toy", "conv", 0, image, tens, np.array(others, float))


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (kinship(0.55, 0.55, [0.0, 0.1, 0.2, 0.3]), "Of one mind"),
        (kinship(0.46, 0.55, [0.0, 0.1, 0.2, 0.3]), "Related"),
        (kinship(0.4, 0.8, [0.0, 0.1, 0.2, 0.3]), "Related"),
        (kinship(0.05, 0.8, [0.0, 0.1, 0.2, 0.3]), "Hardly related"),
        (kinship(0.08, 0.8, [0.0, 0.01, 0.02, 0.03]), "Hardly related"),
        (kinship(0.9, 0.0, [0.0, 0.1, 0.2, 0.3]), "little in common"),
        (kinship(0.0, -0.02, [-0.3, -0.2, -0.2, -0.1]), "little in common"),
        (kinship(0.1, 0.8, []), "less alike"),
        (kinship(float("nan"), 0.8, [0.1]), "nothing else"),
    ],
)
def test_the_verdict_claims_no_more_than_the_numbers(found: Kinship, word: str) -> None:
    assert word in verdict(found, 2)
