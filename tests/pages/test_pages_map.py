"""The map of a data set: recipe, inspector, selection, filters, placing, trust, depth, export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from pages._ui.atlas import scene as scenes
from xai import embedding, models
from xai.datasets import load_all, pool_sample

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

DIGITS = {"data": "mnist", "model": "lenet5-mnist", "n": "100", "map": "pca", "space": "pixels"}


@pytest.fixture(scope="module")
def images():
    return pool_sample(load_all("mnist"), 100)


@pytest.fixture(scope="module")
def lenet():
    return models.load("lenet5-mnist")


def views(at: AppTest) -> list[dict]:
    """Return what the map component was told, one a mounted map."""
    import json

    found = []
    for element in at.get("bidi_component"):
        data = json.loads(element.proto.json or "{}")
        if "view" in data:
            found.append(data)
    return found


def test_the_map_says_what_it_is_made_of(visit: Visit, calm: Check, said: Words, images, lenet):
    at = visit("dataset", DIGITS)
    calm(at)
    found = embedding.features(lenet, images, None)
    words = said(at)
    assert f"{found.components} principal components" in words
    assert "100 images" in words
    assert len(views(at)) == 1


def test_a_data_set_offers_no_more_images_than_it_has(visit: Visit):
    at = visit("dataset", {"data": "photos", "map": "pca", "space": "pixels"})
    assert list(at.selectbox(key="n").options) == ["24"]
    at = visit("dataset", DIGITS)
    assert at.selectbox(key="n").options[-1] == "10,000"


def test_a_link_opens_the_inspector(visit: Visit, calm: Check, said: Words, images, lenet):
    name = images.ids[7]
    at = visit("dataset", DIGITS | {"point": name})
    calm(at)
    words = said(at)
    seen = lenet.predict(lenet.prepare(images.images[7]))
    assert name in words
    assert f"Evidence for {seen.name}" in words
    features = embedding.features(lenet, images, None)
    near = embedding.neighbours(features, 10)[7]
    same = int((images.labels[near] == images.labels[7]).sum())
    assert f"{same} of 10 share its class" in words


def test_a_link_to_an_image_that_is_not_on_the_map_is_said(visit: Visit, said: Words):
    at = visit("dataset", DIGITS | {"point": "mnist-test-99999"})
    assert "mnist-test-99999" in said(at)
    assert "not available" in said(at)


def test_an_inspected_image_goes_to_the_workbench(visit: Visit, settle: Run, images):
    name = images.ids[3]
    at = visit("dataset", DIGITS | {"point": name})
    (button,) = [item for item in at.button if item.label == "Use this image"]
    settle(button.click().run())
    assert at.session_state["image"] == name


def test_the_filter_counts_what_passes(visit: Visit, settle: Run, said: Words, images):
    at = visit("dataset", DIGITS)
    at.multiselect(key="only").set_value(["3", "5"]).run()
    passing = int(np.isin(images.labels, [3, 5]).sum())
    assert f"{passing} of 100 images pass" in said(settle(at))
    at = visit("dataset", DIGITS | {"only": "3-5"})
    assert f"{passing} of 100 images pass" in said(at)


def test_a_mistake_is_a_mistake(visit: Visit, settle: Run, lenet):
    whole = pool_sample(load_all("mnist"), 2000)
    at = visit("dataset", DIGITS | {"n": "2000"})
    (button,) = [item for item in at.button if item.label == "Show me a mistake"]
    shown = []
    for _ in range(2):
        (button,) = [item for item in at.button if item.label == "Show me a mistake"]
        settle(button.click().run())
        shown.append(at.session_state[scenes.POINT])
    assert len(set(shown)) == 2
    sure = []
    for name in shown:
        place = whole.index(name)
        found = lenet.predict(lenet.prepare(whole.images[place]))
        assert found.label != whole.labels[place]
        sure.append(found.confidence)
    assert sure == sorted(sure, reverse=True)


@pytest.mark.parametrize("part", ["images", "mistakes", "trust", "depth", "export"])
def test_every_section_opens(part: str, visit: Visit, calm: Check, settle: Run):
    at = visit("dataset", DIGITS | {"part": part})
    calm(settle(at))


def test_two_maps_show_the_same_images(visit: Visit, calm: Check, said: Words):
    at = visit(
        "dataset",
        DIGITS | {"beside": "True", "b.space": "relu4", "b.map": "pca", "b.model": "lenet5-mnist"},
    )
    calm(at)
    (view,) = views(at)
    assert "PCA of pixels" in said(at)
    assert "PCA of relu4" in said(at)
    assert len(view["view"]["panels"]) == 2


def test_stability_is_asked_for_and_then_shown(visit: Visit, settle: Run, said: Words):
    at = visit("dataset", DIGITS | {"part": "trust"})
    (button,) = [item for item in at.button if item.label.startswith("Is it stable?")]
    settle(button.click().run())
    settle(at.run())
    shown = {item.label: item.value for item in at.metric}
    assert shown["Same neighbours in three runs"] == "100%"


def test_a_second_visit_computes_nothing(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    visit("dataset", DIGITS)
    monkeypatch.setattr(embedding, "run", None)
    monkeypatch.setattr(embedding, "features", None)
    cached.jobs.clear()
    at = visit("dataset", DIGITS)
    assert len(views(at)) == 1


def test_too_few_images_are_a_sentence(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    whole = load_all("mnist")
    monkeypatch.setattr(cached, "pool", lambda name: whole.subset([0, 1, 2]))
    at = visit("dataset", DIGITS)
    assert not at.exception
    assert "at least" in at.error[0].value


def test_the_table_has_every_point(images, lenet):
    from pages._ui.atlas import selection
    from pages._ui.atlas.computing import Laid

    features = embedding.features(lenet, images, "relu4")
    drawn = embedding.run(features, "pca")
    laid = Laid(
        features, drawn, embedding.neighbours(features, 10), embedding.clusters(features, 10)
    )
    scene = scenes.Scene(_Bench(lenet.spec), images, (), (laid,))
    rows = list(csv.DictReader(io.StringIO(selection.table(scene, np.arange(100)))))
    assert [row["id"] for row in rows] == list(images.ids)
    np.testing.assert_allclose([float(row["x"]) for row in rows], drawn.points[:, 0], rtol=1e-4)


class _Bench:
    def __init__(self, spec):
        self.spec = spec


# --------------------------------------------------------------- what went wrong once
def test_buttons_work_in_a_run_of_the_whole_page(visit: Visit, settle: Run, calm: Check):
    at = visit("dataset", DIGITS | {"n": "2000"})
    for word in ("Show me a mistake", "Close"):
        (button,) = [item for item in at.button if item.label == word]
        settle(button.click().run())
        calm(at)


def test_both_maps_of_one_kind_are_told_apart_and_measured(
    visit: Visit, settle: Run, calm: Check, said: Words
):
    both = {"beside": "True", "b.map": "pca", "b.space": "pixels", "b.reduce": "pca50"}
    at = visit("dataset", DIGITS | both | {"part": "trust", "n": "300"})
    calm(at)
    assert "PCA of pixels, keeps 90 %" in said(at)
    assert "PCA of pixels, keeps 50 %" in said(at)
    for _ in range(2):
        asking = [item for item in at.button if item.label.startswith("Is it stable?")]
        settle(asking[0].click().run())
    settle(at.run())
    calm(at)
    assert [item.label for item in at.metric].count("Same neighbours in three runs") == 2


def test_the_link_of_every_choice_opens_it_again(visit: Visit, said: Words, images):
    choices = {"only": "3-5", "sure": "20-100", "correct": "right", "colour": "trust"}
    at = visit("dataset", DIGITS | choices | {"point": images.ids[0]})
    for name, value in (choices | {"point": images.ids[0]}).items():
        assert at.query_params[name] == value
    assert "The link asks" not in said(at)


def test_the_colour_of_a_link_waits_for_the_map(visit: Visit, settle: Run):
    query = {"n": "300", "map": "tsne", "space": "conv1", "colour": "right"}
    at = visit("dataset", DIGITS | query)
    assert at.session_state["colour"] == "right"
    (view,) = views(at)
    assert view["state"]["colour"]["value"] == "right"


def test_an_inspected_image_that_is_gone_leaves_the_link(visit: Visit, settle: Run):
    whole = pool_sample(load_all("mnist"), 300)
    at = visit("dataset", DIGITS | {"n": "300", "point": whole.ids[250]})
    assert at.query_params["point"] == whole.ids[250]
    settle(at.selectbox(key="n").set_value("100").run())
    assert at.session_state["point"] is None
    assert "point" not in at.query_params


def test_no_number_of_images_in_a_link_is_refused(visit: Visit, said: Words):
    for count in ("24", "1000", "777"):
        at = visit("dataset", {"data": "photos", "map": "pca", "space": "pixels", "n": count})
        assert "The link asks" not in said(at)


def test_answers_that_are_no_numbers_are_said(
    visit: Visit, calm: Check, said: Words, monkeypatch: pytest.MonkeyPatch
):
    from xai.features import description

    sentence = "The network’s answers are no numbers."
    monkeypatch.setattr(description, "predictions", lambda logits: (None, None, (sentence,)))
    at = visit("dataset", DIGITS | {"n": "600", "space": "relu4"})
    calm(at)
    assert sentence in said(at)


def test_nothing_of_own_images_goes_to_disk(
    visit: Visit, calm: Check, cache, monkeypatch: pytest.MonkeyPatch
):
    from pages._ui.atlas import choices

    told = choices._wanted

    def own(*arguments):
        import dataclasses

        return dataclasses.replace(told(*arguments), own=True)

    monkeypatch.setattr(choices, "_wanted", own)
    before = {path.name for path in cache.rglob("*.npz")}
    calm(visit("dataset", DIGITS | {"n": "300", "space": "pool1", "part": "depth"}))
    assert {path.name for path in cache.rglob("*.npz")} == before
