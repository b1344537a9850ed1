"""The board of panels: what stands on it, what each shows, and how a link brings it back."""

from __future__ import annotations

import json
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from pages._ui.evidence.adding import SETS
from pages._ui.evidence.board import DEFAULT, MOST
from xai import attribution
from xai.attribution import METHODS, Attribution
from xai.attribution.lrp.composites import COMPOSITES, LABELS
from xai.attribution.manifests import manifest, repetition
from xai.figures import heatmaps
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Bring = Callable[[nn.Module], AppTest]

BUNDLED = [name for name, spec in MODELS.items() if spec.bundled]
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
#: LeNet-5 takes this two for something else.
MISTAKEN = DIGITS | {"image": "mnist-test-04839"}
SCRIPT = "<script>alert(1)</script>"

#: What keeps the slow methods short; the windows of occlusion are a share of the image's side.
SHORT: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"steps": 4},
    "smoothgrad": {"n": 3},
    "smooth_grad_cam_pp": {"n": 2},
    "rise": {"n": 12},
}


def short(model: str) -> dict[str, dict[str, Any]]:
    side = max(MODELS[model].input_size) // 4
    return SHORT | {"occlusion": {"window": side, "stride": side}}


def bench_of(model: str) -> dict[str, str]:
    data = next(name for name in ("mnist", "photos") if name in MODELS[model].fits)
    return {"data": data, "model": model}


def in_link(params: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        f"{name}.{field}": str(value)
        for name, given in params.items()
        for field, value in given.items()
    }


def on_the_bench(at: AppTest) -> tuple[LoadedModel, np.ndarray]:
    """Return the model and the image that a session looks at."""
    bench = at.session_state["_bench"]
    return bench.model, bench.input


def board(at: AppTest) -> list[str]:
    """Return the panels that the link names."""
    return [token for token in at.query_params["methods"].split(",") if token]


@dataclass
class Drawn:
    """What the browser is told of one map."""

    view: dict[str, Any]
    values: np.ndarray


def drawn(at: AppTest) -> dict[str, Drawn]:
    """Return the maps on a page by the names of their panels."""
    parts, views = {}, {}
    for element in at.get("bidi_component"):
        key, content = element.proto.id.split("-", 2)[2], bytes(element.proto.bytes)
        if content:
            parts[content[:24].decode()] = content[24:]
        elif key.endswith((".view", ".growing")) and not key.startswith("input."):
            views[key.removesuffix(".view")] = json.loads(element.proto.json)
    found = {}
    for name, view in views.items():
        body = parts[view["values"]]
        start, count = 8 + int(body[:8]), int(np.prod(view["shape"]))
        values = np.frombuffer(body, "<f4", count, start).reshape(view["shape"])
        found[name] = Drawn(view, values)
    return found


def numbers(found: Attribution) -> str:
    """Return the raw numbers of a map, its colours summed, as the page writes them."""
    values = found.relevance.sum(axis=0, dtype=np.float64).astype(np.float32)
    logit = f"logit {found.logit:.3g}"
    if found.contrast_logit is not None:
        logit = f"logits {found.logit:.3g} and {found.contrast_logit:.3g}"
    return f"sum {values.sum():.3g} · min {values.min():.3g} · max {values.max():.3g} · {logit} · "


