"""The checks of the attribution page, and what it shows of the network's inside."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.evidence.trust.checks import CHECKS
from pages._ui.panels import plain
from xai import attribution
from xai.attribution import METHODS, STRIP_METHODS, Attribution, checks
from xai.attribution.lrp.composites import COMPOSITES, LABELS
from xai.attribution.lrp.ledger import percent, sentence
from xai.figures.trust_curves import areas
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

BUNDLED = [name for name, spec in MODELS.items() if spec.bundled]
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
THREE = ("gradient", "grad_cam", "lrp")
BOARD = DIGITS | {"methods": ",".join(THREE)}
#: Numbers in charts are rounded to five digits after the point.
CLOSE = {"rel": 1e-4, "abs": 2e-5}


def explained(at: AppTest, names: Sequence[str] = THREE, **options: Any) -> list[Attribution]:
    model, image = on_the_bench(at)
    return [attribution.run(model, image, name, **options) for name in names]


def on_the_bench(at: AppTest) -> tuple[LoadedModel, np.ndarray]:
    """Return the model and the image that a session looks at."""
    bench = at.session_state["_bench"]
    return bench.model, bench.input


def charted(at: AppTest, place: int = 0) -> pd.DataFrame:
    """Return the largest table behind a chart."""
    tables = [
        pyarrow.ipc.open_stream(dataset.data.data).read_all().to_pandas()
        for dataset in at.get("vega_lite_chart")[place].proto.datasets
    ]
    return max(tables, key=len)


def opened(check: str, visit: Visit, **link: str) -> AppTest:
    return visit("attribution", BOARD | {"check": check} | link)


# ------------------------------------------------------------------------- what all checks do
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_of_no_map_says_what_to_do(name: str, visit: Visit, calm: Check) -> None:
    at = visit("attribution", DIGITS | {"methods": "", "check": name})
    calm(at)
    assert any("There is no map to check" in item.value for item in at.info)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((name, "lenet5-mnist") for name in CHECKS),
        # Hundreds of photographs through the network are left to the check's own tests.
        *((name, "efficientnet-lite0") for name in CHECKS if name != "faithfulness"),
    ],
)
def test_a_check_of_one_map(name: str, model: str, visit: Visit, calm: Check, said: Words) -> None:
    data = next(data for data in ("mnist", "photos") if data in MODELS[model].fits)
    link = {"data": data, "model": model, "methods": "gradient", "check": name}
    at = visit("attribution", link)
    calm(at)
    assert CHECKS[name].question in said(at)
    missing = {
        "agreement": "at least two maps",
        "completeness": "Add integrated gradients or LRP",
        "ledger": "Add a panel of LRP",
    }
    if name in missing:
        assert any(missing[name] in item.value for item in at.info)
    else:
        assert len(at.get("vega_lite_chart")) >= 1


def test_a_check_is_about_the_maps_that_are_chosen(visit: Visit, settle: Run, calm: Check) -> None:
    at = opened("faithfulness", visit, checked="lrp")
    calm(at)
    assert at.dataframe[0].value["map"][0] == METHODS["lrp"].label
    assert len(at.dataframe[0].value) == 3
    settle(at.button_group(key="checked").set_value([]).run())
    assert any("Choose at least one map" in item.value for item in at.info)
    settle(at.button_group(key="checked").set_value(list(THREE)).run())
    assert "checked" not in at.query_params
    assert len(at.dataframe[0].value) == 5
    settle(at.button(key="lrp.remove").click().run())
    assert len(at.dataframe[0].value) == 4
    calm(settle(at.button(key="add-guided_backprop").click().run()))
    labels = [METHODS[name].label for name in ("gradient", "grad_cam", "guided_backprop")]
    assert list(at.dataframe[0].value["map"])[:3] == labels


@pytest.mark.parametrize("wanted", ["nope", "gradient,nope", "<script>alert(1)</script>"])
def test_maps_that_a_link_wants_checked_in_vain(wanted: str, visit: Visit, calm: Check) -> None:
    at = opened("completeness", visit, checked=wanted)
    calm(at)
    assert any(wanted in item.value for item in at.info if "The link asks" in item.value)
    assert at.session_state["checked"] == list(THREE)


# ------------------------------------------------------------------------------- each of them
@pytest.mark.parametrize("measure", ["probability", "score"])
def test_faithfulness(measure: str, visit: Visit, calm: Check, said: Words) -> None:
    at = opened("faithfulness", visit, measured=measure, fill="grey")
    calm(at)
    model, image = on_the_bench(at)
    found = checks.faithfulness(model, image, explained(at), fill="grey")
    rows = areas(found, measure)  # type: ignore[arg-type]
    table = at.dataframe[0].value
    assert list(table["map"]) == [row.label for row in rows]
    assert list(table["deletion area ↓"]) == [round(row.deletion, 3) for row in rows]
    assert list(table["insertion area ↑"]) == [round(row.insertion, 3) for row in rows]
    assert list(table["compared"])[:3] == [row.verdict for row in rows[:3]]
    assert f"{found.passes:,} images were shown" in said(at)
    curves = found.score if measure == "score" else found.probability
    for place, way in enumerate(("deletion", "insertion")):
        drawn = charted(at, place)
        for curve in curves:
            line = drawn[drawn["curve"] == curve.label].sort_values("share")["value"]
            assert list(line) == pytest.approx(list(getattr(curve, way)), rel=1e-4, abs=1e-6)


def test_faithfulness_of_several_classes_has_charts_for_each(visit: Visit, calm: Check) -> None:
    link = {"methods": "gradient,gradient@7,lrp@7!1", "check": "faithfulness"}
    at = visit("attribution", DIGITS | link)
    calm(at)
    model, image = on_the_bench(at)
    aims = [(model.predict(image).label, None), (7, None), (7, 1)]
    found = checks.faithfulness(
        model,
        image,
        [
            attribution.run(model, image, method, target=target, contrast=contrast)
            for method, (target, contrast) in zip(
                ("gradient", "gradient", "lrp"), aims, strict=True
            )
        ],
    )
    assert len(at.get("vega_lite_chart")) == 2 * len(aims)
    for table, aim in zip(at.dataframe, aims, strict=True):
        rows = areas(found.about(*aim), "probability")
        assert list(table.value["deletion area ↓"]) == [round(row.deletion, 3) for row in rows]


@pytest.mark.parametrize("order", ["cascade", "independent"])
def test_randomisation(order: str, visit: Visit, settle: Run, calm: Check, said: Words) -> None:
    link = {"methods": "grad_cam,guided_backprop", "check": "randomisation", "forget": order}
    at = visit("attribution", DIGITS | link)
    calm(at)
    model, image = on_the_bench(at)
    maps = explained(at, ("grad_cam", "guided_backprop"))
    found = checks.randomisation(model, image, maps, order=order)
    for verdict in found.verdicts:
        assert f"- {plain(verdict)}" in said(at)
    drawn = charted(at)
    for place, label in enumerate(found.labels):
        line = drawn[(drawn["method"] == label) & (drawn["kind"] == "explanation")]
        values = line.sort_values("place")["value"].astype(float)
        assert list(values) == pytest.approx(list(found.spearman_abs[place]), **CLOSE, nan_ok=True)
    settle(at.slider(key="forgotten").set_value(found.done).run())
    last = found.predictions[-1]
    assert f"**Step {found.done}**" in said(at)
    assert f"It says {plain(last.name)} ({last.confidence:.1%})" in said(at)
    alts = {item.proto.imgs[0].alt for item in at.image}
    assert {f"{label} at step {found.done}" for label in found.labels} <= alts


@pytest.mark.parametrize("measure", ["correlation", "distance"])
def test_stability(measure: str, visit: Visit, calm: Check, said: Words) -> None:
    at = opened("stability", visit, noise="0.05", moved=measure)
    calm(at)
    model, image = on_the_bench(at)
    found = checks.stability(model, image, explained(at), sigma=0.05)
    drawn = charted(at)
    for one in found.maps:
        points = sorted(drawn[drawn["map"] == one.label]["value"])
        assert points == pytest.approx(sorted(getattr(one, measure)), **CLOSE)
        assert f"standard deviation up to {one.deviation.max():.3g}" in said(at)
    assert f"one of {len(found.predicted)} noisy images" in said(at)


def test_agreement(visit: Visit, settle: Run, calm: Check, said: Words) -> None:
    at = opened("agreement", visit)
    found = checks.agreement(explained(at))
    for toggled, values in ((False, found.spearman), (True, found.spearman_abs)):
        settle(at.toggle(key="sizes").set_value(toggled).run())
        calm(at)
        drawn = charted(at).set_index(["row", "column"])["value"].astype(float)
        for (row, column), value in np.ndenumerate(values):
            shown = drawn[(found.labels[row], found.labels[column])]
            assert shown == pytest.approx(value, **CLOSE)
    assert found.sentence in said(at)
    assert "where the maps agree" in {item.proto.imgs[0].alt for item in at.image}


def test_completeness(visit: Visit, calm: Check, said: Words) -> None:
    link = {"methods": "gradient,integrated_gradients,lrp@7!1", "integrated_gradients.steps": "5"}
    at = visit("attribution", DIGITS | link | {"check": "completeness"})
    calm(at)
    model, image = on_the_bench(at)
    maps = [
        attribution.run(model, image, "integrated_gradients", params={"steps": 5}),
        attribution.run(model, image, "lrp", target=7, contrast=1),
    ]
    found = [checks.completeness(one) for one in maps]
    shown = [(item.label, item.value) for item in at.metric]
    expected = []
    for one in found:
        assert one is not None
        assert one.share is not None
        expected += [("Sum of the map", f"{one.total:.4g}")]
        expected += [("It should be", f"{one.promised:.4g}"), ("Reached", f"{one.share:.2%}")]
        assert one.sentence in said(at)
    assert shown == expected
    assert "No promise about a sum is made by: Gradient for" in said(at)


def test_the_ledger_of_each_panel_of_lrp(
    visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    link = {"methods": "gradient,lrp,lrp-2@7!1", "lrp-2.composite": "epsilon_gamma_box"}
    at = visit("attribution", DIGITS | link | {"check": "ledger"})
    calm(at)
    model, image = on_the_bench(at)
    own = model.predict(image).label
    books = [
        attribution.ledger(model, image, target=own),
        attribution.ledger(
            model, image, target=7, contrast=1, params={"composite": "epsilon_gamma_box"}
        ),
    ]
    for table, one in zip(at.dataframe, books, strict=True):
        assert sentence(one) in said(at)
        assert list(table.value["module"]) == [row.name for row in one.rows]
        for field, column in (("received", "received"), ("handed", "handed on"), ("lost", "lost")):
            wanted = [getattr(row, field) for row in one.rows]
            assert list(table.value[column]) == pytest.approx(wanted, rel=1e-4, abs=1e-4)
    svgs = [json.loads(item.proto.json) for item in at.get("bidi_component") if _draws(item)]
    assert len(svgs) == 2
    for told in svgs:
        assert ET.fromstring(told["svg"]).tag.endswith("svg")
        assert "where the relevance of LRP" in told["alt"]
    settle(at.toggle(key="composites").set_value(True).run())
    calm(at)
    table = at.dataframe[len(books)].value
    names = [name for name, row in COMPOSITES.items() if not row.by_depth]
    assert list(table["composite"]) == [LABELS[name] for name in names]
    reached = books[0].reached / books[0].score
    assert table["reaches the pixels"][names.index("epsilon_plus_flat")] == percent(reached)


def _draws(element: Any) -> bool:
    return str(element.proto.component_name).endswith("drawing_view")


# ------------------------------------------------------------------------- inside the network
@pytest.mark.parametrize("method", STRIP_METHODS)
def test_the_strip_shows_every_stage(
    method: str, visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    at = visit("attribution", DIGITS | {"methods": "grad_cam", "inside": "strip", "strip": method})
    calm(at)
    model, image = on_the_bench(at)
    found = attribution.strip(model, image, method=method)
    alts = [item.proto.imgs[0].alt for item in at.image]
    assert alts == [f"{METHODS[method].label} at {stage.layer}" for stage in found.stages]
    for stage in found.stages:
        size = " × ".join(str(side) for side in stage.shape[1:])
        assert f"{size} cells · max {stage.relevance.max():.3g}" in said(at)
    first = found.stages[0].layer
    calm(settle(at.button(key=f"take-{first}").click().run()))
    assert at.query_params["layer"] == first
    taken = attribution.run(model, image, "grad_cam", params={"layer": first})
    assert f"max {taken.relevance.max():.3g}" in said(at)


@pytest.mark.parametrize("layer", ["relu1", "relu2", "relu4"])
def test_relevance_inside_by_channel(layer: str, visit: Visit, calm: Check, said: Words) -> None:
    link = {"methods": "", "inside": "channels", "layer": layer, "target": "3"}
    at = visit("attribution", DIGITS | link)
    calm(at)
    model, image = on_the_bench(at)
    found = attribution.channel_relevance(model, image, layer, target=3)
    order = np.argsort(-np.abs(found.sums))[:8]
    assert f"**{layer}** holds relevance of {found.sums.sum():.3g}" in said(at)
    assert f"channels hold {found.sums[order].sum():.3g}" in said(at)
    if found.maps.ndim == 1:
        values = charted(at)["relevance"]
        assert sorted(values) == pytest.approx(sorted(found.sums[order]), rel=1e-5)
        return
    for one in order:
        assert f"**channel {one}** · {found.maps[one].sum():.3g}" in said(at)
    assert math.isclose(found.sums.sum(), found.maps.sum(), rel_tol=1e-3)


@pytest.mark.parametrize("view", ["strip", "channels"])
@pytest.mark.parametrize("model", BUNDLED)
def test_the_inside_of_every_bundled_model(
    view: str, model: str, visit: Visit, calm: Check
) -> None:
    data = next(data for data in ("mnist", "photos") if data in MODELS[model].fits)
    at = visit("attribution", {"data": data, "model": model, "methods": "", "inside": view})
    calm(at)
    assert len(at.image) >= 2
