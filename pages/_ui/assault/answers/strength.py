"""How strong an attack must be: success over strength, and the weakest image that fools."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages._ui import controls, panels, progress
from pages._ui.assault.aiming import most_levels
from pages._ui.assault.attacking import Attacked
from pages._ui.assault.sureness import said
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS, EPS_MAX, default_eps
from xai.attacks.strengths import NOISE, amount, norms_of
from xai.attacks.studies.shots import Weakest
from xai.attacks.studies.smallest import Smallest, smallest
from xai.attacks.studies.strength import Sweep, joined, ladder, sweep
from xai.figures import pictures
from xai.figures.attack_lines import method_label
from xai.figures.strength_chart import strength_curves, strip_height, success_strip
from xai.figures.strength_ruler import What
from xai.figures.wording import percent
from xai.jobs import Report
from xai.types import Params

#: Draws of random noise at each strength.
_DRAWS = 8
#: Parts of the largest strength on offer.
_RANGES = {"4": 0.25, "2": 0.5, "1": 1.0}
_MEASURES = {"probability": "probability of the class", "confidence": "confidence"}
_HEIGHT = 340


@dataclass(frozen=True)
class StrengthKey:
    """Everything that a method's curve depends on."""

    model: str
    digest: str
    method: str
    params: Params | None
    label: int
    sign: int
    norm: str
    most: float
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Line:
    """A method over all strengths, and the smallest one that is enough.

    Attributes
    ----------
    sweep : Sweep
        With the method's curve alone.
    smallest : Smallest or None
        None for random noise.
    """

    sweep: Sweep
    smallest: Smallest | None


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw what the chosen attacks and noise do over the strength, and the weakest image."""
    methods, most, of = _choices(bench, attacked)
    left, right = st.columns([5, 3], gap="large")
    with left:
        charts = st.container()
        lines = _lines(bench, attacked, methods, most)
        with charts:
            _charts(bench, attacked, lines, methods, most, of)
    found = [line.smallest for line in lines if line.smallest is not None]
    with right:
        _weakest(attacked, methods, found, most)
    for one in found:
        for sentence in one.notes:
            st.caption(f":material/info: {ATTACKS[one.method].label}: {sentence}.")
    if found:
        _table(found, most)
        text = _csv(joined([line.sweep for line in lines]))
        panels.download_text(text, f"{bench.model_name}-strength.csv", "Numbers (.csv)")


def _choices(bench: Bench, attacked: Attacked) -> tuple[list[str], float, What]:
    """Draw which attacks are compared, up to which strength, and what is drawn."""
    norm = attacked.norm
    able = {name: row for name, row in ATTACKS.items() if norm in norms_of(name)}
    default = tuple(name for name in able if name in ("fgsm", "pgd", "cw", attacked.key.method))
    chosen, reach, measured = st.columns([3, 3, 3], gap="medium")
    with chosen:
        methods = panels.method_choice(f"strength_{norm}", able, default)
    with reach:
        top = most_levels(bench) / 255
        if norm == "l2":
            top = min(EPS_MAX["l2"], 4 * default_eps(bench.spec, "l2"))
        words = {name: amount(part * top, norm) for name, part in _RANGES.items()}
        part = _RANGES[controls.segments("strength_most", "Strengths up to", words, default="2")]
    with measured:
        word = controls.segments("strength_of", "Drawn", _MEASURES, default="probability")
    of: What = "confidence" if word == "confidence" else "probability"
    return methods, part * top, of


def _lines(bench: Bench, attacked: Attacked, methods: Sequence[str], most: float) -> list[Line]:
    """Return the methods that are there; the first that is not shows how far it is."""
    asked = {name: _asked(bench, attacked, name, most) for name in (NOISE, *methods)}
    for name, (key, work) in asked.items():
        progress.ahead(key, work, label=method_label(name), slot=f"strength-{name}", patience=0)
    found, waiting = [], False
    for name, (key, work) in asked.items():
        line: Line | None = progress.result(
            key,
            work,
            label=method_label(name),
            keep=False,
            slot=f"strength-{name}",
            silent=waiting,
            patience=0 if waiting else 0.4,
        )
        if line is not None:
            found.append(line)
        # Only the first that is under way is polled: each that ends runs the page again.
        waiting = waiting or (line is None and not progress.is_stopped(key))
    return found


def _asked(
    bench: Bench, attacked: Attacked, method: str, most: float
) -> tuple[StrengthKey, progress.Work]:
    """Return how a method's line is made."""
    goal, norm, model, image = attacked.result.goal, attacked.norm, bench.model, bench.input
    params = _settings(attacked, method)
    key = StrengthKey(
        bench.model_name, bench.digest, method, params, goal.label, goal.sign, norm, most
    )
    strengths = ladder(most, norm)

    def work(report: Report) -> Line:
        shared: dict[str, Any] = {"goal": goal, "norm": norm, "progress": report}
        if method == NOISE:
            found = sweep(model, image, (), strengths=strengths, draws=_DRAWS, **shared)
            return Line(found, None)
        given = None if params is None else {method: params}
        found = sweep(model, image, (method,), strengths=strengths, params=given, draws=0, **shared)
        begun, shared["draws"] = found.of(method), _DRAWS
        least = smallest(model, image, method, params=params, most=most, begun=begun, **shared)
        return Line(found, least)

    return key, work


