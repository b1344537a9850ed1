"""Closing a tab ends its work at once; changing the page does not, and a lost connection heals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.session import Session, running

ROOT = Path(__file__).resolve().parents[2]

#: Seconds to wait for what should happen at once, on a busy machine. Without an end of its
#: own the work would go on for an hour.
_AT_ONCE = 20

# The work explains a digit again and again, and writes down when it begins, when it has been
# told to stop, and whether the model's network is then as it was.
APP = """
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages._ui import cached, progress
from xai import attribution, datasets

DIARY = Path({diary!r})


@dataclass(frozen=True)
class SlowKey:
    name: str


def note(word):
    with DIARY.open("a") as diary:
        diary.write(f"{{word}} {{time.time()}}\\n")


def state(net):
    hooks = [len(kept) for module in net.modules() for name, kept in vars(module).items()
             if name.endswith("_hooks")]
    values = [(value.requires_grad, value.grad, float(value.sum())) for value in net.parameters()]
    return [type(module) for module in net.modules()], hooks, values


def explain(report):
    model = cached.model("lenet5-mnist")
    image = model.prepare(datasets.load("mnist", n=1).images[0])
    before = state(model.net)
    note("begin")
    end = time.monotonic() + 3600
    try:
        while time.monotonic() < end:
            attribution.run(model, image, "lrp", progress=report)
    except BaseException:
        note("clean" if state(model.net) == before else "dirty")
        raise


def work():
    progress.result(SlowKey(st.query_params["key"]), explain, label="Slow", keep=False)


def other():
    note("elsewhere")


st.navigation([st.Page(work, default=True), st.Page(other)]).run()
"""


class Diary:
    """What the work has written down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self, word: str) -> list[float]:
        """Return when a word was written, in seconds since 1970."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        pairs = (line.split() for line in lines)
        return [float(moment) for found, moment in pairs if found == word]

    def wait(self, word: str, count: int = 1) -> float:
        """Wait until a word stands there; return when it was written."""
        end = time.monotonic() + _AT_ONCE
        while len(self.entries(word)) < count:
            assert time.monotonic() < end, f"{word!r} was never written"
            time.sleep(0.01)
        return self.entries(word)[count - 1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Serve the app above; yield the port and its diary."""
    folder = tmp_path_factory.mktemp("leaving")
    diary = folder / "diary.txt"
    (folder / "app.py").write_text(APP.format(diary=str(diary)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with running(folder / "app.py", folder / "cache") as port:
            yield port, diary


@pytest.fixture
def diary(served: tuple[int, Path]) -> Diary:
    """Begin a new page of the diary."""
    served[1].unlink(missing_ok=True)
    return Diary(served[1])


@pytest.fixture
def enter(served: tuple[int, Path]) -> Iterator[Callable[[], Session]]:
    """Open tabs that are closed after the test."""
    opened: list[Session] = []

    def open_tab() -> Session:
        opened.append(Session(served[0]))
        return opened[-1]

    yield open_tab
    for session in opened:
        session.close()


def test_closing_the_tab_ends_its_work_and_leaves_the_model_clean(
    enter: Callable[[], Session], diary: Diary
) -> None:
    tab = enter()
    tab.run(query="key=alone")
    diary.wait("begin")
    tab.close()
    diary.wait("clean")
    assert len(diary.entries("begin")) == 1


def test_another_page_leaves_the_work_alone(enter: Callable[[], Session], diary: Diary) -> None:
    tab = enter()
    tab.run(query="key=page")
    diary.wait("begin")
    tab.run("other", query="key=page")
    diary.wait("elsewhere")
    tab.run(query="key=page")
    assert diary.entries("clean") == []
    assert len(diary.entries("begin")) == 1
    tab.close()
    diary.wait("clean")


def test_work_that_another_tab_waits_for_goes_on(
    enter: Callable[[], Session], diary: Diary
) -> None:
    first, second = enter(), enter()
    for tab in (first, second):
        tab.run(query="key=shared")
    diary.wait("begin")
    first.close()
    second.run(query="key=shared")
    assert diary.entries("clean") == []
    second.close()
    diary.wait("clean")
    assert len(diary.entries("begin")) == 1


# --------------------------------------------------------------- a lost connection
def ask(socket: ClientConnection, query: str, fragment: str = "") -> list[ForwardMsg]:
    """Run the script, or one fragment of it; return all that was sent until it had finished."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.fragment_id = fragment
    socket.send(message.SerializeToString())
    answers: list[ForwardMsg] = []
    while True:
        answers.append(ForwardMsg.FromString(socket.recv(timeout=60)))
        if answers[-1].WhichOneof("type") == "script_finished":
            status = answers[-1].script_finished
            if status == ForwardMsg.FINISHED_SUCCESSFULLY:
                return answers
            if status == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                return answers


def dial(port: int, session: str = "") -> ClientConnection:
    """Connect as the browser does, in a new session or again in one that it has had."""
    words = ["streamlit", "none", session] if session else ["streamlit"]
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    return connect(address, subprotocols=words, max_size=None)  # type: ignore[arg-type]


def names(answers: list[ForwardMsg]) -> set[str]:
    """Return the sessions that answered."""
    begun = (item.new_session for item in answers if item.HasField("new_session"))
    return {item.initialize.session_id for item in begun}


def test_a_connection_that_comes_back_starts_its_work_anew(
    served: tuple[int, Path], diary: Diary
) -> None:
    with dial(served[0]) as socket:
        answers = ask(socket, "key=blip")
    (timer,) = (item.auto_rerun for item in answers if item.HasField("auto_rerun"))
    (session,) = names(answers)
    diary.wait("clean")
    with dial(served[0], session) as socket:
        answers = ask(socket, "key=blip", timer.fragment_id)
        assert names(answers) == {session}
        assert not any(item.delta.new_element.HasField("exception") for item in answers)
        diary.wait("begin", 2)
    diary.wait("clean", 2)
