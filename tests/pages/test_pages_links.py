"""What a link says is restored; what it asks for in vain is replaced, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached, link
from pages._ui.presets import PRESETS, Preset

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]

SCRIPT = "<script>alert(1)</script>"
DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
QUICK = DIGITS | {"map": "pca", "n": "100"}
GROWN = DIGITS | {"grow.steps": "2"}

#: Page, the rest of the link, the parameter, what it asks for, what is shown instead.
IN_VAIN = [
    ("start", {}, "data", "nope", "photos"),
    ("start", {}, "data", SCRIPT, "photos"),
    ("start", {}, "model", "nope", "efficientnet-lite0"),
    ("start", {}, "model", SCRIPT, "efficientnet-lite0"),
    ("start", {}, "image", "../../etc/passwd", "photo-ginger-cat"),
    ("start", {}, "target", "1000", "predicted"),
    ("start", {}, "target", "-1", "predicted"),
    ("start", {}, "target", "cat", "predicted"),
    ("start", {}, "target", "²", "predicted"),
    ("start", {}, "target", "NaN", "predicted"),
    ("start", {"data": "mnist"}, "model", "efficientnet-lite0", "lenet5-mnist"),
    ("start", {"data": "photos"}, "model", "vgg16-mnist", "efficientnet-lite0"),
    ("start", DIGITS, "target", "10", "predicted"),
    ("start", DIGITS, "image", "photo-ginger-cat", "mnist-test-00004"),
    ("feature_maps", DIGITS, "layer", "layer4.1.relu_2", "relu2"),
    ("feature_maps", DIGITS, "layer", SCRIPT, "relu2"),
    ("attribution", DIGITS, "methods", "gradient,nope", "gradient,grad_cam,lrp"),
    ("attribution", DIGITS | {"methods": "lrp"}, "lrp.epsilon", "NaN", None),
    ("attribution", DIGITS | {"methods": "lrp"}, "lrp.epsilon", "1e99", None),
    ("attribution", DIGITS | {"methods": "lrp"}, "lrp.epsilon", SCRIPT, None),
    ("attribution", DIGITS | {"methods": "lrp"}, "lrp.composite", SCRIPT, None),
    ("attribution", DIGITS | {"methods": "smoothgrad"}, "smoothgrad.n", "1e99", None),
    ("attribution", DIGITS | {"methods": "smoothgrad"}, "smoothgrad.n", "-3", None),
    ("adversarial", DIGITS, "attack", "nope", "pgd"),
    ("adversarial", DIGITS | {"attack": "fgsm"}, "aim", "12", "untargeted"),
    ("adversarial", DIGITS | {"attack": "fgsm"}, "eps", "NaN", "26"),
    ("adversarial", DIGITS | {"attack": "fgsm"}, "eps", "1e99", "26"),
    ("adversarial", DIGITS | {"attack": "fgsm"}, "eps", "-1", "26"),
    ("adversarial", DIGITS | {"attack": "fgsm"}, "eps", "²", "26"),
    ("class_visualization", GROWN, "wish", "nope", "class"),
    ("class_visualization", GROWN, "wish.class", "10", None),
    ("class_visualization", GROWN, "grow.pace", "1e99", None),
    ("class_visualization", GROWN, "grow.jitter", "²", None),
    ("dataset", QUICK, "space", "conv9", "relu4"),
    ("dataset", QUICK, "n", "1e99", "1000"),
    ("dataset", DIGITS | {"n": "100"}, "map", SCRIPT, "tsne"),
    ("architecture", DIGITS, "level", SCRIPT, "overview"),
]


def notes(at: AppTest) -> list[str]:
    return [item.value for item in at.info if "The link asks" in item.value]


@pytest.mark.parametrize(
    ("page", "rest", "key", "wanted", "instead"),
    IN_VAIN,
    ids=[f"{page}-{key}-{wanted}" for page, _, key, wanted, _ in IN_VAIN],
)
def test_what_a_link_asks_for_in_vain_is_replaced_and_said(
    page: str,
    rest: dict[str, str],
    key: str,
    wanted: str,
    instead: str | None,
    visit: Visit,
    calm: Check,
) -> None:
    at = visit(page, rest | {key: wanted})
    calm(at)
    found = notes(at)
    assert len(found) == 1
    assert wanted in found[0]
    assert at.query_params.get(key) == instead


def test_all_that_is_wrong_with_a_link_is_said_at_once(visit: Visit, calm: Check) -> None:
    query = {"data": "mnist", "model": "vgg99", "attack": "nope", "eps": "1e99", "aim": "second"}
    at = visit("adversarial", query)
    calm(at)
    found = notes(at)
    assert len(found) == 1
    assert all(word in found[0] for word in ("vgg99", "nope", "1e99"))
    assert at.session_state["aim"] == "second"


def test_a_note_ends_when_the_reader_chooses(visit: Visit, settle: Run) -> None:
    at = visit("start", DIGITS | {"model": "vgg99"})
    assert len(notes(at)) == 1
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    assert notes(at) == []


@pytest.mark.parametrize(
    "wanted", ["[click](http://127.0.0.1:9/)", "![x](http://127.0.0.1:9/x.png)"]
)
def test_a_link_cannot_put_links_and_pictures_on_a_page(wanted: str, visit: Visit) -> None:
    at = visit("start", DIGITS | {"target": wanted})
    (note,) = notes(at)
    shown = note.partition("`")[2].rpartition("`")[0]
    assert shown == wanted


def test_a_link_restores_every_choice(visit: Visit, calm: Check) -> None:
    image = cached.image_set("mnist", "test").ids[700]
    bench = {"data": "mnist", "model": "vgg16-mnist", "image": image, "target": "3"}
    views: dict[str, dict[str, str]] = {
        "start": {},
        "dataset": {"space": "features.relu4_3", "map": "pca", "n": "300"},
        "architecture": {"level": "layers"},
        "feature_maps": {"layer": "features.relu2_1"},
        "attribution": {
            "methods": "gradient,lrp",
            "lrp.composite": "epsilon_gamma_box",
            "lrp.epsilon": "0.01",
        },
        "adversarial": {"attack": "bim", "eps": "12", "aim": "5", "bim.steps": "7"},
        "class_visualization": {
            "wish": "mix",
            "layer": "features.relu2_1",
            "channel": "2",
            "wish.with": "11",
            "grow.steps": "2",
            "grow.seed": "5",
        },
    }
    for page, view in views.items():
        at = visit(page, bench | view)
        calm(at)
        assert notes(at) == []
        shown = {key: value for key, value in at.query_params.items() if key in bench | view}
        assert shown == bench | view
        assert at.session_state["image"] == image


def test_a_link_of_500_characters_is_cut(visit: Visit, calm: Check) -> None:
    at = visit("architecture", DIGITS | {"image": "x" * 5000})
    calm(at)
    (note,) = notes(at)
    assert len(note) < 400


# ----------------------------------------------------------------------- prepared views
def page_of(preset: Preset) -> str:
    return preset.page.removeprefix("pages/").removesuffix(".py")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_a_prepared_view_opens_as_it_was_prepared(
    preset: Preset, visit: Visit, calm: Check
) -> None:
    at = visit(page_of(preset), dict(preset.query))
    calm(at)
    assert notes(at) == []
    shown = {key: at.query_params.get(key) for key, _ in preset.query}
    assert shown == dict(preset.query)


def test_the_misclassified_digit_is_misclassified(visit: Visit) -> None:
    preset = next(item for item in PRESETS if "misclassified" in item.title)
    at = visit(page_of(preset), dict(preset.query))
    bench = at.session_state["_bench"]
    assert bench.true is not None
    assert bench.model.predict(bench.input).label != bench.true
    assert any("but it is" in item.value for item in at.warning)


def test_the_cat_is_a_cat(visit: Visit) -> None:
    preset = next(item for item in PRESETS if "cat" in item.title)
    at = visit("start", dict(preset.query))
    bench = at.session_state["_bench"]
    assert "cat" in bench.model.predict(bench.input).name
    assert at.success.len == 1


def test_the_fooled_network_is_fooled_whatever_was_chosen_before(visit: Visit, settle: Run) -> None:
    preset = next(item for item in PRESETS if "fooled" in item.title)
    at = visit("adversarial", {"attack": "fgsm"})
    at.slider(key="eps").set_value(0).run()
    at.selectbox(key="aim").set_value("7").run()
    at.selectbox(key="target").set_value("9").run()
    settle(at.button_group(key="source").set_value("upload").run())
    at = visit(page_of(preset), dict(preset.query), at=at)
    assert at.session_state["_bench"].chosen.id == dict(preset.query)["image"]
    assert any("Fooled" in item.value for item in at.warning)
    bench = at.session_state["_bench"]
    assert bench.model.predict(bench.input).label == bench.true


@pytest.mark.parametrize(
    "stray", [{"utm_source": "mail"}, {"methods": "gradient", "lrp.epsilon": "0.01"}]
)
def test_what_no_widget_reads_freezes_nothing(
    stray: dict[str, str], visit: Visit, settle: Run
) -> None:
    at = visit("start", stray)
    settle(at.selectbox(key="target").set_value("second").run())
    assert at.selectbox(key="target").value == "second"
    settle(at.selectbox(key="data").set_value("mnist").run())
    assert at.selectbox(key="data").value == "mnist"


# ------------------------------------------------------------- what the browser sends along
def test_a_word_that_means_nothing_here_does_not_hold_the_choices(
    visit: Visit, settle: Run
) -> None:
    """Mail programs and other pages leave words of their own in a link."""
    at = visit("start", DIGITS | {"utm_source": "mail", "layer": "relu1", "smoothgrad.n": "7"})
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    assert settle(at.run()).session_state["model"] == "vgg16-mnist"
    assert notes(at) == []


def test_an_address_that_is_late_does_not_take_a_choice_back(visit: Visit, settle: Run) -> None:
    """On a slow line the reader moves on before the browser has heard of the new address."""
    at = visit("adversarial", DIGITS | {"attack": "fgsm"})
    before = dict(at.query_params)
    for eps in (27, 28, 29):
        at.query_params = dict(before)
        at.slider(key="eps").set_value(eps).run()
        assert at.session_state["eps"] == eps
    at.query_params = dict(before)
    settle(at.selectbox(key="model").set_value("vgg16-mnist").run())
    assert at.session_state["eps"] == 29
    assert at.session_state["model"] == "vgg16-mnist"
    at = visit("adversarial", before, at=visit("start", at=at))
    assert at.session_state["eps"] == 26
    assert at.session_state["model"] == "lenet5-mnist"


def test_an_address_that_was_replaced_unseen_does_not_take_a_choice_back(visit: Visit) -> None:
    """The browser hears of 27 only after 28 was chosen, which came with the address before."""
    at = visit("adversarial", DIGITS | {"attack": "fgsm"})
    before = dict(at.query_params)
    at.slider(key="eps").set_value(27).run()
    unseen = dict(at.query_params)
    at.query_params = dict(before)
    at.slider(key="eps").set_value(28).run()
    at.query_params = unseen
    at.slider(key="eps").set_value(29).run()
    assert at.session_state["eps"] == 29


def test_an_address_may_be_late_after_a_long_look(
    visit: Visit, settle: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is when an address was replaced, and not when it was written."""
    clock = [1000.0]
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=lambda: clock[0]), raising=False)
    at = visit("adversarial", DIGITS | {"attack": "fgsm"})
    before = dict(at.query_params)
    clock[0] += 60
    for eps in (27, 28):
        at.query_params = dict(before)
        at.slider(key="eps").set_value(eps).run()
        clock[0] += 0.2
    assert at.session_state["eps"] == 28
    assert settle(at).query_params["eps"] == "28"
