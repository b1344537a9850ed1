"""The film of a layer on the training page, and what was learned and forgotten."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached
from pages._ui.lessons.answers import learning as answer
from xai import data
from xai.embedding import Evolution, TsneParams
from xai.embedding.evolution import shipped
from xai.embedding.evolution.keys import EvolutionKey
from xai.store import Store
from xai.training import learning

Visit = Callable[..., AppTest]
Run = Callable[[AppTest], AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]
Files = dict[str, Any]

DIGITS = {"data": "mnist", "model": "lenet5-mnist"}
FILM = DIGITS | {"ask.training": "film"}
LEARNING = DIGITS | {"ask.training": "learning"}


def films(at: AppTest) -> list[dict[str, Any]]:
    """Return what the maps of the page are told, each with its large parts by their digests."""
    told, parts = [], {}
    for element in at.get("bidi_component"):
        content = bytes(element.proto.bytes)
        parts[content[:24].decode("ascii", "replace")] = content[24:]
        message = json.loads(element.proto.json or "{}")
        if "panels" in message.get("view", {}):
            told.append(message["view"])
    for view in told:
        for panel in view["panels"]:
            panel["frames"] = json.loads(parts[panel["frames"]])
    return told


def table(files: Files, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name])))


# ------------------------------------------------------------------------------- the film
def test_the_shipped_film_is_there_at_once(
    visit: Visit, calm: Check, said: Words, files: Files
) -> None:
    at = visit("training", FILM)
    calm(at)
    run = cached.shipped()
    (view,) = films(at)
    (panel,) = view["panels"]
    assert panel["frames"]["words"] == [f"epoch {mark:g}" for mark in run.marks]
    assert panel["trails"] == "chosen"
    assert "orthogonal Procrustes" in said(at)
    rows = table(files, f"film-{run.digest}.csv")
    assert [float(row["epoch"]) for row in rows] == list(run.marks)
    # An untrained layer mixes the classes, a trained one parts them.
    assert float(rows[0]["knn_accuracy"]) < 0.7
    assert float(rows[-1]["knn_accuracy"]) > 0.95
    with np.load(io.BytesIO(files[f"film-{run.digest}.npz"]())) as arrays:
        assert arrays["points"].shape == (len(run.marks), 500, 2)
        assert np.isfinite(arrays["points"]).all()


def test_the_film_that_ships_is_of_the_run_and_the_images_that_ship() -> None:
    run = cached.shipped()
    images = shipped.filmed(cached.tested(run.digest, run))
    layer = run.load().layers[-2].name
    key = EvolutionKey(images.signature, run.digest, run.marks, layer, shipped.METHOD, TsneParams())
    film = Store(data.path("films")).load(key)
    assert isinstance(film, Evolution)
    assert film.ids == images.ids
    card = data.path("films.md").read_text(encoding="utf-8")
    assert shipped.row(key, film) in card


def test_another_layer_is_filmed_on_the_page(visit: Visit, settle: Run, calm: Check) -> None:
    query = FILM | {"film.layer": "fc3", "film.map": "pca", "film.n": "250", "film.trails": "all"}
    at = visit("training", query)
    calm(at)
    (view,) = films(at)
    (panel,) = view["panels"]
    assert panel["title"] == "PCA of fc3"
    assert panel["trails"] == "all"
    assert not panel["live"]
    assert len(panel["frames"]["iterations"]) == len(cached.shipped().marks)
    settle(at.button_group(key="film.trails").set_value("none").run())
    calm(at)
    assert films(at)[0]["panels"][0]["trails"] == ""


# --------------------------------------------------------------------------- the forgotten
@pytest.mark.parametrize("kind", ["training", "test"])
def test_every_image_is_in_the_table(
    kind: str, visit: Visit, calm: Check, said: Words, files: Files
) -> None:
    at = visit("training", LEARNING | {"learn.of": kind})
    calm(at)
    run = cached.shipped()
    found = learning.of_tests(run) if kind == "test" else learning.of_training(run)
    rows = table(files, f"learning-{kind}.csv")
    assert [row["id"] for row in rows] == list(found.ids)
    assert [int(row["times_forgotten"]) for row in rows] == found.forgotten.tolist()
    for place in (0, len(rows) // 2, int(found.hardest()[0])):
        first = found.first[place]
        expected = "" if first < 0 else f"{found.epochs[first]:g}"
        assert rows[place]["first_right"] == expected
    assert f"**{int(found.unforgettable.sum()):,}**" in said(at)
    assert "The most forgotten images" in said(at)
    assert len(at.get("vega_lite_chart")) >= 3


def test_a_bar_names_its_images_the_hardest_first() -> None:
    found = learning.of_training(cached.shipped())
    places, title = answer._chosen(found, 2)
    assert (found.forgotten[places] == 2).all()
    assert len(places) == int(((found.forgotten == 2) & ~found.never).sum())
    assert title == f"Forgotten 2 times: {len(places):,}"
    hardest, _ = answer._chosen(found, None)
    assert (np.diff(found.forgotten[hardest]) <= 0).all()
    kept, title = answer._chosen(found, 0)
    assert found.unforgettable[kept].all()
    assert "never forgotten" in title


def test_a_run_without_a_test_image_says_so(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, said: Words
) -> None:
    def none(run: object) -> None:
        raise ValueError("The run kept no test images.")

    monkeypatch.setattr(learning, "of_tests", none)
    at = visit("training", LEARNING | {"learn.of": "test"})
    assert "The run kept no test images." in said(at)
    assert [item.message for item in at.exception] == []
