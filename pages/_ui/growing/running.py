"""A run of the page: it grows live, stops, takes new settings and goes on from where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import cached, progress
from pages._ui.growing import outcome
from pages._ui.growing.wish import Wish
from pages._ui.workbench import Bench
from xai import visualization
from xai.jobs import Report
from xai.visualization import Sight, State, Visualization, VisualizationParams

_RUNS = "_grown"
#: Runs of which a session keeps what there is.
_MOST_RUNS = 4
_LABEL = "Growing"
#: Of the film and what stands beside it, in pixels.
_HEIGHT = 520


@dataclass(frozen=True)
class Root:
    """What makes a run another one: everything but the settings that may change on the way."""

    model: str
    digest: str
    wish: Wish
    start: str
    seed: int


@dataclass(frozen=True)
class GrowKey:
    """Everything that an image depends on: its root, its settings, and where it goes on from."""

    root: Root
    params: VisualizationParams
    begun: str = ""


@dataclass(frozen=True, eq=False)
class Grown:
    """An image that has grown.

    Attributes
    ----------
    wish : Wish
    params : VisualizationParams
        The last ones in force.
    seed : int
    result : Visualization
    key : GrowKey
    """

    wish: Wish
    params: VisualizationParams
    seed: int
    result: Visualization
    key: GrowKey


@dataclass(frozen=True, eq=False)
class _Run:
    """How far a run of this session is.

    Attributes
    ----------
    params : VisualizationParams
        With which the present stretch was begun; ``steps`` counts from the start.
    state : State or None
        Where the stretch was begun.
    latest : Sight or None
        What was seen of it last.
    result : Visualization or None
        What came of it.
    extra : int
        Steps that were added to those of the settings.
    """

    params: VisualizationParams
    state: State | None = None
    latest: Sight | None = None
    result: Visualization | None = None
    extra: int = 0

    def key(self, root: Root) -> GrowKey:
        """Return the name of the stretch."""
        return GrowKey(root, self.params, "" if self.state is None else self.state.digest)

    @property
    def here(self) -> State | None:
        """Where it is."""
        if self.result is not None:
            return self.result.state
        return self.state if self.latest is None else self.latest.state


def follow(bench: Bench, wish: Wish, params: VisualizationParams, seed: int) -> Grown | None:
    """Return the image that has grown, or show it growing and return None.

    New settings reach a run that grows at once, from where it is; one that was stopped or has
    come to its end waits to be told.
    """
    root = _root(bench, wish, params, seed)
    run = _runs().get(root) or _Run(params)
    wanted = replace(params, steps=min(2000, params.steps + run.extra))
    if run.params != wanted and run.result is None:
        run = _turned(root, run, wanted)
    _keep(root, run)
    key = run.key(root)
    if run.result is None and not progress.is_stopped(key):
        found = _grow(bench, root, run)
        if found is None:
            return None
        run = replace(run, result=found)
        _keep(root, run)
    _offer(root, run, wanted)
    if run.result is not None:
        grown = Grown(wish, run.params, seed, run.result, key)
        outcome.show(bench, grown)
        return grown
    if run.latest is not None:
        outcome.growing(bench, wish, run.latest)
    return None


def adopt(bench: Bench, wish: Wish, found: Visualization) -> None:
    """Take an image that has grown elsewhere on the page as that of a wish, not to grow it again.

    Parameters
    ----------
    bench : Bench
    wish : Wish
    found : Visualization
        What a run of its own would have come to: its settings and seed are its own.
    """
    root = _root(bench, wish, found.params, found.seed)
    _keep(root, _Run(found.params, state=found.state, result=found))


def _root(bench: Bench, wish: Wish, params: VisualizationParams, seed: int) -> Root:
    digest = bench.digest if params.start == "image" else ""
    return Root(bench.model_name, digest, wish, params.start, seed)


def _turned(root: Root, run: _Run, wanted: VisualizationParams) -> _Run:
    """Give a run new settings: while it grows from where it is now, else from where it stopped."""
    job = cached.jobs().get(run.key(root))
    partial = None if job is None else job.snapshot().partial
    state = partial.state if isinstance(partial, Sight) else run.here
    stopped = progress.is_stopped(run.key(root))
    turned = replace(run, params=wanted, state=state)
    if stopped and turned.key(root) != run.key(root):
        # What was stopped stays so: the reader sets several knobs before it goes on.
        progress.stop(turned.key(root))
    return turned


def _grow(bench: Bench, root: Root, run: _Run) -> Visualization | None:
    model, state, wish = bench.model, run.state, root.wish
    image = bench.input if run.params.start == "image" else None

    def work(report: Report) -> Visualization:
        return visualization.run(
            model,
            wish.objective,
            layer=wish.layer,
            index=wish.index,
            params=run.params,
            seed=root.seed,
            image=image,
            resume=state,
            progress=report,
            on_step=report.publish,
        )

    def during(sight: Sight) -> None:
        _keep(root, replace(run, latest=sight))
        outcome.growing(bench, wish, sight)

    found: Visualization | None = progress.result(
        run.key(root),
        work,
        label=_LABEL,
        keep=False,
        slot="grow",
        during=during,
        reserve=_HEIGHT,
        on_top=True,
    )
    return found


def _offer(root: Root, run: _Run, wanted: VisualizationParams) -> None:
    """Offer what can be done with a run that stands still."""
    changed = replace(wanted, steps=run.params.steps) != run.params
    here = run.here
    done = 0 if here is None else here.step
    place = st.container(horizontal=True, vertical_alignment="center")
    words = f"Stopped after {done} steps." if run.result is None else f"{done} steps."
    if changed and run.result is not None:
        words += " The knobs have moved since: go on with them, or begin anew."
    place.markdown(words)
    more = run.result is not None
    place.button(
        f"Go on for {run.params.steps - run.extra} more" if more else "Go on",
        key="grow.on",
        icon=":material/play_arrow:",
        on_click=_go_on,
        args=(root, run, wanted),
        disabled=more and done >= 2000,
    )
    place.button(
        "Begin anew",
        key="grow.anew",
        icon=":material/replay:",
        on_click=_anew,
        args=(root, run),
    )


def _go_on(root: Root, run: _Run, wanted: VisualizationParams) -> None:
    extra = run.extra
    if run.result is not None:
        extra += wanted.steps - extra
    steps = min(2000, wanted.steps - run.extra + extra)
    on = _Run(replace(wanted, steps=steps), run.here, extra=extra)
    _again(on.key(root))
    _keep(root, on)


def _anew(root: Root, run: _Run) -> None:
    _runs().pop(root, None)
    _again(run.key(root))


def _again(key: GrowKey) -> None:
    """Let what was stopped run again."""
    st.session_state.get("_stopped", set()).discard(key)


def _runs() -> dict[Root, _Run]:
    runs: dict[Root, _Run] = st.session_state.setdefault(_RUNS, {})
    return runs


def _keep(root: Root, run: _Run) -> None:
    runs = _runs()
    runs.pop(root, None)
    runs[root] = run
    for oldest in list(runs)[:-_MOST_RUNS]:
        del runs[oldest]
