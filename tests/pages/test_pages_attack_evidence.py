"""Evidence before and after an attack: the right maps, on one scale, compared in numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.evidence import maps
from xai import attacks, attribution
from xai.attacks import AttackResult, Goal
from xai.attribution.checks.likeness import displaced, spearman
from xai.figures import heatmaps
from xai.figures.plates import SHARE
from xai.figures.wording import hundredths, percent

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

METHODS = ("grad_cam", "lrp")
#: Steps of 1/255 by which FGSM may move each pixel: LeNet-5 takes this eight for a two.
STRENGTH = 40
ASKED = {
    **{"data": "mnist", "model": "lenet5-mnist", "image": "mnist-test-08539", "ask": "evidence"},
    **{"attack": "fgsm", "eps": str(STRENGTH), "evidence.methods": ",".join(METHODS)},
}


def fooled(at: AppTest, strength: int = STRENGTH) -> AttackResult:
    """Make the attack of the page once more."""
    bench = at.session_state["_bench"]
    goal = Goal.untargeted(bench.true)
    return attacks.run(bench.model, bench.input, "fgsm", goal=goal, params={"eps": strength / 255})


def drawn(at: AppTest) -> dict[str, tuple[dict[str, Any], np.ndarray]]:
    """Return how each map of the question is looked at, and its values, by its key."""
    views, parts = {}, {}
    for element in at.get("bidi_component"):
        key, content = element.proto.id.split("-", 2)[2], bytes(element.proto.bytes)
        if content:
            parts[content[:24].decode()] = content[24:]
        elif key.startswith("evidence."):
            views[key] = json.loads(element.proto.json)
    found = {}
    for key, view in views.items():
        body = parts[view["values"]]
        start, count = 8 + int(body[:8]), int(np.prod(view["shape"]))
        values = np.frombuffer(body, "<f4", count, start).reshape(view["shape"])
        found[key] = (view, values)
    return found


def made(at: AppTest, method: str, images: list[np.ndarray], targets: tuple[int, int]):
    """Return a method's maps, a list for each class."""
    model = at.session_state["_bench"].model
    return [
        [
            heatmaps.collapse(attribution.run(model, image, method, target=target).relevance)
            for image in images
        ]
        for target in targets
    ]


def test_each_method_has_its_maps_of_both_images_on_one_scale(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", ASKED)
    calm(at)
    result, image = fooled(at), at.session_state["_bench"].input
    assert result.success
    found, words = drawn(at), said(at)
    assert len(found) == 4 * len(METHODS)
    for method in METHODS:
        rows = made(at, method, [image, result.image], (result.before.label, result.after.label))
        scale = heatmaps.common_scale([one for row in rows for one in row], percentile=SHARE)
        for place, row in enumerate(rows):
            for subject, values in zip(("clean", "attacked"), row, strict=True):
                view, shown = found[f"evidence.{method}.{place}.{subject}"]
                np.testing.assert_allclose(shown, values, rtol=1e-4, atol=1e-7)
                assert view["scale"] == pytest.approx(scale, rel=1e-4)
                assert subject in view["alt"]
            assert f"rank correlation {hundredths(spearman(*row))}" in words
            assert f"{percent(displaced(*row))} of its mass moved" in words
    assert f"the old class, **{result.before.name}**" in words
    assert f"the new one, **{result.after.name}**" in words


def test_an_attack_that_changes_nothing_changes_no_evidence(visit: Visit, said: Words) -> None:
    at = visit("adversarial", ASKED | {"eps": "0", "evidence.methods": "grad_cam"})
    runner_up = at.session_state["_bench"].prediction.top(2)[1]
    words = said(at)
    assert f"runner-up after the attack, **{runner_up}**" in words
    assert words.count("**nearly the same map**, rank correlation 1.00; 0 % of its mass") == 2


def test_noise_of_the_same_size_stands_beside_on_demand(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", ASKED | {"evidence.methods": "grad_cam", "evidence.noise": "True"})
    calm(at)
    result, bench = fooled(at), at.session_state["_bench"]
    noise = attacks.random_noise(bench.model, bench.input, goal=result.goal, eps=result.linf)
    found, words = drawn(at), said(at)
    assert len(found) == 6
    targets = (result.before.label, result.after.label)
    for place, row in enumerate(made(at, "grad_cam", [bench.input, noise.image], targets)):
        _, shown = found[f"evidence.grad_cam.{place}.noise"]
        np.testing.assert_allclose(shown, row[1], rtol=1e-4, atol=1e-7)
        assert f"Under noise: {hundredths(spearman(*row))}; {percent(displaced(*row))}" in words


def test_what_is_chosen_is_in_the_link_and_bounded(visit: Visit, said: Words) -> None:
    many = ("gradient", "input_x_gradient", "guided_backprop", "deconvnet", "grad_cam")
    at = visit("adversarial", ASKED | {"evidence.methods": ",".join(many)})
    assert {key.split(".")[1] for key in drawn(at)} == set(many[:4])
    assert "The first 4 are shown" in said(at)
    assert at.query_params["evidence.methods"] == ",".join(many)
    at.toggle(key="evidence.noise").set_value(True).run()
    assert at.query_params["evidence.noise"] == "True"


def test_without_a_method_there_is_a_word(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("adversarial", ASKED | {"evidence.methods": ""})
    calm(at)
    assert "Choose at least one method" in said(at)
    assert not drawn(at)


def test_a_small_image_has_its_gradient_by_default(visit: Visit) -> None:
    at = visit("adversarial", {key: ASKED[key] for key in ASKED if key != "evidence.methods"})
    assert {key.split(".")[1] for key in drawn(at)} == {"gradient", "grad_cam", "lrp"}


def test_a_map_of_another_image_has_a_key_of_its_own(visit: Visit) -> None:
    bench = visit("adversarial", ASKED | {"ask": "none"}).session_state["_bench"]
    own = maps.task(bench, "lrp", target=3)
    assert maps.task(bench, "lrp", target=3, image=bench.input.copy()).key == own.key
    assert maps.task(bench, "lrp", target=3, image=1 - bench.input).key != own.key
    assert re.fullmatch("[0-9a-f]{64}", own.key.digest)
