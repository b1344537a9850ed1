"""The cluster-flow page at its edges: few images, odd layers, own data, and work under way."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_flow import (
    DIGITS,
    PAGE,
    Check,
    Files,
    Run,
    Visit,
    Words,
    answer,
    button,
    complaints,
    drawing,
    drawings,
    expected,
    gallery,
    same,
)
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from pages._ui.streams import computing
from xai import flow, images
from xai.flow import NOISE, clustering, pipeline

QUESTIONS = ("parting", "derailment", "path", "quality", "files")
Bring = Callable[[nn.Module], AppTest]


def ask_everything(at: AppTest, settle: Run, calm: Check) -> str:
    """Ask each question, and follow everything that there is; return all that is said."""
    words = []
    for question in QUESTIONS:
        settle(at.button_group(key="ask.flow").set_value(question).run())
        calm(at)
        words += [item.value for kind in (at.markdown, at.caption, at.info) for item in kind]
    settle(at.button_group(key="flow.show").set_value("image").run())
    calm(at)
    return "\n".join(words)


# ---------------------------------------------------------------------------------- images
def test_photographs(visit: Visit, settle: Run, calm: Check, said: Words) -> None:
    asked = {"data": "photos", "model": "efficientnet-lite0", "flow.layers": "blocks.2,fc"}
    names = [layer.name for layer in cached.model("efficientnet-lite0").layers]
    asked["flow.layers"] = f"pixels,{names[len(names) // 2]},{names[-1]}"
    at = visit(PAGE, asked)
    calm(at)
    layers = tuple(asked["flow.layers"].split(","))
    assert complaints(at) == []
    assert list(at.selectbox(key="flow.n").options) == ["24"]
    same(drawing(at), expected(at, 24, layers))
    assert "24 images, about 1 of each class: too few" in said(at)
    ask_everything(at, settle, calm)
    assert drawing(at).tracks["clean"]["image"] is not None
    settle(button(at, "Try 1,000 digits").click().run())
    calm(at)
    assert at.query_params["model"] == "lenet5-mnist"
    assert drawing(at).header["images"] == 1000


def folder(count: int, classes: tuple[str, ...] = ()) -> bytes:
    """Return a zip of pictures, in a folder a class or without any."""
    file, rng = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(file, "w") as archive:
        for place in range(count):
            pixels = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
            name = f"{classes[place % len(classes)]}/{place}.png" if classes else f"{place}.png"
            archive.writestr(name, images.encode_png(pixels))
    return file.getvalue()


def kept(cache: Path) -> set[str]:
    """Return the results on disk, without what is written to see whether one can write."""
    return {path.name for path in cache.rglob("*.npz") if not path.name.startswith("probe")}


def own(visit: Visit, settle: Run, content: bytes, **asked: str) -> AppTest:
    """Open the page with a folder of one's own."""
    at = visit("start", {"data": "folder", "model": "lenet5-mnist"})
    at.file_uploader(key="zip").set_value(("own.zip", content, "application/zip")).run()
    settle(at)
    wanted = DIGITS | {"data": "folder"} | asked
    del wanted["flow.n"]
    return visit(PAGE, wanted, at=at)


def test_own_images_without_classes(
    visit: Visit, settle: Run, calm: Check, said: Words, files: Files, cache: Path
) -> None:
    before = kept(cache)
    at = own(visit, settle, folder(30))
    calm(at)
    seen = drawing(at)
    same(seen, expected(at, 30))
    assert len(seen.header["groups"]) == 1
    assert all("ARI" not in note for note in seen.view["notes"])
    assert "of each class" not in said(at)
    answer(at, chosen=[0, int(seen.clusters[0, 0]), None])
    calm(at)
    shown = gallery(at)
    assert shown is not None
    assert shown["ids"][0].startswith("folder-")
    words = ask_everything(at, settle, calm)
    assert "The classes of these images are unknown" in words
    assert "which of these images are misclassified: their classes are unknown." in words
    # A command could not find them, and nothing of them goes to disk.
    assert "python -m xai flow --dataset" not in words
    assert not at.code
    assert kept(cache) == before
    assert flow.read(files["folder-lenet5-mnist-flow.h5"]()).labels is None


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_images(count: int, visit: Visit, settle: Run, said: Words, calm: Check) -> None:
    at = own(visit, settle, folder(count, ("3", "5")))
    assert [item.message for item in at.exception] == []
    if count == 1:
        assert [item.value for item in at.error] == ["images: expected at least 2, got 1"]
        return
    calm(at)
    same(drawing(at), expected(at, count))
    ask_everything(at, settle, calm)
    assert "too few to gather" in said(at)


def test_all_is_noise(visit: Visit, settle: Run, calm: Check) -> None:
    recipe = {"extraction": "cut", "cut": 1.0, "min_size": 100}
    asked = {f"flow.optics.{name}": str(value) for name, value in recipe.items()}
    at = visit(PAGE, DIGITS | {"flow.layers": "relu2,fc3"} | asked)
    calm(at)
    seen = drawing(at)
    assert (seen.clusters == NOISE).all()
    assert seen.view["notes"] == ["0 · ARI 0.00"] * 2
    same(seen, expected(at, layers=("relu2", "fc3"), params=recipe))
    words = ask_everything(at, settle, calm)
    assert "relu2, fc3: All images are noise" in words
    assert "No class has most of its images in clusters of its own" in words
    assert "It ends in **noise**" in words


