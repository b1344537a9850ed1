"""The app without a browser: opened at a page, run again until its work is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from pages._ui import cached
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
        cached.jobs().shutdown(timeout=_PATIENCE)
        forget_results()


def forget_results() -> None:
    """Let the next visit open the store and the queue of work anew."""
    for resource in (cached.jobs, cached.store):
        resource.clear()
    for data in (cached.prediction, cached.feature_maps, cached.noise, cached.gallery):
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
        app = at or AppTest.from_file(str(ROOT / "Home.py"), default_timeout=_PATIENCE)
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
    """Return all that a page says in words, one element a line."""

    def words(at: AppTest) -> str:
        kinds = (at.markdown, at.caption, at.info, at.success, at.warning, at.error)
        return "\n".join(item.value for kind in kinds for item in kind)

    return words
