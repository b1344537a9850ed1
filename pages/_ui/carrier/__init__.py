"""How a component's large parts travel once, and whose word on a choice is the last.

Streamlit sends a message again when anything in it has changed. Scripts, drawings, pictures
and values are therefore messages of their own, known by their digests; what changes with every
click is a small one that names them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import streamlit as st

from pages._ui.carrier.bar import bar

__all__ = [
    "BAR",
    "DRAWING",
    "PLAYING",
    "Part",
    "Word",
    "answers",
    "bar",
    "choice",
    "component",
    "engine",
    "last_word",
    "part",
    "raw",
    "show",
    "show_choice",
    "style",
]

_HERE = Path(__file__).parent
#: What drawing sides may share; it goes before their own scripts.
DRAWING = _HERE / "drawing.js"
#: What a bar with a slider and buttons looks like, and what lets it run by itself.
BAR = _HERE / "bar.css"
PLAYING = _HERE / "playing.js"
_BASE = _HERE / "base.css"

_DIGEST = 12  # bytes; the browser counts on twice as many characters
_LENGTH = 8  # digits of the header's length
_LONGEST = 64  # characters of a token

T = TypeVar("T")
S = TypeVar("S")


# ------------------------------------------------------------------------------ what is large
@dataclass(frozen=True)
class Part:
    """A large message: its digest, by which the browser sees what it has, and the rest."""

    digest: str
    body: bytes

    @property
    def message(self) -> bytes:
        """What is sent."""
        return self.digest.encode("ascii") + self.body

    @property
    def text(self) -> str:
        """The body of a part that is text."""
        return self.body.decode()


def raw(body: bytes) -> Part:
    """Make bytes a part."""
    return Part(blake2b(body, digest_size=_DIGEST).hexdigest(), body)


def part(header: Mapping[str, Any], payload: bytes) -> Part:
    """Pack a header and raw bytes into one part: length of the header, header, bytes."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return raw(b"%0*d" % (_LENGTH, len(text)) + text + payload)


def engine(scripts: Iterable[Path], *sheets: Path) -> Part:
    """Return a drawing side: script, and style sheet after what all begin with.

    The files of the script are put together in their order and share one scope: each may use
    what an earlier one defines. One of them exports the class ``View``.
    """
    return raw(json.dumps({"script": _joined(scripts), "style": style(*sheets)}).encode())


def style(*sheets: Path) -> str:
    """Return the style of a component whose root is a ``.view``, after what all begin with."""
    return _joined((_BASE, *sheets))


def _joined(files: Iterable[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


# ----------------------------------------------------------------------------------- mounting
def component(folder: Path, html: str) -> Callable[..., Any]:
    """Register the component of a folder, to be called once, at import.

    Each of its messages carries this script, so it is only the small one that loads the
    drawing side. The folder's ``loader.js`` says how a view is told what there is.
    """
    files = (_HERE / "carrier.js", folder / "loader.js")
    mount: Callable[..., Any] = st.components.v2.component(
        f"layerscope_{folder.name}",
        html=html,
        js=_joined(files),
    )
    return mount


def show(
    mount: Callable[..., Any],
    *,
    key: str,
    height: int | Literal["content"],
    view: Mapping[str, Any],
    engine: Part,
    parts: Mapping[str, Part],
    names: Sequence[str],
) -> None:
    """Mount a component and, below it and invisible, its parts.

    Parameters
    ----------
    mount : callable
        What :func:`component` returned.
    key : str
        Streamlit's key.
    height : int or "content"
        In CSS pixels, or as high as what is in it.
    view : mapping
        The small message. Parts are named in it by their digests.
    engine : Part
        What draws.
    parts : mapping of str to Part
        What is drawn. The view is told once all are there.
    names : sequence of str
        Of the answers that the browser may give.
    """
    needs = {"engine": engine.digest, "needs": [one.digest for one in parts.values()]}
    heard = {f"on_{name}_change": _ignore for name in names}
    with st.container(gap=None):
        # Before its parts: the place on the page is taken at once, and they may be large.
        mount(key=key, height=height, data={**view, **needs, "height": height}, **heard)
        for name, one in {"engine": engine, **parts}.items():
            mount(key=f"{key}-{name}", data=one.message)


def _ignore() -> None:
    """Let an answer through: Streamlit reports only values that have a callback."""


# ---------------------------------------------------------------------- whose word is the last
@dataclass(frozen=True)
class Word(Generic[T]):
    """What is chosen, and the token of the answer of the browser that was heard last."""

    value: T
    token: str


def answers(key: str) -> Mapping[str, Any]:
    """Return what the browser has answered by name, not to be trusted."""
    state = st.session_state.get(key)
    return state if isinstance(state, Mapping) else {}


def last_word(
    memory: MutableMapping[str, Any],
    given: T,
    sent: object,
    read: Callable[[object], T | None],
    *,
    once: bool = False,
) -> Word[T]:
    """Return the last word of either side: what the page passes, or what the reader chose.

    Parameters
    ----------
    memory : mutable mapping
        Empty at first, kept from run to run.
    given : object
        What the page wants chosen in this run.
    sent : object
        What the browser answered, not to be trusted.
    read : callable
        Turns what a browser chose into a value, or into None if it cannot be one.
    once : bool
        The reader's choice counts in the run that it starts, and from then on what the page
        passes. The caller puts the token into the memory when its page has been told: a run
        that is overtaken before has not told it.

    Notes
    -----
    The browser gives each choice a token. A token that has been seen says nothing new, so that
    a page can choose something else after a click. Without ``once``, what was heard is kept
    from run to run, also when a newer run overtakes this one before the page has noted it.
    """
    value: T = given
    if not once and given == memory.get("given", given):
        value = memory.get("value", given)
    token, said = _said(sent)
    if token and token != memory.get("token"):
        picked = read(said)
        value = value if picked is None else picked
    word = Word(value, token or memory.get("token", ""))
    if not once:
        memory.update(value=value, given=given, token=word.token)
    return word


def choice(key: str, given: S | None, read: Callable[[object], S | None]) -> Word[S | None]:
    """Return the last word on a component's ``choice``; None if that is not possible now."""
    memory: dict[str, Any] = st.session_state.setdefault(f"{key}:choice", {})
    word = last_word(memory, given, answers(key).get("choice"), read)
    # A layer of fewer channels or a smaller map lacks what was chosen before.
    possible = (one for one in (word.value, given) if one is not None and read(one) is not None)
    return Word(next(possible, None), word.token)


def show_choice(
    mount: Callable[..., Any],
    *,
    key: str,
    height: int,
    view: Mapping[str, Any],
    engine: Part,
    part: Part,
    word: Word[Any],
) -> None:
    """Mount a component of one part that lets the reader make a ``choice``."""
    said = {"part": part.digest, "chosen": word.value, "token": word.token}
    show(
        mount,
        key=key,
        height=height,
        view={**view, **said},
        engine=engine,
        parts={"part": part},
        names=("choice",),
    )


def _said(answer: object) -> tuple[str, object]:
    if not isinstance(answer, Mapping):
        return "", None
    token = answer.get("token")
    if not isinstance(token, str) or len(token) > _LONGEST:
        return "", None
    return token, answer.get("value")