def _settings(attacked: Attacked, method: str) -> Params | None:
    """Return the settings chosen above for the attack itself, without its strength."""
    if method != attacked.key.method:
        return None
    params = attacked.key.params
    return replace(params, eps=None) if "eps" in params.infos() else params  # type: ignore[call-arg]


def _charts(
    bench: Bench,
    attacked: Attacked,
    lines: Sequence[Line],
    methods: Sequence[str],
    most: float,
    of: What,
) -> None:
    """Draw curves and strip of what is there, with the places of what is not."""
    awaited = (*methods, NOISE)
    if not lines:
        st.skeleton(_HEIGHT + strip_height(len(awaited)))
        return
    found = joined([line.sweep for line in lines])
    least = [line.smallest for line in lines if line.smallest is not None]
    present = getattr(attacked.result.params, "eps", None)
    st.altair_chart(
        strength_curves(
            found,
            of,
            smallest=least,
            present=present,
            most=most,
            awaited=awaited,
            height=_HEIGHT,
        ),
        width="stretch",
    )
    st.altair_chart(
        success_strip(found, least, present=present, most=most, awaited=awaited), width="stretch"
    )
    aim = panels.plain(bench.spec.classes[found.goal.label])
    way = f"the image is read as {aim}" if found.goal.is_targeted else f"{aim} is no longer read"
    st.caption(
        f"Above: full points fool, which means that {way}; hollow ones do not. Below: coloured "
        "where the attack fools, with the smallest strength that is enough; noise is the "
        f"greyer the more of its {_DRAWS} draws fool. Each strength is an attack of its own."
        + ("" if present is None else " Dotted: the strength chosen at the top of the page.")
    )


def _weakest(
    attacked: Attacked, methods: Sequence[str], found: Sequence[Smallest], most: float
) -> None:
    """Show the image at the smallest strength, and whether noise would have done."""
    st.markdown("**The weakest that fools**")
    names = {name: ATTACKS[name].label for name in methods}
    method = attacked.key.method if attacked.key.method in names else next(iter(names), "")
    if len(names) > 1:
        method = controls.segments("strength_by", "By", names, default=method)
    one = next((one for one in found if one.method == method), None)
    if one is None:
        if names:
            st.skeleton(panels.SIDE)
        else:
            st.info("Choose an attack to see its image.", icon=":material/arrow_back:")
        return
    if one.weakest is None:
        st.info(
            f"No strength up to {amount(most, one.norm)} fools: choose a longer range.",
            icon=":material/shield:",
        )
        return
    if one.weakest.strength == 0:
        st.info(
            "Without any change the goal is reached already: there is nothing to attack.",
            icon=":material/info:",
        )
        return
    panels.image(
        pictures.picture(one.weakest.image), alt="the attacked image of the smallest strength"
    )
    said(one.weakest.after)
    st.markdown(_sentence(one, one.weakest))


def _sentence(one: Smallest, weakest: Weakest) -> str:
    """Say how little is enough, and what as much noise does."""
    label = ATTACKS[one.method].label
    size = amount(weakest.strength, one.norm)
    unit = "a change of {} for each pixel" if one.norm == "linf" else "a change of length {}"
    return (
        f"{unit.format(f'**{size}**').capitalize()} is enough for {label}. Random noise of the "
        f"same size fooled **{one.hits} of {one.draws}** draws: "
        + (
            "it is the direction that fools, not the size."
            if one.hits * 2 < one.draws
            else "at this size noise does it too, so the direction matters little here."
        )
    )


def _table(found: Sequence[Smallest], most: float) -> None:
    """Draw the smallest strengths side by side."""
    rows = [(one, one.weakest) for one in found]
    st.dataframe(
        {
            "attack": [ATTACKS[one.method].label for one, _ in rows],
            "smallest strength": [
                f"none up to {amount(most, one.norm)}"
                if it is None
                else amount(it.strength, one.norm)
                for one, it in rows
            ],
            "read as": ["" if it is None else it.after.name for _, it in rows],
            "confidence": ["" if it is None else percent(it.after.confidence) for _, it in rows],
            "largest change": ["" if it is None else amount(it.linf, "linf") for _, it in rows],
            "length (L2)": ["" if it is None else amount(it.l2, "l2") for _, it in rows],
            "noise of that size": [
                "" if it is None else f"fools {one.hits} of {one.draws}" for one, it in rows
            ],
        },
        hide_index=True,
        # Of its own it would cut the longest name.
        column_config={"attack": st.column_config.Column(width=120)},
    )


def _csv(found: Sweep) -> str:
    """Return all numbers of the curves as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("method", "strength", "success", "probability", "confidence", "class"))
    for curve in found.curves:
        columns = (curve.strengths, curve.success, curve.probability, curve.confidence)
        for *numbers, label in zip(*columns, curve.labels, strict=True):
            values = (f"{number:.6g}" for number in numbers)
            writer.writerow((curve.method, *values, found.clean.classes[int(label)]))
    return text.getvalue()
