"""A bar to find an epoch of a training: dragged, stepped through, and played.

What there is to see of an epoch is drawn by the server, one at a time: a new one is asked for
when the one before has been answered, so that neither dragging nor playing runs ahead of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pages._ui import carrier

_HERE = Path(__file__).parent
# The height stands here only because the place is taken before the style sheet is there.
_HTML = f"""
<div class="view epochs" role="group" hidden>{carrier.bar("Epoch")}
  <div class="word" style="height: 26px"></div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(_HERE, _HTML)


@cache
def _engine() -> carrier.Part:
    """Return the script and the style sheet that draw."""
    scripts = (carrier.DRAWING, carrier.PLAYING, _HERE / "view.js")
    return carrier.engine(scripts, carrier.BAR, _HERE / "epochs.css")


@dataclass(frozen=True)
class Found:
    """Where the reader is.

    Attributes
    ----------
    at : int
        Place among the marks.
    resting : bool
        Whether it stays there: False while the bar is dragged or played.
    """

    at: int
    resting: bool = True


def epoch_bar(words: Sequence[str], at: int, *, key: str) -> Found:
    """Show the bar; return where the reader is.

    Parameters
    ----------
    words : sequence of str
        What stands beside the bar at each mark, such as ``"Epoch 3 · 97.1 %"``.
    at : int
        The mark that the page wants shown; what the reader finds later has precedence.
    key : str
        Streamlit's key, another one for another run.

    Raises
    ------
    ValueError
        If there is no mark, or ``at`` is none of them.

    Notes
    -----
    Playing and its pace are the browser's own. It ends at the last mark, from where it begins
    anew; for readers who ask their system for less motion it goes on once a second.
    """
    if not 0 <= at < len(words):
        raise ValueError(f"at: expected one of {len(words)} marks, got {at}")

    word = carrier.choice(key, at, lambda value: _place(value, len(words)))
    here = at if word.value is None else word.value
    carrier.show(
        _mount,
        key=key,
        height="content",
        view={"words": list(words), "at": here, "token": word.token},
        engine=_engine(),
        parts={},
        names=("choice",),
    )
    return Found(here, _rests(carrier.answers(key).get("choice")))


def _place(value: object, count: int) -> int | None:
    """Return the mark that either side names, or None if it is none."""
    at = value[0] if isinstance(value, list | tuple) and len(value) == 2 else value
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < count:
        return None
    return at


def _rests(answer: object) -> bool:
    """Say whether the reader has let go, as far as the browser has told."""
    value = answer.get("value") if isinstance(answer, Mapping) else None
    return not (isinstance(value, list | tuple) and len(value) == 2 and value[1] is False)
