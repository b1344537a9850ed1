"""Every page works when it is opened first, again, and with every bundled model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from xai import data
from xai.datasets import DATASETS
from xai.models import MODELS
from xai.types import Prediction

ROOT = Path(__file__).resolve().parents[2]
Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

#: Each page, and what keeps its work short.
PAGES: dict[str, dict[str, str]] = {
    "start": {},
    "dataset": {"map": "pca", "n": "100"},
    "architecture": {},
    "feature_maps": {},
    "attribution": {},
    "adversarial": {"attack": "fgsm"},
    "class_visualization": {"grow.steps": "2"},
    "cluster_flow": {"flow.n": "250", "flow.by": "kmeans"},
    "training": {},
}
#: Each bundled model with a data set that fits.
BENCHES = [
    {"data": next(name for name in ("mnist", "photos") if name in spec.fits), "model": spec.name}
    for spec in MODELS.values()
    if spec.bundled
]


def prediction(at: AppTest) -> Prediction:
    """Return what the network says of the session's image."""
    bench = at.session_state["_bench"]
    found: Prediction = bench.model.predict(bench.input)
    return found


def alts(at: AppTest) -> list[str]:
    """Return the descriptions of the pictures on a page."""
    return [item.proto.imgs[0].alt for item in at.image]


def test_the_pages_are_those_of_the_menu() -> None:
    assert sorted(PAGES) == sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_the_first_visitor_of_a_fresh_server_may_open_any_page(page: str) -> None:
    """Until a script calls st.navigation, a server takes the files of pages/ for apps."""
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=120)
    at.query_params.update({"data": "mnist", "model": "lenet5-mnist"} | PAGES[page])
    at.switch_page(f"pages/{page}.py")
    at.run()
    assert [item.message for item in at.exception] == []
    assert [item.value for item in at.selectbox if item.key == "model"] == ["lenet5-mnist"]


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: bench["model"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opened_first_and_run_again(
    page: str, bench: dict[str, str], visit: Visit, calm: Check
) -> None:
    at = visit(page, bench | PAGES[page])
    calm(at)
    first = [item.value for item in at.markdown]
    assert len(first) > 1
    at.run()
    calm(at)
    assert [item.value for item in at.markdown] == first
    assert at.session_state["model"] == bench["model"]
    assert not any("The link asks" in item.value for item in at.info)


def test_the_start_page_shows_what_the_network_says(visit: Visit) -> None:
    at = visit("start")
    found = prediction(at)
    sure = f"**{found.name}** ({found.confidence:.1%})"
    assert [item.value for item in at.success] == [f"The network says {sure}, and it is right."]
    table = at.get("vega_lite_chart")[0].proto.datasets[0].data.data
    rows = pyarrow.ipc.open_stream(table).read_all().to_pandas().sort_values("rank")
    top = list(found.top(10))
    assert list(rows["index"]) == top
    assert list(rows["class"]) == [found.classes[index] for index in top]
    assert rows["probability"].to_numpy() == pytest.approx(found.probabilities[top], rel=1e-5)
    assert any("network’s input" in alt for alt in alts(at))
    assert any("LRP" in alt for alt in alts(at))


def test_the_choice_holds_across_pages(visit: Visit, calm: Check) -> None:
    at = visit("start")
    at.selectbox(key="data").set_value("mnist").run()
    at.selectbox(key="model").set_value("vgg16-mnist").run()
    at.session_state["picker"] = {"pick": cached.image_set("mnist", "test").ids[0]}
    at.run()
    image = at.session_state["image"]
    assert image == cached.image_set("mnist", "test").ids[0]
    at.selectbox(key="target").set_value("second").run()
    kept = {"data": "mnist", "model": "vgg16-mnist", "image": image, "target": "second"}
    for page in PAGES:
        at = visit(page, PAGES[page], at=at)
        calm(at)
        assert {key: at.session_state[key] for key in kept} == kept
        assert {key: at.query_params[key] for key in kept} == kept


# ------------------------------------------------------------------- data and models
@pytest.mark.parametrize("name", ["mnist", "photos"])
def test_a_data_set_offers_the_models_that_fit(name: str, visit: Visit, calm: Check) -> None:
    at = visit("architecture")
    at.selectbox(key="data").set_value(name).run()
    calm(at)
    fitting = [spec.label for spec in MODELS.values() if name in spec.fits]
    assert at.selectbox(key="model").options == fitting


@pytest.mark.parametrize(
    ("page", "name"),
    [
        *(("start", name) for name, row in DATASETS.items() if row.kind == "download"),
        *((page, "cifar10") for page in PAGES if page != "start"),
    ],
)
def test_a_data_set_that_is_not_here_is_offered_with_its_size(
    page: str, name: str, visit: Visit, calm: Check, said: Words
) -> None:
    at = visit(page, {"data": name})
    calm(at)
    assert any(DATASETS[name].label in item.label for item in at.sidebar.button)
    assert f"{DATASETS[name].download_bytes / 1e6:.0f} MB" in said(at)
    assert at.main.info.len == 1
    at.selectbox(key="data").set_value("mnist").run()
    calm(at)
    assert at.main.info.len == 0 or "no image" not in at.main.info[0].value


def test_weights_that_are_not_here_are_offered_with_their_size(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("attribution", {"model": "resnet18"})
    calm(at)
    assert any("ResNet-18" in item.label for item in at.sidebar.button)
    assert f"{MODELS['resnet18'].download_bytes / 1e6:.0f} MB" in said(at)
    assert at.main.info.len == 1


def test_going_back_and_forth_between_data_sets(visit: Visit, calm: Check, settle: Run) -> None:
    at = visit("attribution", {"methods": "gradient"})
    for name in ("mnist", "photos", "mnist"):
        at.selectbox(key="data").set_value(name).run()
        calm(settle(at))
        assert name in MODELS[at.session_state["model"]].fits
        assert at.session_state["image"] in cached.image_set(name, "test").ids
        assert [item.value for item in at.info] == []


# ---------------------------------------------------------------------- what may fail
def test_missing_weights_are_named_and_other_models_work(
    visit: Visit, calm: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = data.path

    def path(name: str) -> Path:
        return tmp_path / name if name == "vgg16-mnist.safetensors" else there(name)

    monkeypatch.setattr(data, "path", path)
    st.cache_resource.clear()
    at = visit("start", {"data": "mnist", "model": "vgg16-mnist"})
    assert [item.message for item in at.exception] == []
    assert any("vgg16-mnist.safetensors is missing" in item.value for item in at.error)
    at.selectbox(key="model").set_value("lenet5-mnist").run()
    calm(at)
    assert at.success.len == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_cache_that_cannot_be_written_is_said_and_does_not_matter(
    page: str,
    visit: Visit,
    calm: Check,
    said: Words,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    forget_results: Callable[[], None],
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LAYERSCOPE_CACHE", str(tmp_path / "file" / "cache"))
    forget_results()
    try:
        at = visit(page, {"data": "mnist", "model": "lenet5-mnist"} | PAGES[page])
        calm(at)
        assert "Results are not kept between visits" in said(at)
        assert len(at.header) == 1
    finally:
        cached.jobs().shutdown(timeout=60)
        forget_results()


def test_what_nobody_expected_is_shown_and_the_next_run_is_sound(
    visit: Visit, calm: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(bench: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("pages._ui.panels.verdict", fail)
        at = visit("attribution", {"methods": "gradient"})
        assert len(at.exception) == 1
        # Whatever the page would have drawn below the fault is not there.
        assert not [button for button in at.button if str(button.key).startswith("gradient.")]
    calm(at.run())
