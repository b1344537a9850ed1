"""Prune and pay: mask units of an epoch's network, and see what accuracy and recall do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import controls, link, panels, progress
from pages._ui.lessons import mark, surveys
from pages._ui.lessons.answers import pruned
from pages._ui.lessons.answers.pruned import Cut
from pages._ui.lessons.lesson import Lesson, model_at
from xai.activations.occupancy import occupancy
from xai.activations.survey import Survey, SurveyKey, survey_of
from xai.figures import price_chart
from xai.figures.wording import percent
from xai.jobs import Report
from xai.store.keeping import kept
from xai.training import pruning
from xai.training.pruning import RULES, SHARES, Price, PriceKey, Ranking, Usage

if TYPE_CHECKING:
    from xai.models import LoadedModel

_ALL = "all"
_USUAL = 0.2
_HEIGHT = 520
#: Of the chart of the price where there are few classes.
_LEAST = 360
_SLOT = "pruning-"  # after the question, so that it gives way with it


def show(lesson: Lesson) -> None:
    """Draw the choice of units, what masking them costs, and ways to take the network along."""
    at = mark.current(lesson)
    other = lesson.other
    if other is not None:
        words = {"a": lesson.label, "b": other.label}
        if controls.segments("prune.run", "Run", words, default="a") == "b":
            lesson, at = other, mark.nearest(other, at)
    if not len(lesson.images):
        st.info("This run kept no test images, so that no price can be measured.")
        return
    model = model_at(lesson, at)
    layers = pruning.maskable(model)
    if not layers:
        st.info("No layer of this network has units that can be masked.", icon=":material/info:")
        return
    rule, chosen = _which(layers)
    survey = _survey(lesson, model)
    if survey is None:
        return
    usages = [_usage(survey, layer) for layer in chosen]
    ranking = pruning.rank(usages, rule, _draw_number() if rule == "random" else 0)
    if not len(ranking):
        where = panels.plain(chosen[0]) if len(chosen) == 1 else "these layers"
        st.info(
            f"No unit of {where} is {rule} at epoch {mark.named(at)}: nothing to mask. Choose "
            "another rule, layer or epoch.",
            icon=":material/info:",
        )
        return
    cut = Cut(lesson, at, model, ranking, _count(ranking))
    found = _price(cut)
    if found is not None:
        _draw(cut, found)
        pruned.offer(cut, found)


# ------------------------------------------------------------------------------- choices
def _which(layers: dict[str, int]) -> tuple[str, list[str]]:
    """Draw the choice of a rule and of layers."""
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        words = {name: rule.label for name, rule in RULES.items()}
        rule = controls.segments("prune.rule", "Mask units that are", words, default="weakest")
    with right:
        names = {_ALL: f"All layers ({sum(layers.values()):,} units)"}
        names |= {layer: f"{layer} ({units} units)" for layer, units in layers.items()}
        chosen = controls.select("prune.layer", "Of", names, default=_ALL)
    st.caption(f"**{RULES[rule].label}**: {RULES[rule].words}")
    return rule, list(layers) if chosen == _ALL else [chosen]


def _draw_number() -> int:
    """Draw the choice of a random order."""
    key = "prune.seed"
    read = lambda text: int(text) if text.isdecimal() and int(text) < 1000 else None  # noqa: E731
    link.restore(key, read, what="draw", default=0)
    seed = int(st.number_input("Draw", 0, 999, step=1, key=key, persist_state="session"))
    link.publish(key, seed or None)
    return seed


def _count(ranking: Ranking) -> int:
    """Draw how many units are masked: a share of all, or the whole of a group."""
    if RULES[ranking.rule].group:
        return len(ranking)
    counts = {ranking.count(share): share for share in reversed(SHARES)}
    options = {f"{share:g}": count for count, share in reversed(counts.items())}
    key = "prune.share"

    def near(share: float) -> str:
        wanted = ranking.count(share)
        return min(options, key=lambda option: abs(options[option] - wanted))

    asked = link.restore(key, _share, what="share", default=near(_USUAL))
    if asked not in options:  # another layer has another number of units
        st.session_state[key] = near(float(asked))
    picked: str = st.select_slider(
        "Units masked",
        list(options),
        key=key,
        format_func=lambda option: f"{options[option]:,} of {ranking.total:,}",
        persist_state="session",
    )
    link.publish(key, picked)
    return options[picked]


def _share(text: str) -> str | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return f"{share:g}" if 0 <= share <= 1 else None


# ---------------------------------------------------------------------------------- work
def _survey(lesson: Lesson, model: LoadedModel) -> Survey | None:
    """Return what the units of this epoch do, or show how far that is."""
    shown, shelf = surveys.images(lesson), surveys.shelf_of(lesson)
    key = SurveyKey.of(model, shown)
    found: Survey | None = shelf.load(key)
    if found is not None:
        return found

    def count(report: Report) -> Survey:
        return survey_of(key, model, shown, shelf, progress=report)

    made: Survey | None = progress.result(
        key, count, label="What each unit does", keep=False, slot=f"{_SLOT}survey"
    )
    return made


def _usage(survey: Survey, layer: str) -> Usage:
    found = occupancy(survey, layer)
    return Usage(layer, survey.mean[layer], found.dead, found.rare)


def _price(cut: Cut) -> Price | None:
    """Return what masking costs, or draw how far it is and return None."""
    images, model, ranking = cut.lesson.images, cut.model, cut.ranking
    key, shelf = PriceKey.of(model, images, ranking), surveys.shelf_of(cut.lesson)
    known: Price | None = shelf.load(key)
    if known is not None:
        return known

    def work(report: Report) -> Price:
        def measure() -> Price:
            return pruning.price(model, images, ranking, progress=report, on_price=report.publish)

        return kept(key, Price, shelf, measure)

    made: Price | None = progress.result(
        key,
        work,
        label=f"The price over {len(images):,} test images",
        keep=False,
        slot=f"{_SLOT}price",
        during=lambda partial: _draw(cut, partial),
        reserve=_HEIGHT,
    )
    return made


# ------------------------------------------------------------------------------- answers
def _draw(cut: Cut, found: Price) -> None:
    """Draw the price as far as it is known."""
    after = found.accuracy[found.at(cut.count)]
    if np.isfinite(after):
        st.markdown(_said(cut, found))
    height = max(_LEAST, price_chart.recall_height(found))
    left, right = st.columns(2, gap="medium")
    with left:
        st.altair_chart(
            price_chart.price_chart(found, cut.rule, cut.count, height=height),
            width="stretch",
            alt="accuracy over the share of units that is masked",
        )
        st.caption(
            "Masked units are 0 for every image. Orange: the units of the rule; grey: as many "
            f"drawn at random, from the worst to the best of {len(found.random_accuracy)} draws. "
            f"The upright line is the choice. Over {found.images:,} test images."
        )
    with right:
        if np.isfinite(after):
            st.altair_chart(
                price_chart.recall_bars(found, cut.count),
                width="stretch",
                alt="recall of each class before and after units are masked",
            )
            st.caption(
                "The same images by true class: a small loss of accuracy may be one class that "
                "is lost."
            )
        else:
            st.skeleton(height)


def _said(cut: Cut, found: Price) -> str:
    """Say what accuracy does, beside random, and which class loses most."""
    place, ranking = found.at(cut.count), cut.ranking
    before, after = found.accuracy[0], found.accuracy[place]
    share = percent(cut.count / ranking.total)
    words = (
        f"With **{cut.count:,} of {ranking.total:,} units** masked ({share}), accuracy goes from "
        f"**{percent(before)}** to **{percent(after)}**"
    )
    others = found.random_at(cut.count)
    if len(others) and ranking.rule != "random" and 0 < cut.count < ranking.total:
        words += f"; with as many at random, to {percent(float(others.mean()))} on average"
    words += "."
    lost = found.recall[0] - found.recall[place]
    if np.nanmax(lost) > 0:
        worst = int(np.nanargmax(lost))
        words += (
            f" Class **{panels.plain(found.classes[worst])}** loses most: its recall goes from "
            f"{percent(found.recall[0, worst])} to {percent(found.recall[place, worst])}."
        )
    elif (lost[np.isfinite(lost)] == 0).all() and cut.count:
        words += " No class loses an image: these units were not needed for any of them."
    return words
