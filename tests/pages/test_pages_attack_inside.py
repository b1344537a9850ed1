"""Where an attack takes hold: the page names the layer that the computation names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.workbench import Bench
from xai import activations, attacks, embedding
from xai.attacks import Goal
from xai.embedding.courses import Course, course

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

#: FGSM by so many steps of 1/255: LeNet-5 takes this eight for a two.
STRENGTH = 40
ASKED = {
    **{"data": "mnist", "model": "lenet5-mnist", "image": "mnist-test-08539", "ask": "inside"},
    **{"attack": "fgsm", "eps": str(STRENGTH), "inside.n": "300"},
}
ROWS = ("clean", "noise", "attacked")


def strip(at: AppTest) -> dict[str, Any]:
    """Return what the drawing of the maps is told."""
    elements = at.get("bidi_component")
    found = [element.proto for element in elements if element.proto.id.endswith("inside-strip")]
    return dict(json.loads(found[0].json))


def expected(bench: Bench, count: int) -> Course:
    """Return the course of the page's images, layer by layer and without a job."""
    goal = Goal.untargeted(bench.true)
    result = attacks.run(
        bench.model, bench.input, "fgsm", goal=goal, params={"eps": STRENGTH / 255}
    )
    noise = attacks.random_noise(bench.model, bench.input, goal=goal, eps=result.linf)
    images = bench.sample(count)
    layers = (None, *(layer.name for layer in bench.model.layers))
    given = [embedding.features(bench.model, images, layer) for layer in layers]
    own = images.index(bench.chosen.id) if bench.chosen.id in images else None
    return course(
        bench.model,
        [(features, embedding.run(features, "pca")) for features in given],
        np.stack([bench.input, noise.image, result.image]),
        images.labels,
        images.classes,
        own=own,
    )


@pytest.fixture
def page(visit: Visit) -> AppTest:
    return visit("adversarial", ASKED)


def test_the_page_tells_what_the_layers_tell(page: AppTest, calm: Check, said: Words) -> None:
    calm(page)
    bench = page.session_state["_bench"]
    found = expected(bench, 300)
    leaves = found.derailment(ROWS.index("attacked"), bench.true)
    assert leaves is not None
    layer = found.layers[leaves]
    assert f"From **{layer}** on the attacked image is no longer nearest" in said(page)
    drawing = strip(page)["svg"]
    cells = drawing.split('<g class="stage">')[1:]
    assert len(cells) == len(found.layers) == 12
    assert ["leaves its class here" in cell for cell in cells] == [
        place == leaves for place in range(12)
    ]
    for cell, nearest in zip(cells, found.nearest.T, strict=True):
        assert f"clean: {nearest[0]} → attacked: {nearest[2]}" in cell
    # The chart above marks the same layer, in both of its panels.
    tables = [
        bytes(table.data.data)
        for chart in page.get("vega_lite_chart")
        for table in chart.proto.datasets
    ]
    assert sum(b"leaves its class here" in table for table in tables) == 2


def test_it_says_how_much_farther_than_noise_the_attack_is(page: AppTest, said: Words) -> None:
    bench = page.session_state["_bench"]
    found = re.search(r"most ahead in \*\*(.+?)\*\*, with ([\d.]+) times", said(page))
    assert found is not None
    assert found[1] in [layer.name for layer in bench.model.layers]
    goal = Goal.untargeted(bench.true)
    result = attacks.run(
        bench.model, bench.input, "fgsm", goal=goal, params={"eps": STRENGTH / 255}
    )
    noisy = [
        attacks.random_noise(bench.model, bench.input, goal=goal, eps=result.linf, seed=seed).image
        for seed in range(8)
    ]
    far = activations.divergence(bench.model, bench.input, np.stack([result.image, *noisy]))
    ratio = far.ratio(0, range(1, 9))
    assert float(found[2]) == pytest.approx(np.nanmax(ratio), rel=0.05)
    assert float(found[2]) > 1


def test_few_photographs_are_told_to_be_their_classes(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", {"data": "photos", "ask": "inside", "attack": "fgsm", "eps": "1"})
    calm(at)
    assert "Each class has one image here" in said(at)
    assert strip(at)["svg"].count('<g class="stage">') == 12


def test_of_many_layers_some_are_shown_and_the_page_says_between_which(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", ASKED | {"model": "vgg16-mnist", "attack": "pgd"})
    calm(at)
    names = [layer.name for layer in at.session_state["_bench"].model.layers]
    found = re.search(
        r"From \*\*(.+?)\*\* on .* shows 11 of (\d+) layers: it may happen already in "
        r"(?:the layer|one of the (\d+) layers) between \*\*(.+?)\*\* and this one",
        said(at),
    )
    assert found is not None
    leaves, count, between, before = (text and text.replace("\\", "") for text in found.groups())
    assert int(count or 0) == len(names)
    places = ["pixels", *names]
    assert places.index(leaves) - places.index(before) - 1 == int(between or 1)

    def charted() -> set[str]:
        tables = [t.data.data for c in at.get("vega_lite_chart") for t in c.proto.datasets]
        return {name for name in names if any(name.encode() in bytes(t) for t in tables)}

    assert len(charted()) == 11
    at.toggle(key="inside.all").set_value(True).run()
    calm(at)
    assert charted() == set(names)
