"""Which panels stand on the attribution page: a method and a class each, kept in the link."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import streamlit as st

from pages._ui import link
from pages._ui.workbench import Bench
from xai.attribution import METHODS

#: Name of the board in the session and in the link.
KEY = "methods"
#: Panels that can stand side by side before nobody finds anything any more.
MOST = 12
#: What a new visitor sees.
DEFAULT = ("gradient", "grad_cam", "lrp")

#: What can be asked about in place of the sidebar's class.
WORDS = {
    "": "the class of the sidebar",
    "predicted": "the predicted class",
    "true": "the true class",
    "second": "the runner-up",
}
#: What can be set against it.
AGAINST = {"": "nothing", "predicted": "the predicted class", "second": "the runner-up"}

# A class is a word or an index; a number that goes on for pages is neither.
_CLASS = r"[a-z]{1,16}|[0-9]{1,6}"
#: A method, or one with parameters of its own.
Seat = str | tuple[str, tuple[tuple[str, str], ...]]

_TOKEN = re.compile(
    rf"(?P<name>[a-z_]+(-[0-9]{{1,2}})?)(@(?P<of>{_CLASS}))?(!(?P<against>{_CLASS}))?"
)


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes
    ----------
    name : str
        Key of the method; from the second panel of a method on with ``-2``, ``-3`` …
        Prefix of the panel's widgets and of its parameters in the link.
    of : str
        What is explained: ``""`` for the class of the sidebar, another of
        :data:`WORDS`, or a class index as text.
    against : str
        What it is set against: ``""`` for nothing, another of :data:`AGAINST`, or a
        class index as text.
    """

    name: str
    of: str = ""
    against: str = ""

    @property
    def method(self) -> str:
        """Key of the method."""
        return self.name.partition("-")[0]

    @property
    def token(self) -> str:
        """The panel in the link."""
        of = f"@{self.of}" if self.of else ""
        return self.name + of + (f"!{self.against}" if self.against else "")


def chosen(bench: Bench) -> list[Panel]:
    """Return the panels that link and reader ask for; classes that do not exist fall away."""
    _forget_indices(bench.spec.classes)
    link.restore(KEY, _parse, what="method", default=[Panel(name) for name in DEFAULT])
    count = len(bench.spec.classes)
    found = [
        dataclasses.replace(
            panel,
            of=panel.of if _known(panel.of, WORDS, count) else "",
            against=panel.against if _known(panel.against, AGAINST, count) else "",
        )
        for panel in st.session_state[KEY]
    ]
    keep(found)
    return found


def _forget_indices(classes: tuple[str, ...]) -> None:
    """Let go of class indices when a model with other classes has come: they mean others there."""
    before = st.session_state.get("_board_classes", classes)
    st.session_state["_board_classes"] = classes
    if before == classes or KEY not in st.session_state:
        return
    st.session_state[KEY] = [
        dataclasses.replace(
            panel,
            of=panel.of if panel.of in WORDS else "",
            against=panel.against if panel.against in AGAINST else "",
        )
        for panel in st.session_state[KEY]
    ]


def keep(panels: list[Panel]) -> None:
    """Make these the panels of the page."""
    st.session_state[KEY] = panels
    link.publish(KEY, ",".join(panel.token for panel in panels))


def add(method: str, of: str = "", against: str = "") -> None:
    """Put one more panel at the end of the board."""
    panels: list[Panel] = st.session_state[KEY]
    if len(panels) < MOST:
        name = _free(method, {panel.name for panel in panels})
        keep([*panels, Panel(name, of, against)])


def replace(seats: tuple[Seat, ...]) -> None:
    """Put panels in the place of all others: methods, or methods with parameters."""
    for panel in st.session_state[KEY]:
        _forget(panel)
    keep([])
    for seat in seats:
        method, settings = (seat, ()) if isinstance(seat, str) else seat
        add(method)
        for field, value in settings:
            st.session_state[f"{st.session_state[KEY][-1].name}.{field}"] = value


def remove(name: str) -> None:
    """Take a panel off the board, and its parameters out of the link."""
    panels: list[Panel] = st.session_state[KEY]
    for panel in panels:
        if panel.name == name:
            _forget(panel)
    keep([panel for panel in panels if panel.name != name])


def change(name: str, of: str, against: str) -> None:
    """Let a panel explain something else."""
    now = Panel(name, of, against)
    keep([now if panel.name == name else panel for panel in st.session_state[KEY]])


def aim(bench: Bench, panel: Panel) -> tuple[int, int | None]:
    """Return the class that a panel explains and the one that it is set against, if any.

    A class that would be set against itself is set against nothing.
    """
    found = _index(bench, panel.of)
    target = bench.target if found is None else found
    against = _index(bench, panel.against)
    return target, None if against == target else against


def _index(bench: Bench, word: str) -> int | None:
    if word == "predicted":
        return bench.prediction.label
    if word == "second":
        return bench.prediction.top(2)[1]
    if word == "true" and bench.true is not None:
        return bench.true
    return int(word) if word.isdecimal() else None


def _known(word: str, words: dict[str, str], count: int) -> bool:
    return word in words or (word.isdecimal() and int(word) < count)


def _parse(text: str) -> list[Panel] | None:
    """Return the panels of a link, or None if one of them makes no sense."""
    found: list[Panel] = []
    for token in (part for part in text.split(",") if part):
        match = _TOKEN.fullmatch(token)
        if match is None or match["name"].partition("-")[0] not in METHODS:
            return None
        names = {panel.name for panel in found}
        name = match["name"]
        if name in names:
            name = _free(name.partition("-")[0], names)
        of, against = _plain(match["of"]), _plain(match["against"])
        if not _known(of, WORDS, 10**6) or not _known(against, AGAINST, 10**6):
            return None
        found.append(Panel(name, of, against))
    return found[:MOST]


def _plain(word: str | None) -> str:
    """Return a class as the choices write it: ``007`` is 7."""
    return str(int(word)) if word and word.isdecimal() else word or ""


def _free(method: str, names: set[str]) -> str:
    """Return a name for one more panel of a method."""
    if method not in names:
        return method
    return next(name for n in range(2, 100) if (name := f"{method}-{n}") not in names)


def _forget(panel: Panel) -> None:
    for field in METHODS[panel.method].params.infos():
        key = f"{panel.name}.{field}"
        link.publish(key, None)
        link.forget(key)
        st.session_state.pop(key, None)
    for key in (f"{panel.name}.class", f"{panel.name}.against"):
        st.session_state.pop(key, None)
