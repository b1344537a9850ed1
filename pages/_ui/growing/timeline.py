"""How an image grew: a film to scrub, score and slope over the steps, and files of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages._ui import panels
from pages._ui.film_view import film_view
from xai import images
from xai.figures.filmstrip import filmstrip
from xai.figures.growth_chart import gradient_chart, score_chart
from xai.figures.wording import number

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from xai.figures.growth_chart import Change
    from xai.visualization import Sight, State, Visualization, VisualizationParams

_ALT = "The image that grows for {}"
# Milliseconds that the film of a file takes, and of one of its frames.
_WHOLE, _FASTEST, _SLOWEST = 5000, 60, 400


@dataclass(frozen=True, eq=False)
class Film:
    """The time line with what came of it as its last frame.

    Attributes
    ----------
    frames : tuple of ndarray, shape (H, W, C), uint8
    steps : tuple of int
        Steps behind each frame, rising.
    scores : tuple of float
        Objective of each.
    """

    frames: tuple[np.ndarray, ...]
    steps: tuple[int, ...]
    scores: tuple[float, ...]


def film(found: Visualization | Sight) -> Film:
    """Return the frames of a run, and the image that it ended with, or is at.

    Of a run that went wrong the image is an earlier one, so that its film ends with what it
    was thrown to.
    """
    rows = [(one.step, one.image, one.score) for one in found.frames]
    now = found.state.step
    if not rows or not getattr(found, "diverged", False):
        rows = [row for row in rows if row[0] < now]
        rows.append((now, images.to_uint8(found.image), found.score))
    steps, frames, scores = zip(*rows, strict=True)
    return Film(frames, steps, scores)


def show(grown: Grown, label: str = "") -> None:
    """Draw the film of an image that has grown, and offer it as files.

    Parameters
    ----------
    grown : Grown
    label : str
        What was grown. With the word that :func:`growing` was given, the film opens where
        the reader was in it while the image grew.
    """
    seen = film(grown.result)
    film_view(
        seen.frames,
        seen.steps,
        seen.scores,
        alt=_ALT.format(label or _title(grown.result)),
        key="growing.film",
        total=grown.result.params.steps,
    )
    words = "Drag the bar, or press play: what came first, and what followed? "
    if len(seen.frames) > 1 and _restless(grown.result.params):
        words += (
            "The score of a frame is that of the image as the network was shown it, shifted or "
            "turned; the last is of the image itself."
        )
    st.caption(words)
    files(grown)


def growing(sight: Sight, label: str) -> None:
    """Draw the film of a run at work, inside a fragment that polls it.

    Parameters
    ----------
    sight : Sight
    label : str
        What is grown, for those who cannot see it.
    """
    seen = film(sight)
    film_view(
        seen.frames,
        seen.steps,
        seen.scores,
        alt=_ALT.format(label),
        key="growing.film.live",
        total=sight.total,
        live=True,
    )


def _restless(params: VisualizationParams) -> bool:
    return bool(params.jitter or params.rotation or params.scale)


# ------------------------------------------------------------------------- over the steps
def course(
    state: State,
    *,
    total: int | None = None,
    title: str = "score",
    heights: tuple[int, int] = (230, 170),
) -> None:
    """Draw score and slope over the steps of a run, at work or done.

    Parameters
    ----------
    state : State
    total : int, optional
        Steps that the run will have.
    title : str
        What the score is.
    heights : tuple of int
        Of the two charts, in pixels.
    """
    if not state.history:
        st.caption("No step yet.")
        return
    steps = [step.step for step in state.history]
    changes = changed(state.changes)
    options: dict[str, Any] = {"changes": changes, "total": total}
    scores = [step.score for step in state.history]
    chart = score_chart(steps, scores, title=title, height=heights[0], **options)
    st.altair_chart(chart, width="stretch", alt=f"{title} over the steps")
    gradients = [step.gradient for step in state.history]
    chart = gradient_chart(steps, gradients, height=heights[1], **options)
    st.altair_chart(chart, width="stretch", alt="mean absolute gradient over the steps")
    last = state.history[-1]
    st.caption(
        "Above, what is climbed; below, how steep it is: the mean of |change of the score per "
        f"change of a pixel|. At step {last.step:,} a step moves a pixel by "
        f"{number(255 * last.update)} of 255 grey levels on average." + _told(changes)
    )


def _told(changes: Sequence[Change]) -> str:
    """Say what the dashed rules of the charts are, and the last of them in full."""
    if not changes:
        return ""
    step, what = changes[-1]
    which = "The last one" if len(changes) > 1 else "That was"
    return f" Dashed: a setting was changed there. {which}, after step {step:,}: {what}."


def changed(changes: Sequence[tuple[int, VisualizationParams]]) -> tuple[Change, ...]:
    """Return after how many steps settings were changed, and how, in words."""
    found = []
    for (_, before), (step, after) in pairwise(changes):
        words = ", ".join(_differences(before, after))
        if words:
            found.append((step, words))
    return tuple(found)


def _differences(before: VisualizationParams, after: VisualizationParams) -> Iterator[str]:
    for field in fields(after):
        old, new = getattr(before, field.name), getattr(after, field.name)
        # More steps are no other way to climb.
        if old != new and field.name != "steps":
            yield f"{field.name.replace('_', ' ')} {_said(old)} → {_said(new)}"


def _said(value: object) -> str:
    if value is None:
        return "auto"
    return number(value) if isinstance(value, float) else str(value)


# ------------------------------------------------------------------------------- as files
def files(grown: Grown) -> None:
    """Offer the film as GIF, as a strip of PNG, and as numbers."""
    result, seen = grown.result, film(grown.result)
    name = _file_name(result)
    with st.container(horizontal=True):
        st.download_button(
            "Film (.gif)",
            lambda: gif(seen),
            f"{name}.gif",
            "image/gif",
            key="growing.gif",
            icon=":material/movie:",
            on_click="ignore",
        )
        st.download_button(
            "Strip (.png)",
            lambda: images.encode_png(filmstrip(seen.frames, seen.steps, seen.scores)),
            f"{name}-strip.png",
            "image/png",
            key="growing.strip",
            icon=":material/view_column:",
            on_click="ignore",
        )
        panels.download_arrays(arrays(result), name, "growing.arrays")


def gif(seen: Film) -> bytes:
    """Return a film as GIF that takes about five seconds."""
    each = min(_SLOWEST, max(_FASTEST, _WHOLE // len(seen.frames)))
    return images.encode_gif([np.atleast_3d(frame) for frame in seen.frames], each)


def arrays(result: Visualization) -> dict[str, np.ndarray]:
    """Return all numbers of a run, and as text the settings that lead to them."""
    seen = film(result)
    history = np.array(
        [(one.step, one.score, one.gradient, one.update) for one in result.history]
    ).reshape(-1, 4)
    settings = {
        "model": result.model,
        "objective": result.objective,
        "layer": result.layer,
        "index": result.index,
        "seed": result.seed,
        "learning_rate": result.rate,
        "params": asdict(result.params),
        "changes": [[step, asdict(params)] for step, params in result.state.changes],
    }
    return {
        "image": result.image,
        "score": np.array(result.score),
        "frames": np.stack(seen.frames),
        "frame_steps": np.array(seen.steps),
        "frame_scores": np.array(seen.scores),
        "history": history,
        "history_columns": np.array(["step", "score", "mean |gradient|", "mean |update|"]),
        "settings": np.array(json.dumps(settings)),
    }


def _title(result: Visualization) -> str:
    where = f" of {result.layer}" if result.layer else ""
    return f"{result.objective} {_index(result, ', ')}{where}, {result.model}"


def _file_name(result: Visualization) -> str:
    parts = (result.model, result.objective, result.layer, _index(result, "-"))
    return "-".join(part for part in parts if part)


def _index(result: Visualization, between: str) -> str:
    index = () if result.index is None else result.index
    return between.join(map(str, (index,) if isinstance(index, int) else index))
