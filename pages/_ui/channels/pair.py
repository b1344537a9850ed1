"""Two images side by side in one layer, on one scale: samples, before and after, two models."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, controls, fetching, panels, progress
from pages._ui.channels import choices, partner
from pages._ui.channels.sheet import Answer, Ranked, grid, legend, ranked
from pages._ui.layer_picker import described, shape
from pages._ui.workbench import Bench
from xai import attacks, images
from xai.attacks import AttackResult
from xai.figures import pictures
from xai.figures.wording import percent
from xai.jobs import Report
from xai.models import MODELS
from xai.types import Layer, Prediction

_WHAT = {
    "sample": "Another image",
    "attacked": "Its attacked version",
    "model": "Another model",
}
_ORDERS = {
    "difference": "most changed first",
    "score": "most telling first",
    "index": "by index",
}

# CSS pixels of each of the two grids: half a page wide, few channels take several rows.
_HIGH = 420
# The layer for which the one beside it was proposed.
_FOLLOWS = "_pair_layer"


@dataclass(frozen=True)
class AttackedKey:
    """Everything that the attacked version of an image depends on."""

    model: str
    digest: str
    label: int
    method: str = "pgd"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two images: what the network receives, and what it says of it."""

    title: str
    image: np.ndarray
    prediction: Prediction
    answer: Answer


def show(bench: Bench, layer: Layer) -> None:
    """Draw the layer for the workbench's image and for another beside it."""
    one, two = st.columns([2, 2], vertical_alignment="bottom")
    with one:
        what = controls.segments("beside_what", "Beside it", _WHAT, default="sample")
    same = what != "model"
    with two:
        # Two networks have no channels in common that could differ.
        orders = {name: text for name, text in _ORDERS.items() if same or name != "difference"}
        by = controls.select("pair_order", "Order", orders, default=next(iter(orders)))
    first = _side("The image", bench.model_name, bench.digest, bench.input, layer)
    second = _second(bench, layer, what)
    if second is None:
        return
    sides = (first, second)
    ends = _ends(sides)
    signed = any(side.answer.signed for side in sides)
    rankings = _rankings(sides, by, same=same)
    chosen = choices.channel()
    for side, place, ranking in zip(sides, st.columns(2, gap="medium"), rankings, strict=True):
        ours = same or side is first
        with place:
            _head(side)
            picked = grid(
                side.answer,
                ranking,
                ends,
                chosen if ours else None,
                key=f"pair-{int(side is second)}-{side.answer.model}-{side.answer.layer.name}",
                signed=signed,
                height=_HIGH,
            )
            if picked is not None and picked != chosen and ours:
                choices.pick(picked)
                st.rerun()
    st.html(legend(ends, signed=signed))
    _explain(sides, same=same, by=by)
    panels.download_arrays(
        {"first": first.answer.maps, "second": second.answer.maps},
        f"{bench.model_name}-{layer.name}-pair",
        "pair-arrays",
    )


def _rankings(sides: tuple[Side, Side], by: str, *, same: bool) -> tuple[Ranked, Ranked]:
    """Return the order of either side; of one network both have the same."""
    if by == "difference":
        order = _changed(sides)
        return order, order
    one, two = (
        ranked(by, side.answer.facts.score if by == "score" else None, len(side.answer.maps))
        for side in sides
    )
    return one, one if same else two


def _side(title: str, model: str, digest: str, image: np.ndarray, layer: Layer) -> Side:
    maps = cached.feature_maps(model, digest, layer.name, image)
    tiles = maps if maps.ndim == 3 else maps[:, None, None]
    prediction = cached.prediction(model, digest, image)
    return Side(title, image, prediction, Answer(model, digest, layer, tiles))


def _second(bench: Bench, layer: Layer, what: str) -> Side | None:
    """Return what stands beside the image, or None while it is not there."""
    if what == "sample":
        partner.choose(bench)
        other = partner.bench_of(bench)
        return _side(other.chosen.label, bench.model_name, other.digest, other.input, layer)
    if what == "attacked":
        found = _attacked(bench)
        if found is None:
            return None
        title = "Attacked" if found.success else "Attacked, in vain"
        return _side(title, bench.model_name, images.digest(found.image), found.image, layer)
    return _other_model(bench, layer)


