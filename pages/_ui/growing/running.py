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
#: Steps that a run can have.
_MOST_STEPS = int(VisualizationParams.infos()["steps"].high or 0)
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
        Steps behind it when it was told to go on after its end: the settings' come on top.
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
    run = _caught_up(root, _runs().get(root) or _Run(params))
    if run.result is None:
        run = _turned(root, run, _of_all_steps(params, run.extra))
    _keep(root, run)
    key = run.key(root)
    if run.result is None and not progress.is_stopped(key):
        found = _grow(bench, root, run)
        if found is None:
            return None
        run = replace(run, result=found)
        _keep(root, run)
    _offer(root, run, params)
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


def _of_all_steps(params: VisualizationParams, extra: int) -> VisualizationParams:
    """Count the steps of the settings on top of those that are behind a run."""
    return replace(params, steps=min(_MOST_STEPS, params.steps + extra))


def _caught_up(root: Root, run: _Run) -> _Run:
    """Take what has come of a run since the page last looked; stopped, it stays as it was seen."""
    key = run.key(root)
    if run.result is not None or progress.is_stopped(key):
        return run
    job = cached.jobs().get(key)
    status = None if job is None else job.snapshot()
    if status is not None and status.state == "done":
        return replace(run, result=status.result)
    if status is not None and isinstance(status.partial, Sight):
        run = replace(run, latest=status.partial)
    if progress.gave_way(key):
        # The reader was elsewhere meanwhile: it goes on from what was seen last.
        run = replace(run, state=run.here)
    return run


def _turned(root: Root, run: _Run, wanted: VisualizationParams) -> _Run:
    """Give a run new settings, from where it is."""
    if run.params == wanted:
        return run
    turned = replace(run, params=wanted, state=run.here)
    if progress.is_stopped(run.key(root)):
        # What was stopped stays so: the reader sets several knobs before it goes on.
        progress.stop(turned.key(root))
    else:
        progress.allow(turned.key(root))
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


def _offer(root: Root, run: _Run, params: VisualizationParams) -> None:
    """Offer what can be done with a run that stands still."""
    done = 0 if run.here is None else run.here.step
    words = f"Stopped after {done:,} steps." if run.result is None else f"{done:,} steps."
    if run.result is not None and replace(params, steps=run.params.steps) != run.params:
        words += " The knobs have moved since."
    more = min(params.steps, _MOST_STEPS - done)
    place = st.container(horizontal=True, vertical_alignment="center")
    place.markdown(words)
    place.button(
        "Go on" if run.result is None else f"Go on for {more:,} more",
        key="grow.on",
        icon=":material/play_arrow:",
        on_click=_go_on,
        args=(root, run, params),
        disabled=run.result is not None and more <= 0,
        help=None if more > 0 else f"A run has at most {_MOST_STEPS:,} steps.",
    )
    place.button(
        "Begin anew",
        key="grow.anew",
        icon=":material/replay:",
        on_click=_anew,
        args=(root, params),
    )


def _go_on(root: Root, run: _Run, params: VisualizationParams) -> None:
    """Go on from where a run stopped, or for as many steps more where it has ended."""
    ended, here = run.result is not None, run.here
    extra = here.step if ended and here is not None else run.extra
    seen = None if ended else run.latest
    on = _Run(_of_all_steps(params, extra), here, seen, extra=extra)
    progress.allow(on.key(root))
    _keep(root, on)


def _anew(root: Root, params: VisualizationParams) -> None:
    """Begin from the start, to be seen growing once more even where nothing has changed."""
    _runs().pop(root, None)
    first = _Run(params).key(root)
    progress.allow(first)
    cached.jobs().forget(first)


def _runs() -> dict[Root, _Run]:
    runs: dict[Root, _Run] = st.session_state.setdefault(_RUNS, {})
    return runs


def _keep(root: Root, run: _Run) -> None:
    runs = _runs()
    runs.pop(root, None)
    runs[root] = run
    for oldest in list(runs)[:-_MOST_RUNS]:
        del runs[oldest]
