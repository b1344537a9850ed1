"""Every attack and every map is used once, and the number shown is the number computed."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.assault.sureness import sureness
from xai import attacks, embedding
from xai.attacks import ATTACKS, AttackResult, Goal
from xai.datasets import load_all, pool_sample
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

BUNDLED = [name for name, spec in MODELS.items() if spec.bundled]
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}


def bench_of(model: str) -> dict[str, str]:
    data = next(name for name in ("mnist", "photos") if name in MODELS[model].fits)
    return {"data": data, "model": model}


def on_the_bench(at: AppTest) -> tuple[LoadedModel, np.ndarray]:
    """Return the model and the image that a session looks at."""
    bench = at.session_state["_bench"]
    return bench.model, bench.input


# -------------------------------------------------------------------------------- attacks
def facts(found: AttackResult) -> list[str]:
    """Return what the page must say of an attack."""
    return [
        f"Largest change of a pixel **{255 * found.linf:.3g}/255**, length (L2) **{found.l2:.3g}**",
        f"{found.steps} gradient steps and {found.queries} forward passes in all.",
        f"**{found.before.name}** · {sureness(found.before)}",
        f"**{found.after.name}** · {sureness(found.after)}",
    ]


@pytest.mark.parametrize("aim", ["untargeted", "second", "5"])
@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_and_what_is_said_of_it(
    name: str, aim: str, visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", DIGITS | {"attack": name, "eps": "60", "aim": aim})
    calm(at)
    model, image = on_the_bench(at)
    label = at.session_state["_bench"].true
    order = model.predict(image).top(10)
    goals = {"untargeted": Goal.untargeted(label), "second": Goal.targeted(order[1])}
    goal = goals.get(aim) or Goal.targeted(5)
    # Carlini and Wagner's has no strength: it looks for the least.
    params = {"eps": 60 / 255} if "eps" in ATTACKS[name].params.infos() else {}
    found = attacks.run(model, image, name, goal=goal, params=params)
    shown = said(at)
    for fact in facts(found):
        assert fact in shown
    assert ("Fooled" in shown) == found.success
    assert ("It held" in shown) != found.success


@pytest.mark.parametrize("model", BUNDLED)
def test_an_attack_on_every_bundled_model(model: str, visit: Visit, said: Words) -> None:
    at = visit("adversarial", bench_of(model) | {"attack": "bim", "bim.steps": "2"})
    loaded, image = on_the_bench(at)
    goal = Goal.untargeted(at.session_state["_bench"].true)
    eps = round(255 * loaded.spec.eps) / 255
    found = attacks.run(loaded, image, "bim", goal=goal, params={"steps": 2, "eps": eps})
    for fact in facts(found):
        assert fact in said(at)


def test_no_strength_is_no_attack(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("adversarial", DIGITS | {"attack": "pgd", "eps": "0"})
    calm(at)
    assert "Largest change of a pixel **0/255**, length (L2) **0**." in said(at)
    assert "It held" in said(at)


def test_the_strength_follows_the_model(visit: Visit, settle: Run) -> None:
    at = visit("adversarial", {"attack": "fgsm"})
    assert at.slider(key="eps").value == 8
    settle(at.selectbox(key="data").set_value("mnist").run())
    assert at.slider(key="eps").value == round(255 * MODELS["lenet5-mnist"].eps)
    settle(at.slider(key="eps").set_value(40).run())
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    assert at.slider(key="eps").value == 40


# ------------------------------------------------------------------------------------ maps
def drawn_maps(at: AppTest) -> list[dict[str, object]]:
    """Return the panels that the map component was told to draw."""
    told = [json.loads(element.proto.json or "{}") for element in at.get("bidi_component")]
    return [panel for data in told if "view" in data for panel in data["view"]["panels"]]


@pytest.mark.parametrize("name", [name for name in embedding.METHODS if name != "umap"])
@pytest.mark.parametrize("space", ["pixels", "relu4", "conv1"])
def test_every_map_and_its_quality(name: str, space: str, visit: Visit, calm: Check) -> None:
    at = visit("dataset", DIGITS | {"map": name, "n": "100", "space": space, "part": "trust"})
    calm(at)
    model, _ = on_the_bench(at)
    images = pool_sample(load_all("mnist"), 100)
    layer = None if space == "pixels" else space
    found = embedding.run(embedding.features(model, images, layer), name)
    shown = {item.label: item.value for item in at.metric}
    keys = ("trustworthiness", "neighbourhood_preservation", "knn_accuracy")
    labels = ("Trustworthiness", "Neighbours kept", "k-NN on the map")
    for key, label in zip(keys, labels, strict=True):
        assert shown[label] == f"{found.quality[key]:.1%}"
    (panel,) = drawn_maps(at)
    assert panel["title"] == f"{embedding.METHODS[name].label} of {space}"


@pytest.mark.parametrize("model", BUNDLED)
def test_a_map_with_every_bundled_model(model: str, visit: Visit, calm: Check) -> None:
    at = visit("dataset", bench_of(model) | {"map": "pca", "n": "100", "space": "pixels"})
    calm(at)
    assert len(drawn_maps(at)) == 1


def test_umap_once(visit: Visit, calm: Check) -> None:
    """It compiles for a dozen seconds in each process, so it is made once, and small."""
    at = visit("dataset", DIGITS | {"map": "umap", "n": "100"})
    calm(at)
    assert len(drawn_maps(at)) == 1