def _attacked(bench: Bench) -> AttackResult | None:
    key = AttackedKey(bench.model_name, bench.digest, bench.prediction.label)
    model, image = bench.model, bench.input

    def work(report: Report) -> AttackResult:
        goal = attacks.Goal.untargeted(key.label)
        return attacks.run(model, image, key.method, goal=goal, seed=key.seed, progress=report)

    found: AttackResult | None = progress.result(
        key, work, label="The attack (PGD)", keep=False, slot="attacked"
    )
    return found


def _other_model(bench: Bench, layer: Layer) -> Side | None:
    fitting = {
        name: spec.label
        for name, spec in MODELS.items()
        if bench.data in spec.fits and name != bench.model_name
    }
    if not fitting:
        st.info("No other model takes the images of this data set.", icon=":material/block:")
        return None
    left, right = st.columns(2)
    with left:
        name = controls.select("b.model", "Model beside", fitting, default=next(iter(fitting)))
    if not fetching.model_ready(MODELS[name]):
        return None
    model = cached.model(name)
    layers = {item.name: item for item in model.layers if item.spatial}
    usual = _as_deep(bench, layer, list(layers))
    key = f"b.layer.{name}"
    if st.session_state.get(_FOLLOWS, layer.name) != layer.name:
        st.session_state[key] = usual
    st.session_state[_FOLLOWS] = layer.name
    with right:
        words = {item: described(layers[item]) for item in layers}
        picked = controls.select(key, "Its layer", words, default=usual)
    other = dataclasses.replace(bench, spec=MODELS[name], wanted="predicted")
    return _side(other.spec.label, name, other.digest, other.input, layers[picked])


def _as_deep(bench: Bench, layer: Layer, others: list[str]) -> str:
    """Return the layer of another network that lies as deep in it as ``layer`` does here."""
    ours = [item.name for item in bench.model.layers]
    depth = ours.index(layer.name) / max(1, len(ours) - 1)
    return others[round(depth * (len(others) - 1))]


def _ends(sides: tuple[Side, Side]) -> tuple[float, float]:
    """Return the range of both, so that equal colours are equal numbers."""
    known = [side.answer.ends for side in sides if side.answer.ends is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else (0.0, 0.0)


def _changed(sides: tuple[Side, Side]) -> Ranked:
    one, other = (side.answer.maps for side in sides)
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other).mean(axis=(1, 2))
    return ranked("difference", apart, len(one))


def _head(side: Side) -> None:
    picture, words = st.columns([1, 3], vertical_alignment="center")
    with picture:
        panels.image(pictures.picture(side.image), alt=side.title)
    seen = side.prediction
    words.markdown(f"**{panels.plain(side.title)}**")
    decision = f"seen as **{panels.plain(seen.name)}**, {percent(seen.confidence)}"
    if not np.isfinite(seen.logits).all():
        decision = "no decision, since the scores are NaN or infinite"
    words.caption(
        f"{decision} · {panels.plain(side.answer.layer.name)}, {shape(side.answer.layer)}"
    )


def _explain(sides: tuple[Side, Side], *, same: bool, by: str) -> None:
    if not same:
        st.caption(
            "Two networks have no channels in common: each shows its own, the most telling first. "
            "Colours of both span one range."
        )
        return
    one, other = (side.answer.maps.ravel().astype(np.float64) for side in sides)
    size = float(np.linalg.norm(one))
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        apart = float(np.linalg.norm(one - other)) / size if size else float("nan")
    if np.isfinite(apart):
        distance = f"The answers differ by {apart:.0%} of the first one’s size."
    elif size:
        distance = "Some answers are NaN or infinite, so there is no distance between the two."
    else:
        distance = "The layer is silent for the first image: there is no share of its size."
    order = " The channels that change most stand first." if by == "difference" else ""
    st.caption(
        f"Same layer, same channels in the same places, one scale for both.{order} {distance}"
    )
