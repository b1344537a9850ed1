"""What each knob does: the same run with all regularisers, with none, and one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, controls, panels, progress
from pages._ui.growing import knob_cards
from pages._ui.growing.answers import knob_tiles
from pages._ui.growing.answers.knob_tiles import Tile
from pages._ui.workbench import Bench
from xai import models
from xai.figures.ablation_chart import ablation_bars
from xai.figures.wording import number, percent
from xai.jobs import Report
from xai.models import partners
from xai.visualization import Sight, VisualizationParams
from xai.visualization.studies.ablation import Variant, Way, covers, roughness, variants

if TYPE_CHECKING:
    from pages._ui.growing.running import Grown
    from pages._ui.growing.wish import Wish
    from xai.visualization.studies.ablation import Outcome

_WAYS = {"alone": "each one alone", "without": "each one left out"}
_ACROSS = 4
#: Of inputs wider than the first, runs have at most so many steps unless more are asked for.
_SMALL, _FEW = 64, 50
#: What the state of a run that is under way is kept under.
_BEGUN = "_ablation_begun"
_SLOT = "knobs-"  # after the question, so that it gives way with it


@dataclass(frozen=True)
class AblationKey:
    """Everything that one tile depends on."""

    model: str
    digest: str
    wish: Wish
    params: VisualizationParams
    seed: int
    partner: str


@dataclass(frozen=True, eq=False)
class _Place:
    """One tile of the comparison: what is grown there, how, and what names it."""

    variant: Variant
    key: AblationKey
    work: progress.Work
    slot: str


def show(bench: Bench, grown: Grown) -> None:
    """Draw the choices, the tiles as they grow one after the other, and what they tell."""
    way, params = _choices(bench, grown)
    partner = _partner(bench)
    runs = variants(params, way)
    places = [_place(bench, grown, one, partner, at) for at, one in enumerate(runs)]
    bare = sum(one.kind in ("all", "none") for one in runs)
    found = _draw(bench, grown, places, bare, way)
    if not found:
        return
    _summary(found, whole=len(found) == len(places))
    _charts(found)
    arrays = {knob_tiles.word(tile.outcome.variant): tile.outcome.image for tile in found}
    panels.download_arrays(arrays, f"{bench.model_name}-knobs", "ablation.npz")


# ------------------------------------------------------------------------------- choices
def _choices(bench: Bench, grown: Grown) -> tuple[Way, VisualizationParams]:
    """Draw how the knobs are told apart, and how long each run is."""
    left, right = st.columns([3, 4], vertical_alignment="bottom", gap="medium")
    with left:
        word = controls.segments("ablation.way", "Compare", _WAYS, default="alone")
    steps = grown.params.steps
    if max(bench.spec.input_size) > _SMALL and steps > _FEW:
        with right:
            options = {"few": f"{_FEW}, for a quick look", "all": f"{steps}, as above"}
            if (
                controls.segments("ablation.steps", "Steps of each", options, default="few")
                == "few"
            ):
                steps = _FEW
    way: Way = "without" if word == "without" else "alone"
    return way, replace(grown.params, steps=steps)


def _partner(bench: Bench) -> str:
    """Return the first other network that is ready, or nothing."""
    specs = partners.partners(bench.spec, bench.data)
    return next((spec.name for spec in specs if models.is_ready(spec.name)), "")


# ---------------------------------------------------------------------------------- work
def _place(bench: Bench, grown: Grown, variant: Variant, partner: str, at: int) -> _Place:
    digest = bench.digest if grown.params.start == "image" else ""
    key = AblationKey(bench.model_name, digest, grown.wish, variant.params, grown.seed, partner)
    return _Place(variant, key, _work(bench, grown, variant, key), f"{_SLOT}{at:02d}")


def _work(bench: Bench, grown: Grown, variant: Variant, key: AblationKey) -> progress.Work:
    """Return what makes a tile: it takes the image above if that is the very same run."""
    model, wish, image = bench.model, grown.wish, None
    if variant.params.start == "image":
        image = bench.input
    other = cached.model(key.partner) if key.partner else None
    begun, state = st.session_state.get(_BEGUN, (None, None))
    state = state if begun == key else None

    def work(report: Report) -> Tile:
        # Imported here since they load torch, which a page must not wait for.
        from xai.visualization.aims import aim
        from xai.visualization.studies.ablation import outcome, trial
        from xai.visualization.studies.witness import witnesses

        started = time.monotonic()
        if covers(grown.result, variant):
            found = outcome(variant, grown.result)
        else:
            wanted = aim(model, wish.objective, wish.layer, wish.index)
            found = trial(
                model,
                wanted,
                variant,
                grown.seed,
                image=image,
                state=state,
                progress=report,
                on_step=report.publish,
            )
        seconds = time.monotonic() - started
        asked = [] if other is None else [other]
        label = wish.classes[0] if wish.classes else None
        return Tile(found, witnesses(asked, found.image[None], label), seconds)

    return work


def _draw(bench: Bench, grown: Grown, places: Sequence[_Place], bare: int, way: Way) -> list[Tile]:
    """Draw all tiles; those that are there, the one that grows, and room for the others."""
    found: list[Tile] = []
    rows = [list(places[:bare])]
    rows += [list(places[at : at + _ACROSS]) for at in range(bare, len(places), _ACROSS)]
    waiting = False
    for row, there in enumerate(rows):
        if row == 1:
            st.markdown("**Each one alone**" if way == "alone" else "**All but one**")
        columns = st.columns(_ACROSS, gap="small")
        for column, place in zip(columns, there, strict=False):
            with column:
                knob_tiles.head(bench, grown, place.variant)
                tile = None if waiting else _tile(bench, grown, place, places)
                if tile is not None:
                    found.append(tile)
                    knob_tiles.show(grown, tile)
                elif waiting:
                    st.skeleton(knob_tiles.HEIGHT)
                # One is polled: each that ends runs the page again.
                waiting = waiting or tile is None
        if not row:
            with columns[_ACROSS - 1]:
                knob_tiles.real(bench, roughness(bench.input))
    if waiting:
        _said(places, found)
    return found


def _tile(bench: Bench, grown: Grown, place: _Place, places: Sequence[_Place]) -> Tile | None:
    """Return a tile, or draw it as it grows; the next one may begin as soon as it ends."""
    at = places.index(place)
    if not progress.is_stopped(place.key):
        _ahead(place, places[at + 1 : at + 2])
    else:
        progress.vacate((_SLOT,))

    def during(sight: Sight) -> None:
        st.session_state[_BEGUN] = (place.key, sight.state)
        knob_tiles.growing(sight)

    found: Tile | None = progress.result(
        place.key,
        place.work,
        label=f"Image {at + 1} of {len(places)}",
        keep=False,
        slot=place.slot,
        narrow=True,
        during=during,
    )
    return found


def _ahead(place: _Place, after: Sequence[_Place]) -> None:
    """Ask for a tile and for the one behind it, so that nothing stands still between them."""
    for one in (place, *after):
        progress.ahead(one.key, one.work, label="Knobs", slot=one.slot, patience=0)


def _said(places: Sequence[_Place], found: Sequence[Tile]) -> None:
    """Say how many tiles are ready, and how long the others take."""
    left = len(places) - len(found)
    if any(progress.is_stopped(place.key) for place in places):
        st.caption(f"Stopped: {len(found)} of {len(places)} are ready, and stay.")
        return
    grown = [tile.seconds for tile in found if tile.seconds > 0.01]
    if not grown:
        st.caption(f"One image after the other: {left} to go. What is ready stays.")
        return
    seconds = left * sum(grown) / len(grown)
    st.caption(
        f"{len(found)} of {len(places)} are ready; the others take about {max(1, seconds):.0f} s. "
        "What is ready stays."
    )


# ------------------------------------------------------------------------------- reading
def _summary(found: Sequence[Tile], *, whole: bool) -> None:
    """Say in a sentence what holding back costs and brings, and which knob matters most."""
    every = next((tile.outcome for tile in found if tile.outcome.variant.kind == "all"), None)
    bare = next((tile.outcome for tile in found if tile.outcome.variant.kind == "none"), None)
    if every is None or bare is None:
        return
    higher = "higher" if bare.score > every.score else "not higher"
    words = (
        f"With nothing to hold it back the score is {higher} (**{number(bare.score)}** instead of "
        f"**{number(every.score)}**), and **{percent(bare.roughness.fine)}** of the image is fine "
        f"grain instead of **{percent(every.roughness.fine)}**."
    )
    single = [tile.outcome for tile in found if tile.outcome.variant.kind in ("alone", "without")]
    if whole and single:
        words += _most(single, every, bare)
    st.markdown(words)


def _most(single: Sequence[Outcome], every: Outcome, bare: Outcome) -> str:
    """Name the regulariser that moves the grain furthest."""
    alone = single[0].variant.kind == "alone"
    start = bare if alone else every
    way: Callable[[Outcome], float] = lambda one: one.roughness.fine - start.roughness.fine  # noqa: E731
    best = min(single, key=way) if alone else max(single, key=way)
    if (way(best) >= 0) if alone else (way(best) <= 0):
        return ""
    name = knob_cards.label(best.variant.name).lower()
    share = percent(best.roughness.fine)
    if alone:
        return f" Alone, **{name}** takes away most of it: {share} is left."
    return f" Most depends on **{name}**: without it, it is {share}."


def _charts(found: Sequence[Tile]) -> None:
    """Draw scores and grain side by side, a row a run."""
    outcomes = [tile.outcome for tile in found]
    names = [knob_tiles.word(one.variant) for one in outcomes]
    left, right = st.columns(2, gap="medium")
    with left:
        chart = ablation_bars(outcomes, names, "score")
        st.altair_chart(chart, width="stretch", alt="score of every run")
    with right:
        chart = ablation_bars(outcomes, names, "fine")
        st.altair_chart(chart, width="stretch", alt="share of fine grain of every run")
    asked = found[0].witnesses
    other = f" The other network is {panels.plain(asked[0].label)}." if asked else ""
    st.caption(
        "Left: how much the network likes the image; right: how much of it is grain, waves "
        "shorter than four pixels. Jumps are the mean difference of neighbouring pixels, in grey "
        "levels. "
        f"A regulariser gives up score for an image that could be a real one.{other}"
    )
