"""The adversarial page at its edges: failures that end far away, names that look like markup."""

from __future__ import annotations

import dataclasses
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages._ui import cached, link, panels
from xai import attacks, datasets, images
from xai.attacks import EPS_MAX, Goal
from xai.attacks.studies.shots import settings
from xai.attacks.studies.transfer import transfer_rate
from xai.models import MODELS, LoadedModel

Visit = Callable[..., AppTest]
Check = Callable[[AppTest], None]
Words = Callable[[AppTest], str]

ROOT = Path(__file__).resolve().parents[2]
FAR = {"attack": "cw", "aim": "3", "cw.steps": "3", "cw.searches": "6"}


def test_an_attack_that_fails_far_away_has_noise_of_its_length(
    visit: Visit, calm: Check, said: Words
) -> None:
    at = visit("adversarial", {"data": "photos", "model": "efficientnet-lite0"} | FAR)
    calm(at)
    bench = at.session_state["_bench"]
    params = {"steps": 3, "searches": 6}
    found = attacks.run(bench.model, bench.input, "cw", goal=Goal.targeted(3), params=params)
    assert found.l2 > EPS_MAX["l2"]
    assert not found.success
    noise = attacks.random_noise(
        bench.model, bench.input, goal=found.goal, eps=found.l2, norm="l2", quantize=False
    )
    assert noise.l2 == pytest.approx(found.l2, rel=1e-3)
    assert panels.plain(noise.after.name) in said(at)


def test_short_noise_is_as_long_as_it_is_said_to_be_in_every_study() -> None:
    """On a photograph the rounding to 1/255 would leave nothing of it."""
    assert not settings("noise", "l2").quantize  # type: ignore[attr-defined]
    assert settings("noise", "linf").quantize  # type: ignore[attr-defined]
    model = cached.model("efficientnet-lite0")
    photos = datasets.load("photos", n=1)
    params = {"norm": "l2", "eps": 0.1, "steps": 1}
    seen: list[np.ndarray] = []
    answers = LoadedModel.logits

    def logits(self: LoadedModel, x: object) -> object:
        seen.append(np.asarray(x.detach()))  # type: ignore[attr-defined]
        return answers(self, x)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LoadedModel, "logits", logits)
        transfer_rate(model, [], photos, "pgd", params)
    clean, noisy, attacked = seen[-3:]
    length = np.linalg.norm(attacked - clean)
    assert length > 0.01
    assert np.linalg.norm(noisy - clean) == pytest.approx(length, rel=0.01)


def test_names_of_classes_are_no_markup(visit: Visit, calm: Check, said: Words) -> None:
    names = tuple(f"*{digit}* [a](b) $c$" for digit in range(10))
    own = MODELS["lenet5-mnist"]
    spec = dataclasses.replace(own, name="own-marked", label="My own", own_classes=names)
    cached.own_models().put(LoadedModel(spec, cached.model("lenet5-mnist").net))
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=120)
    at.session_state["own_model"] = at.session_state["model"] = "own-marked"
    at = visit(
        "adversarial", {"data": "mnist", "attack": "fgsm", "image": "mnist-test-08539"}, at=at
    )
    calm(at)
    text = said(at)
    assert at.session_state["_bench"].spec.classes == names
    assert panels.plain(names[8]) in text
    assert names[8] not in text
    cached.own_models.clear()


def test_other_networks_are_asked_about_images_that_all_of_them_know(
    visit: Visit, settle: Callable[[AppTest], AppTest], calm: Check, said: Words
) -> None:
    """A sample of a folder where few classes are known might hold no image of these."""
    digits = datasets.load("mnist", n=20)
    known = {f"{digits.classes[digits.labels[0]]}/0.png": images.encode_png(digits.images[0])}
    odd = {
        f"odd{place}/{place}.png": images.encode_png(digits.images[place]) for place in range(1, 20)
    }
    at = visit("start", {"data": "folder"})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (known | odd).items():
            archive.writestr(name, content)
    at.file_uploader(key="zip").set_value(("own.zip", file.getvalue(), "application/zip")).run()
    settle(at)
    query = {"data": "folder", "model": "lenet5-mnist", "attack": "fgsm", "ask": "transfer"}
    at = visit("adversarial", query | {"transfer.n": "1"}, at=at)
    calm(at)
    assert "1 image, each attacked" in said(at)
    assert "Images of other classes were left out." in said(at)
    at = visit("adversarial", query | {"ask": "many", "many.n": "10"}, at=at)
    calm(at)


def test_a_late_address_does_not_undo_what_left_it(visit: Visit) -> None:
    """Some choices take a word out of the address; the browser may not have heard of it yet."""
    at = visit("start", {"data": "mnist", "model": "lenet5-mnist"})
    before = {name: at.query_params[name] for name in at.query_params}
    assert before["source"] in ("browse", ["browse"])
    later = time.monotonic() + 60  # long after the page was opened
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link.time, "monotonic", lambda: later)
        at.session_state["source"] = "upload"
        at.run()
        assert "source" not in at.query_params
        at.query_params = before
        at.run()
    assert at.session_state["source"] == "upload"