def same(at: AppTest, name: str, found: Attribution) -> None:
    """Check that a panel draws this map and writes its numbers."""
    values = found.relevance.sum(axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_allclose(drawn(at)[name].values, values, rtol=1e-5, atol=1e-9)
    assert any(item.value.startswith(numbers(found)) for item in at.caption)


def notes(at: AppTest) -> list[str]:
    return [item.value for item in at.info if "The link asks" in item.value]


# ------------------------------------------------------------------------ the whole registry
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("model", BUNDLED)
def test_every_method_of_every_bundled_model(
    model: str, part: int, visit: Visit, calm: Check, said: Words
) -> None:
    half = -(-len(METHODS) // 2)
    names = list(METHODS)[part * half :][:half]
    params = {name: given for name, given in short(model).items() if name in names}
    at = visit("attribution", bench_of(model) | in_link(params) | {"methods": ",".join(names)})
    calm(at)
    assert notes(at) == []
    assert list(drawn(at)) == names
    loaded, image = on_the_bench(at)
    for name in names:
        same(at, name, attribution.run(loaded, image, name, params=params.get(name)))
        assert METHODS[name].summary in said(at)


def test_no_row_of_the_registry_is_left_out_where_panels_are_added(visit: Visit) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient"})
    keys = [item.key or "" for item in at.button]
    offered = [key.removeprefix("add-") for key in keys if key.startswith("add-")]
    assert sorted(offered) == sorted(METHODS)


class Curved(nn.Module):
    """A network without a rectifier: its bent activation has no rule of relevance."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5, stride=2)
        self.bent = nn.GELU()
        self.out = nn.Linear(4 * 12 * 12, 10)

    def forward(self, x):
        return self.out(self.bent(self.conv(x)).flatten(1))


class Flat(nn.Module):
    """A network without rows and columns."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 12)
        self.act = nn.ReLU()
        self.out = nn.Linear(12, 10)

    def forward(self, x):
        return self.out(self.act(self.hidden(x.flatten(1))))


@pytest.mark.parametrize(
    ("net", "module", "works", "cannot"),
    [
        (Curved(), "bent", "grad_cam", ("guided_backprop", "deconvnet", "guided_grad_cam", "lrp")),
        (Flat(), "out", "lrp", ("grad_cam", "layer_cam", "guided_grad_cam", "negative_grad_cam")),
    ],
    ids=["without-relu", "without-cells"],
)
def test_what_a_network_cannot_do_is_disabled_with_the_module_in_the_way(
    net: nn.Module,
    module: str,
    works: str,
    cannot: tuple[str, ...],
    visit: Visit,
    calm: Check,
    said: Words,
    bring: Bring,
) -> None:
    at = visit("attribution", {"data": "mnist", "methods": f"{works},{cannot[-1]}"}, at=bring(net))
    calm(at)
    model, image = on_the_bench(at)
    assert list(drawn(at)) == [works]
    given = {"layer": at.query_params["layer"]} if works == "grad_cam" else None
    same(at, works, attribution.run(model, image, works, params=given))
    for name in METHODS:
        reason = attribution.blocked(model, name)
        assert at.button(key=f"add-{name}").disabled == bool(reason)
        assert reason in said(at)
    for name in cannot:
        assert module in attribution.blocked(model, name)
    assert any(item.value == attribution.blocked(model, cannot[-1]) for item in at.info)


# --------------------------------------------------------------------------------- the board
def test_panels_come_and_go_one_by_one(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit("attribution", DIGITS)
    assert board(at) == list(DEFAULT)
    settle(at.button(key="add-layer_cam").click().run())
    settle(at.button(key="add-lrp").click().run())
    assert board(at) == [*DEFAULT, "layer_cam", "lrp-2"]
    settle(at.button(key="lrp.remove").click().run())
    assert board(at) == ["gradient", "grad_cam", "layer_cam", "lrp-2"] == list(drawn(at))
    for name in board(at):
        at.button(key=f"{name}.remove").click().run()
    calm(settle(at))
    assert board(at) == list(drawn(at)) == []
    assert any("add a panel" in item.value for item in at.info)
    settle(at.button(key="add-gradient").click().run())
    model, image = on_the_bench(at)
    same(at, "gradient", attribution.run(model, image, "gradient"))


@pytest.mark.parametrize(
    "words", [words for words, seats in SETS.items() if all(isinstance(s, str) for s in seats)]
)
def test_a_set_takes_the_place_of_all_panels(
    words: str, visit: Visit, settle: Run, calm: Check
) -> None:
    link = {"methods": "lrp@3,occlusion", "lrp.epsilon": "0.01", "occlusion.window": "7"}
    at = visit("attribution", DIGITS | link)
    calm(settle(at.button(key=f"set-{words}").click().run()))
    assert board(at) == list(SETS[words]) == list(drawn(at))
    assert not {"lrp.epsilon", "occlusion.window"} & set(at.query_params)
    if "lrp" in SETS[words]:
        model, image = on_the_bench(at)
        same(at, "lrp", attribution.run(model, image, "lrp"))


def test_the_set_of_rules_has_a_panel_for_each_composite(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("attribution", DIGITS | {"methods": "lrp@3", "lrp.epsilon": "0.01"})
    calm(settle(at.button(key="set-Rules of LRP").click().run()))
    names = [name for name, row in COMPOSITES.items() if not row.by_depth]
    panels = ["lrp", *(f"lrp-{n}" for n in range(2, len(names) + 1))]
    assert board(at) == panels == list(drawn(at))
    model, image = on_the_bench(at)
    for panel, composite in zip(panels, names, strict=True):
        same(at, panel, attribution.run(model, image, "lrp", params={"composite": composite}))
        if composite != "epsilon_plus_flat":
            assert at.query_params[f"{panel}.composite"] == composite
            assert LABELS[composite] in said(at)


def test_a_full_board_takes_no_more(visit: Visit, calm: Check, said: Words) -> None:
    at = visit("attribution", DIGITS | {"methods": ",".join(["gradient"] * 40)})
    calm(at)
    assert board(at) == ["gradient", *(f"gradient-{n}" for n in range(2, MOST + 1))]
    assert list(drawn(at)) == board(at)
    assert f"{MOST} panels are the most" in said(at)


def test_two_panels_of_one_method_have_their_own_parameters(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(
        "attribution", DIGITS | {"methods": "lrp,lrp", "lrp-2.composite": "epsilon_gamma_box"}
    )
    model, image = on_the_bench(at)
    settle(at.number_input(key="lrp.epsilon").set_value(0.25).run())
    calm(at)
    assert board(at) == ["lrp", "lrp-2"]
    assert at.query_params["lrp.epsilon"] == "0.25"
    assert at.query_params["lrp-2.composite"] == "epsilon_gamma_box"
    same(at, "lrp", attribution.run(model, image, "lrp", params={"epsilon": 0.25}))
    second = attribution.run(model, image, "lrp", params={"composite": "epsilon_gamma_box"})
    same(at, "lrp-2", second)
    settle(at.button(key="lrp.remove").click().run())
    assert "lrp.epsilon" not in at.query_params
    assert at.query_params["lrp-2.composite"] == "epsilon_gamma_box"
    same(at, "lrp-2", second)
    settle(at.button(key="add-lrp").click().run())
    assert board(at) == ["lrp-2", "lrp"]
    same(at, "lrp", attribution.run(model, image, "lrp"))


def test_a_composite_shows_the_parameters_that_it_uses(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("attribution", DIGITS | {"methods": "lrp"})
    keys = {item.key for kind in (at.selectbox, at.number_input, at.slider) for item in kind}
    assert "lrp.epsilon" in keys
    assert not {"lrp.gamma", "lrp.lower"} & keys
    calm(settle(at.selectbox(key="lrp.composite").set_value("custom").run()))
    settle(at.selectbox(key="lrp.lower").set_value("box").run())
    model, image = on_the_bench(at)
    params = {"composite": "custom", "lower": "box"}
    same(at, "lrp", attribution.run(model, image, "lrp", params=params))
    rules = dict(attribution.assignment(model, params))
    table = at.dataframe[0].value
    assert dict(zip(table["layer"], table["rule"], strict=True)) == rules


# ------------------------------------------------------------------------- class and contrast
def test_each_panel_has_a_class_of_its_own(visit: Visit, calm: Check, said: Words) -> None:
    tokens = ["gradient", "gradient-2@predicted", "gradient-3@true", "gradient-4@second"]
    tokens += ["gradient-5@7", "lrp@7!predicted", "lrp-2@true!second", "lrp-3@3!1"]
    at = visit("attribution", MISTAKEN | {"target": "3", "methods": ",".join(tokens)})
    calm(at)
    model, image = on_the_bench(at)
    said_first, said_second = model.predict(image).top(2)
    true = at.session_state["_bench"].true
    assert true not in (said_first, None)
    aims = [(3, None), (said_first, None), (true, None), (said_second, None), (7, None)]
    aims += [(7, said_first), (true, said_second if said_second != true else None), (3, 1)]
    assert board(at) == tokens
    for token, (target, contrast) in zip(tokens, aims, strict=True):
        name = token.partition("@")[0]
        method = name.partition("-")[0]
        same(at, name, attribution.run(model, image, method, target=target, contrast=contrast))
        words = f"for {target}" if contrast is None else f"why {target}, not {contrast}"
        assert f"**{METHODS[method].label}**  \n{words}" in said(at)


def test_the_class_of_a_panel_is_chosen_on_the_page(visit: Visit, settle: Run, calm: Check) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient,lrp"})
    model, image = on_the_bench(at)
    settle(at.selectbox(key="lrp.class").set_value("8").run())
    settle(at.selectbox(key="lrp.against").set_value("second").run())
    calm(at)
    second = model.predict(image).top(2)[1]
    assert board(at) == ["gradient", "lrp@8!second"]
    same(at, "lrp", attribution.run(model, image, "lrp", target=8, contrast=second))
    settle(at.selectbox(key="target").set_value("5").run())
    same(at, "gradient", attribution.run(model, image, "gradient", target=5))
    same(at, "lrp", attribution.run(model, image, "lrp", target=8, contrast=second))
    settle(at.selectbox(key="lrp.class").set_value("").run())
    settle(at.selectbox(key="lrp.against").set_value("").run())
    assert board(at) == ["gradient", "lrp"]
    same(at, "lrp", attribution.run(model, image, "lrp", target=5))


def test_indices_mean_nothing_to_a_model_with_other_classes(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient@7!2,gradient@second"})
    assert board(at) == ["gradient@7!2", "gradient-2@second"]
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    assert board(at)[0] == "gradient@7!2"
    calm(settle(at.selectbox(key="data").set_value("photos").run()))
    assert board(at) == ["gradient", "gradient-2@second"]
    model, image = on_the_bench(at)
    same(at, "gradient", attribution.run(model, image, "gradient"))
    settle(at.selectbox(key="gradient.class").set_value("281").run())
    assert board(at)[0] == "gradient@281"
    at = visit("architecture", at=at)
    settle(at.selectbox(key="data").set_value("mnist").run())
    at = visit("attribution", at=at)
    calm(at)
    assert board(at) == ["gradient", "gradient-2@second"]


def test_a_link_to_another_data_set_brings_its_own_indices(visit: Visit, calm: Check) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient@7"})
    photos = {"data": "photos", "model": "efficientnet-lite0", "methods": "gradient@281!7"}
    at = visit("attribution", photos, at=at)
    calm(at)
    assert board(at) == ["gradient@281!7"]


# ---------------------------------------------------------------------------------- the link
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("grad_cam", "grad_cam"),
        ("", ""),
        ("lrp-3@second!predicted,lrp@9!0", "lrp-3@second!predicted,lrp@9!0"),
        ("gradient@true,,gradient@true,", "gradient@true,gradient-2@true"),
        ("lrp-2,lrp-2,lrp-2", "lrp-2,lrp,lrp-3"),
        ("gradient@10,lrp@3!10", "gradient,lrp@3"),
        ("gradient@007", "gradient@7"),
    ],
)
def test_a_board_in_a_link(given: str, shown: str, visit: Visit, calm: Check) -> None:
    at = visit("attribution", DIGITS | {"methods": given})
    calm(at)
    assert notes(at) == []
    assert at.query_params["methods"] == shown
    assert list(drawn(at)) == [token.partition("@")[0] for token in board(at)]
    again = visit("attribution", dict(at.query_params))
    assert dict(again.query_params) == dict(at.query_params)


@pytest.mark.parametrize(
    "wanted",
    [
        "lrp@99999!x",
        "lrp@-1",
        "lrp@²",
        "lrp@٣",
        "lrp@true!nobody",
        "lrp!",
        "lrp-100",
        "LRP",
        "gradient;lrp",
        SCRIPT,
        f"lrp@{SCRIPT}",
        "lrp@" + "9" * 5000,
        "lrp@7!" + "7" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_a_board_that_makes_no_sense_is_replaced_and_said(
    wanted: str, visit: Visit, calm: Check
) -> None:
    at = visit("attribution", DIGITS | {"methods": wanted})
    calm(at)
    assert board(at) == list(DEFAULT) == list(drawn(at))
    (note,) = notes(at)
    assert wanted[:60] in note


def test_how_all_maps_are_seen_is_in_the_link(visit: Visit, settle: Run, calm: Check) -> None:
    link = {"methods": "smoothgrad,grad_cam", "smoothgrad.n": "3"}
    link |= {"one_scale": "True", "ink": "0.4", "part": "positive", "seed": "5"}
    at = visit("attribution", DIGITS | link)
    calm(at)
    assert {key: at.query_params.get(key) for key in link} == link
    model, image = on_the_bench(at)
    first = attribution.run(model, image, "smoothgrad", params={"n": 3}, seed=5)
    same(at, "smoothgrad", first)
    other = attribution.run(model, image, "smoothgrad", params={"n": 3})
    assert not np.array_equal(first.relevance, other.relevance)
    maps = drawn(at)
    shared = heatmaps.common_scale(one.values for one in maps.values())
    for one in maps.values():
        assert (one.view["ink"], one.view["part"]) == (0.4, "positive")
        assert one.view["scale"] == pytest.approx(shared)
        assert one.view["note"] == "one scale for all maps"
    at.slider(key="ink").set_value(1.0).run()
    at.toggle(key="one_scale").set_value(False).run()
    at.button_group(key="part").set_value("both").run()
    settle(at.number_input(key="seed").set_value(0).run())
    assert not {"one_scale", "ink", "seed"} & set(at.query_params)
    same(at, "smoothgrad", other)
    maps = drawn(at)
    assert maps["smoothgrad"].view["scale"] > 2 * maps["grad_cam"].view["scale"]


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("ink", "9"),
        ("ink", "NaN"),
        ("ink", SCRIPT),
        ("one_scale", "maybe"),
        ("part", "left"),
        ("seed", "-1"),
        ("seed", str(2**31)),
        ("seed", "9" * 5000),
        ("check", "nope"),
        ("inside", SCRIPT),
    ],
    ids=lambda text: text[:12],
)
def test_a_look_that_makes_no_sense_is_replaced_and_said(
    key: str, wanted: str, visit: Visit, calm: Check
) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient", key: wanted})
    calm(at)
    (note,) = notes(at)
    assert wanted[:60] in note
    (one,) = drawn(at).values()
    assert (one.view["ink"], one.view["part"]) == (1.0, "both")


def test_panels_stay_while_the_reader_is_elsewhere(visit: Visit, calm: Check) -> None:
    link = {"methods": "lrp@4!second,lrp-2", "lrp-2.composite": "epsilon_gamma_box", "ink": "0.5"}
    at = visit("attribution", DIGITS | link)
    before = drawn(at)
    for page in ("architecture", "adversarial"):
        at = visit(page, {"attack": "fgsm"} if page == "adversarial" else {}, at=at)
    at = visit("attribution", at=at)
    calm(at)
    assert {key: at.query_params.get(key) for key in link} == link
    after = drawn(at)
    assert list(after) == list(before)
    for name, one in after.items():
        assert one.view == before[name].view
        np.testing.assert_array_equal(one.values, before[name].values)


# ----------------------------------------------------------------------- what does not work
@pytest.mark.parametrize(
    ("params", "word"),
    [({"window": "100"}, "window"), ({"window": "10", "stride": "20"}, "stride")],
)
def test_what_one_panel_cannot_do_leaves_the_others_alone(
    params: dict[str, str], word: str, visit: Visit, settle: Run, calm: Check
) -> None:
    given = {f"occlusion.{field}": value for field, value in params.items()}
    at = visit(
        "attribution", DIGITS | given | {"methods": "gradient,occlusion,lrp", "check": "agreement"}
    )
    assert [item.message for item in at.exception] == []
    (error,) = [item.value for item in at.error]
    assert error.startswith(f"{word}: expected")
    assert list(drawn(at)) == ["gradient", "lrp"]
    assert len(at.get("vega_lite_chart")) == 1
    settle(at.slider(key="occlusion.window").set_value(14).run())
    calm(settle(at.slider(key="occlusion.stride").set_value(7).run()))
    model, image = on_the_bench(at)
    found = attribution.run(model, image, "occlusion", params={"window": 14, "stride": 7})
    same(at, "occlusion", found)


class Gate:
    """RISE, which shows its first map and then waits at a gate."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.stopped = 0
        self._run = attribution.run

    def run(self, model: Any, image: Any, method: str, **options: Any) -> Attribution:
        try:
            while method == "rise" and not self.open.is_set():
                options["on_map"](np.full((1, 28, 28), 0.5, np.float32))
                options["progress"](3, 10, "at the gate")
                time.sleep(0.01)
        except BaseException:
            self.stopped += 1
            raise
        return self._run(model, image, method, **options)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Let RISE wait until the test opens the gate."""
    made = Gate()
    monkeypatch.setattr(attribution, "run", made.run)
    cached.jobs().shutdown(timeout=60)
    cached.jobs.clear()
    yield made
    made.open.set()


def test_a_long_map_grows_is_stopped_and_begins_again(
    visit: Visit, gate: Gate, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("architecture", DIGITS)
    link = {"methods": "gradient,rise", "rise.n": "40", "check": "completeness"}
    at.query_params = DIGITS | link
    at.switch_page("pages/attribution.py").run()
    calm(at)
    assert len(at.get("progress")) == 1
    maps = drawn(at)
    assert (maps["rise.growing"].values == 0.5).all()
    assert maps["rise.growing"].view["note"] == "so far"
    assert "gradient" in maps
    assert "begins when all maps are there" in said(at)
    next(item for item in at.button if item.label == "Stop").click().run()
    calm(at)
    assert not at.get("progress")
    assert "RISE was stopped." in said(at)
    assert list(drawn(at)) == ["gradient"]
    next(item for item in at.button if item.label == "Start again: RISE").click().run()
    gate.open.set()
    calm(settle(at))
    assert gate.stopped == 1
    model, image = on_the_bench(at)
    same(at, "rise", attribution.run(model, image, "rise", params={"n": 40}))


def test_maps_that_fail_late_are_said_and_the_page_comes_to_rest(
    visit: Visit, settle: Run, calm: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is tried again when the reader acts, and not by the timer of another's bar."""
    ended: list[int] = []
    real = attribution.run

    def run(model: Any, image: Any, method: str, **options: Any) -> Attribution:
        if method == "rise":
            time.sleep(1.0)
            ended.append(options["params"].n)
            raise ValueError("relevance: expected finite numbers")
        return real(model, image, method, **options)

    monkeypatch.setattr(attribution, "run", run)
    at = visit("architecture", DIGITS)
    link = {"methods": "rise,rise-2,gradient", "rise.n": "41", "rise-2.n": "42"}
    at.query_params = DIGITS | link
    at.switch_page("pages/attribution.py").run()
    for _ in range(12):
        if not at.get("progress"):
            break
        time.sleep(1.5)  # the timer of a browser runs the page again when the work has ended
        at.run()
    assert not at.get("progress")
    assert [item.value for item in at.error] == ["relevance: expected finite numbers"] * 2
    assert sorted(ended) == [41, 42]
    assert list(drawn(at)) == ["gradient"]
    monkeypatch.setattr(attribution, "run", real)
    calm(settle(at.run()))
    assert list(drawn(at)) == ["rise", "rise-2", "gradient"]


# --------------------------------------------------------------------------------- the files
def test_a_manifest_makes_the_same_array_again(visit: Visit, files: dict[str, Any]) -> None:
    link = {"methods": "smoothgrad@7!second,lrp", "smoothgrad.n": "3", "seed": "11"}
    at = visit("attribution", DIGITS | link)
    shown = drawn(at)
    for name in ("smoothgrad", "lrp"):
        request = manifest.read(files[f"lenet5-mnist-{name}.json"]())
        again = repetition.repeat(request, repetition.load(request))
        with np.load(BytesIO(files[f"lenet5-mnist-{name}.npz"]())) as arrays:
            np.testing.assert_array_equal(again.relevance, arrays["relevance"])
            np.testing.assert_array_equal(request.image, arrays["input"])
        np.testing.assert_array_equal(heatmaps.collapse(again.relevance), shown[name].values)
    with np.load(BytesIO(files["lenet5-mnist-attribution.npz"]())) as arrays:
        assert sorted(arrays) == ["input", "lrp", "smoothgrad"]
        np.testing.assert_array_equal(arrays["lrp"], again.relevance)


def test_the_figure_holds_all_panels(visit: Visit, files: dict[str, Any]) -> None:
    at = visit("attribution", DIGITS | {"methods": "gradient@7!1,grad_cam,lrp", "ink": "0.5"})
    svg = ET.fromstring(files["lenet5-mnist-attribution.svg"]())
    space = "{http://www.w3.org/2000/svg}"
    assert svg.tag == f"{space}svg"
    assert len(svg.findall(f".//{space}image")) == 1 + len(board(at))
    words = " ".join(item.text or "" for item in svg.iter(f"{space}text"))
    for part in ("LeNet-5", "Network input", "Gradient why 7, not 1", "Grad-CAM for", "LRP for"):
        assert part in words
