"""The reality check of a grown image: the numbers shown are those computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from streamlit.testing.v1 import AppTest

from pages._ui import cached, panels
from xai import visualization
from xai.figures.wording import number
from xai.visualization.aims import aim
from xai.visualization.studies.best import best

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {
    "data": "mnist",
    "model": "lenet5-mnist",
    "grow.steps": "20",
    "ask.grown": "reality",
}


def test_a_digit_is_held_against_real_ones_changed_and_shown_to_the_other_network(
    visit: Visit, calm: Check, said: Words
):
    at = visit("class_visualization", DIGITS)
    calm(at)
    model = cached.model("lenet5-mnist")
    bench = at.session_state["_bench"]
    found = visualization.run(model, "class", index=bench.target, params={"steps": 20})
    real = best(model, aim(model, "class", None, bench.target), bench.sample(1000))
    text = said(at)
    assert f"scores **{number(found.score)}**" in text
    assert f"the best real one **{number(float(real.score[0]))}** (of 100 of this class" in text
    assert "An adversarial pattern" in text
    other = cached.model("vgg16-mnist")
    seen = other.predict(other.prepare(np.rint(255 * found.image[0]).astype(np.uint8)))
    verb = "takes" if seen.label == bench.target else "does not take"
    assert f"{panels.plain(other.spec.label)} **{verb}** it for **{bench.target}**" in text


def test_a_channel_is_measured_and_nobody_has_to_agree(visit: Visit, calm: Check, said: Words):
    at = visit("class_visualization", DIGITS | {"wish": "channel", "reality.of": "score"})
    calm(at)
    text = said(at)
    assert "A channel has no counterpart in another network." in text
    assert "of all 1,000 images" in text
    assert "adversarial pattern" not in text
    assert "**agrees**" not in text
