"""The app without a browser: opened at a page, run again until its work is done."""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from torch import nn

from pages._ui import cached
from xai.models import MODELS
from xai.models.loaded import LoadedModel
from xai.store import CACHE_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
Visit = Callable[..., AppTest]

#: Seconds that the work of a page may take on a busy machine.
_PATIENCE = 120


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what the app writes in a folder of its own, and end its jobs with the module.

    A thread that still computes when the process ends would take it down with an abort.
    """
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        forget_results()
        yield folder
        for queue in (cached.jobs(), cached.trainings()):
            queue.shutdown(timeout=_PATIENCE)
        forget_results()


def forget_results() -> None:
    """Let the next visit open the store and the queue of work anew."""
    for resource in (cached.jobs, cached.trainings, cached.store):
        resource.clear()
    for data in (cached.prediction, cached.feature_maps, cached.overview, cached.account):
        data.clear()
    for data in (cached.noise, cached.gallery):
        data.clear()


@pytest.fixture
def navigated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run Home.py, as a server does that somebody has visited before.

    Each run of an AppTest would otherwise be that of a fresh server, which takes
    the files of ``pages/`` for apps of their own.
    """
    begin = PagesManager.__init__

    def begin_navigated(self: PagesManager, *args: object, **options: object) -> None:
        begin(self, *args, **options)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_navigated)


@pytest.fixture
def visit(navigated: None) -> Visit:
    """Open a page: ``visit("attribution", {"methods": "lrp"})``; the work is done on return.

    ``at`` goes on in a session that is open already: a change of page empties the address.
    """

    def go(
        page: str = "start", query: Mapping[str, str] | None = None, *, at: AppTest | None = None
    ) -> AppTest:
        app = at
        if app is None:
            app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=_PATIENCE)
        app.query_params = dict(query or {})
        app.switch_page(f"pages/{page}.py")
        return settle(app.run())

    return go


def settle(at: AppTest) -> AppTest:
    """Run the page until no job is under way, as the timer of a browser does."""
    deadline = time.monotonic() + _PATIENCE
    while at.get("progress"):
        assert time.monotonic() < deadline, "a job does not end"
        at.run()
    return at


@pytest.fixture(name="settle")
def settle_fixture() -> Callable[[AppTest], AppTest]:
    """Run a page until no job is under way."""
    return settle


@pytest.fixture(name="forget_results")
def forget_results_fixture() -> Callable[[], None]:
    """Let the next visit open the store and the queue of work anew."""
    return forget_results


@pytest.fixture
def calm() -> Callable[[AppTest], None]:
    """Check that a page shows neither an exception nor an error."""

    def check(at: AppTest) -> None:
        assert [item.message for item in at.exception] == []
        assert [item.value for item in at.error] == []

    return check


@pytest.fixture
def said() -> Callable[[AppTest], str]:
    """Return all that a page says in words, one element a line, with plain spaces."""

    def words(at: AppTest) -> str:
        kinds = (at.markdown, at.caption, at.info, at.success, at.warning, at.error)
        text = "\n".join(item.value for kind in kinds for item in kind)
        return text.replace("\u00a0", " ")

    return words


@pytest.fixture
def told() -> Callable[[AppTest], list[dict[str, Any]]]:
    """Return what the components of a page are told: each small message, with its large part.

    The large part of a message is found by its digest, and stands under ``"large"`` as bytes;
    those of a message with several stand under ``"large"`` by their names.
    """
    return messages


def messages(at: AppTest) -> list[dict[str, Any]]:
    """Return the small messages of a page's components, each with its large parts."""
    small, large = [], {}
    for element in at.get("bidi_component"):
        content = bytes(element.proto.bytes)
        large[content[:24].decode("ascii", "replace")] = content[24:]
        if element.proto.json:
            small.append(json.loads(element.proto.json))
    for message in small:
        parts = message.get("parts")
        if isinstance(parts, dict):
            message["large"] = {name: large[digest] for name, digest in parts.items()}
        for name in ("part", "scene"):
            if message.get(name) in large:
                message["large"] = large[message[name]]
    return small


@pytest.fixture
def bring() -> Iterator[Callable[[nn.Module], AppTest]]:
    """Open a session with a network of one's own on the workbench, for 28 by 28 grey pixels."""

    def put(net: nn.Module) -> AppTest:
        # Results are known by the name of their model.
        name = f"own-{uuid.uuid4().hex}"
        spec = dataclasses.replace(MODELS["lenet5-mnist"], name=name, label="My own", cam_layer="")
        cached.own_models().put(LoadedModel(spec, net.eval()))
        at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=_PATIENCE)
        at.session_state["own_model"] = at.session_state["model"] = name
        return at

    yield put
    cached.own_models.clear()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep what the buttons of a page would download, by the names of the files."""
    kept: dict[str, Any] = {}
    real = st.download_button

    def button(label: str, data: Any, file_name: str, *rest: Any, **options: Any) -> bool:
        kept[file_name] = data
        return real(label, data, file_name, *rest, **options)

    monkeypatch.setattr(st, "download_button", button)
    return kept