def test_layers_that_say_nothing(
    bring: Bring, visit: Visit, settle: Run, calm: Check, said: Words
) -> None:
    dull, last = nn.Conv2d(1, 2, 1), nn.Linear(28 * 28 * 2, 10)
    nn.init.zeros_(dull.weight)
    at = visit(
        PAGE, {"data": "mnist", "flow.n": "250"}, at=bring(nn.Sequential(dull, nn.Flatten(), last))
    )
    calm(at)
    seen = drawing(at)
    assert len(np.unique(seen.clusters[1])) == 1
    assert seen.view["notes"][1] == "1 · ARI 0.00"
    words = ask_everything(at, settle, calm)
    assert "python -m xai flow --dataset" not in words


def test_answers_that_are_no_numbers_are_a_sentence(bring: Bring, visit: Visit) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))
    nn.init.constant_(net[1].weight, float("nan"))
    at = visit(PAGE, {"data": "mnist", "flow.n": "250", "flow.layers": "1"}, at=bring(net))
    assert [item.message for item in at.exception] == []
    assert drawings(at) == []
    assert at.error[0].value.startswith("layers: expected one that can be clustered, got none: 1")


def test_layers_of_another_network_are_not_asked_of_this_one(
    visit: Visit, settle: Run, calm: Check
) -> None:
    at = visit(PAGE, DIGITS)
    settle(at.selectbox(key="data").set_value("photos").run())
    calm(at)
    known = {layer.name for layer in at.session_state["_bench"].model.layers}
    assert set(drawing(at).header["layers"]) <= known | {"pixels"}
    assert "flow.layers" not in at.query_params


# ------------------------------------------------------------------------------------- jobs
class Gate:
    """Flows that wait before the clusters of a layer until the test lets them go."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.closed = "fc3"
        self.begun = 0
        self.clustered: list[str | None] = []
        self._run, self._cluster = pipeline.run, clustering.cluster
        patch.setattr(computing, "run", self.run)
        patch.setattr(clustering, "cluster", self.cluster)

    def cluster(self, features: Any, *arguments: Any, **options: Any) -> Any:
        self.clustered.append(features.layer)
        return self._cluster(features, *arguments, **options)

    def run(self, *arguments: Any, **options: Any) -> pipeline.Run:
        self.begun += 1
        report = options.pop("progress")

        def progress(done: int, total: int, message: str) -> None:
            report(done, total, message)
            while self.closed and message == f"Clusters of {self.closed}":
                report(done, total, message)  # raises where the job is stopped
                time.sleep(0.01)

        return self._run(*arguments, progress=progress, **options)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, forget_results: Callable[[], None]) -> Iterator[Gate]:
    cached.jobs().shutdown(timeout=60)
    cached.store().clear()
    cached.shelf.clear()
    forget_results()
    made = Gate(monkeypatch)
    yield made
    made.closed = ""


def begin(visit: Visit, until: str = "Clusters of fc3") -> AppTest:
    """Open the page in a new session, and look until its work is at the gate."""
    at = visit("architecture", DIGITS)
    at.query_params = dict(DIGITS)
    at.switch_page(f"pages/{PAGE}.py").run()
    deadline = time.monotonic() + 60
    while until not in "".join(bar.proto.text for bar in at.get("progress")):
        assert time.monotonic() < deadline, f"never says {until!r}"
        at.run()
    return at


def test_work_is_stopped_and_goes_on_where_it_was(
    visit: Visit, gate: Gate, settle: Run, calm: Check, said: Words
) -> None:
    at = begin(visit)
    calm(at)
    assert drawings(at) == []
    (bar,) = at.get("progress")
    assert "OPTICS of 250 images in 3 layers" in bar.proto.text
    assert bar.proto.value > 50
    button(at, "Stop").click().run()
    calm(at)
    assert not at.get("progress")
    assert "OPTICS of 250 images in 3 layers was stopped." in said(at)
    assert gate.clustered == ["relu2", "relu4"]
    gate.closed = ""
    settle(button(at, "Start again").click().run())
    calm(at)
    assert gate.clustered == ["relu2", "relu4", "fc3"]
    same(drawing(at), expected(at))


def test_two_sessions_share_the_work(visit: Visit, gate: Gate, settle: Run, calm: Check) -> None:
    one, two = begin(visit), begin(visit)
    button(one, "Stop").click().run()
    gate.closed = ""
    settle(two)
    calm(two)
    assert gate.begun == 1
    assert drawings(one) == []
    settle(button(one, "Start again").click().run())
    calm(one)
    assert gate.begun == 1
    assert drawing(one).view["picture"] == drawing(two).view["picture"]


def test_work_goes_on_on_another_page(visit: Visit, gate: Gate, calm: Check) -> None:
    at = begin(visit)
    at.query_params = {}
    at.switch_page("pages/architecture.py").run()
    calm(at)
    gate.closed = ""
    at = visit(PAGE, at=at)
    calm(at)
    assert gate.begun == 1
    # The choices are as they were, in the address, too.
    assert {name: at.query_params.get(name) for name in DIGITS} == DIGITS
    same(drawing(at), expected(at))


def test_what_is_no_longer_asked_gives_way(visit: Visit, gate: Gate, settle: Run, calm: Check):
    at = begin(visit)
    settle(at.multiselect(key="flow.layers").set_value(["relu2"]).run())
    calm(at)
    assert drawing(at).header["layers"] == ["relu2"]
    assert gate.begun == 2
    assert "fc3" not in gate.clustered
