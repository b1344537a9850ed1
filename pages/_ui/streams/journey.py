"""The path of the workbench's image through the clusters, beside that of its attacked copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import link, progress
from pages._ui.assault import attacking
from pages._ui.flow_view import Track
from pages._ui.streams.computing import Drawn, DrawnKey
from pages._ui.workbench import Bench
from xai import attacks
from xai.attacks import AttackResult, Goal
from xai.figures.flow_marks import Look
from xai.flow.journeys.pathfinding import Step, paths
from xai.images import digest
from xai.jobs import Report

_LOOKS: dict[str, Look] = {"clean": "clean", "attacked": "attacked"}
#: Whether the image's attacked copy is followed, too.
ATTACKED = "flow.attacked"
_FOUND = "_flow_journey"


@dataclass(frozen=True)
class JourneyKey:
    """The paths of some images through a flow."""

    drawn: DrawnKey
    model: str
    digests: tuple[str, ...]


@dataclass(frozen=True)
class QuickAttackKey:
    """The usual attack on an image, with the model's own strength."""

    model: str
    digest: str
    label: int


@dataclass(frozen=True, eq=False)
class Journey:
    """What there is to follow.

    Attributes
    ----------
    paths : mapping of str to tuple of Step
        By ``"clean"`` and ``"attacked"``.
    attack : AttackResult or None
        What made the attacked image.
    """

    paths: Mapping[str, tuple[Step, ...]]
    attack: AttackResult | None = None

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The paths as the drawing takes them."""
        return tuple(
            Track(
                label=name,
                clusters=tuple(step.cluster for step in steps),
                confidences=tuple(step.confidence for step in steps),
                far=tuple(step.far for step in steps),
                image=steps[0].own,
                look=_LOOKS[name],
            )
            for name, steps in self.paths.items()
        )


def wanted() -> bool:
    """Draw whether the attacked image is followed, too; return it."""
    link.restore(ATTACKED, {"True": True, "False": False}.get, what="attacked copy", default=False)
    chosen = st.toggle(
        "And attacked",
        key=ATTACKED,
        persist_state="session",
        help="The copy that was attacked last on the page Adversarial; where there is none of "
        "this image, one that the usual attack (PGD) makes.",
    )
    link.publish(ATTACKED, chosen or None)
    return chosen


def follow(bench: Bench, drawn: Drawn, *, attacked: bool) -> Journey | None:
    """Return the paths of the workbench's image, or show how far they are.

    Raises
    ------
    ValueError
        If the flow is not of the workbench's model, or the image does not fit it.
    """
    if drawn.objection:
        raise ValueError(drawn.objection)
    made = _attack(bench) if attacked else None
    if attacked and made is None:
        return None
    images = {"clean": bench.input}
    if made is not None:
        images["attacked"] = made.image
    shown = np.stack(list(images.values()))
    digests = tuple(digest(image) for image in shown)
    model, graph = bench.model, drawn.graph

    def work(report: Report) -> tuple[tuple[Step, ...], ...]:
        return paths(graph, model, shown, progress=report)

    key = JourneyKey(drawn.key, bench.model_name, digests)
    found: tuple[tuple[Step, ...], ...] | None = progress.result(
        key, work, label="Path of this image", keep=False, slot="journey"
    )
    return None if found is None else Journey(dict(zip(images, found, strict=True)), made)


def _attack(bench: Bench) -> AttackResult | None:
    """Return the attack that was made of this image last, or the usual one."""
    known = attacking.latest(bench)
    if known is not None:
        return known
    model, image, goal = bench.model, bench.input, Goal.untargeted(bench.prediction.label)

    def work(report: Report) -> AttackResult:
        return attacks.run(model, image, "pgd", goal=goal, progress=report)

    key = QuickAttackKey(bench.model_name, bench.digest, goal.label)
    found: AttackResult | None = progress.result(
        key, work, label="The usual attack", keep=False, slot="journey-attack"
    )
    return found


def tracks(bench: Bench, drawn: Drawn) -> tuple[Track, ...]:
    """Draw the choice of what is followed; return the paths that are known by now."""
    st.session_state[_FOUND] = None
    try:
        found = follow(bench, drawn, attacked=wanted())
    except ValueError as error:
        st.session_state[_FOUND] = error
        st.info(str(error), icon=":material/info:")
        return ()
    st.session_state[_FOUND] = found
    return () if found is None else found.tracks


def above() -> Journey | None:
    """Return what :func:`tracks` came to in this run: its widgets can be drawn only once.

    Raises
    ------
    ValueError
        What it said.
    """
    found: Journey | ValueError | None = st.session_state.get(_FOUND)
    if isinstance(found, ValueError):
        raise found
    return found
