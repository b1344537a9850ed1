"""Where an attack takes hold: how far each layer is moved, and the way through their maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import link, panels, progress
from pages._ui.assault.answers import course
from pages._ui.assault.attacking import Attacked, AttackKey
from pages._ui.workbench import Bench
from xai import activations
from xai.activations import Divergence
from xai.attacks import ATTACKS
from xai.embedding import FEWEST
from xai.figures.divergence_chart import divergence_chart
from xai.jobs import Report

#: Random changes that the attack is compared with.
_DRAWS = 8


@dataclass(frozen=True)
class DivergenceKey:
    """How far each layer is moved by an attack, and by noise."""

    attack: AttackKey
    draws: int


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw how far the layers are moved, and the strip of their maps."""
    far = _divergence(bench, attacked)
    # Its place is kept: the layer that it marks is known last.
    chart = st.container()
    images, method = course.choices(bench)
    mark: str | None = ""
    if len(images) < FEWEST:
        st.info(f"A map needs at least {FEWEST} images; this data set has {len(images)}.")
    else:
        try:
            mark = course.show(bench, attacked, images, method)
        except ValueError as error:  # no map can be made of these: the chart is as good
            st.info(str(error), icon=":material/info:")
    if far is not None:
        with chart:
            _draw(_shown(bench, far), attacked, mark)
    st.page_link(
        "pages/cluster_flow.py",
        label="Follow both through the clusters of each layer",
        icon=":material/alt_route:",
        query_params={"flow.show": "image", "flow.attacked": "True"},
    )


def _divergence(bench: Bench, attacked: Attacked) -> Divergence | None:
    """Return how far each layer is moved by the attack (row 0) and by noise, or show progress."""
    model, image, first = bench.model, bench.input, attacked.noise
    norm, eps = attacked.norm, first.l2 if attacked.norm == "l2" else first.linf

    def work(report: Report) -> Divergence:
        from xai.attacks.algorithms.norms import noise  # not above: it loads torch

        drawn = [noise(image, eps, norm, seed) for seed in range(1, _DRAWS)]
        others = np.stack([attacked.result.image, first.image, *drawn])
        return activations.divergence(model, image, others, progress=report)

    found: Divergence | None = progress.result(
        DivergenceKey(attacked.key, _DRAWS),
        work,
        label="Distances layer by layer",
        keep=False,
        slot="inside divergence",
    )
    return found


def _shown(bench: Bench, far: Divergence) -> Divergence:
    """Return the distances in the layers of the strip, or in all, as is chosen."""
    among = far.among(course.layers(bench))
    if len(among.layers) == len(far.layers):
        return far
    key = "inside.all"
    link.restore(key, {"True": True, "False": False}.get, what="layers", default=False)
    every: bool = st.toggle(
        f"All {len(far.layers) - 1} layers in the charts",
        key=key,
        persist_state="session",
        help=f"Else the {len(among.layers) - 1} that have a map below. Within a block the "
        "distance goes up and down with each kind of layer, so that all of them zigzag.",
    )
    link.publish(key, every or None)
    return far if every else among


def _draw(far: Divergence, attacked: Attacked, layer: str | None) -> None:
    """Draw both measures beside each other; the ``layer`` is marked, ``""`` marks none."""
    noise = range(1, len(far.relative))
    lines = {f"attacked ({ATTACKS[attacked.key.method].label})": 0}
    left, right = st.columns(2, gap="medium")
    left.altair_chart(
        divergence_chart(far, lines, noise, of="relative", chosen=layer),
        width="stretch",
        alt="relative distance between clean and attacked activations in each layer",
    )
    right.altair_chart(
        divergence_chart(far, lines, noise, of="angle", chosen=layer),
        width="stretch",
        alt="angle between clean and attacked activations in each layer",
    )
    alike = "largest change of a pixel" if attacked.norm == "linf" else "length (L2)"
    st.caption(
        f"How far the activations are from the clean image’s. Grey: {len(noise)} random "
        f"changes with the same {alike}, their median and range. {_growth(far, noise)}"
    )
    for sentence in far.notes:
        st.caption(f":material/info: {panels.plain(sentence)}")


def _growth(far: Divergence, noise: range) -> str:
    """Say how much farther than noise the attack is, at the pixels and where it is most so."""
    ratio = far.ratio(0, list(noise))
    known = np.isfinite(ratio)
    if not known[1:].any():
        return ""
    most = int(np.nanargmax(np.where(known, ratio, -np.inf)))
    layer = far.layers[most]
    where = "the pixels" if layer is None else f"**{panels.plain(layer)}**"
    start = f"In the pixels the attack is {ratio[0]:.2g} times as far as noise; " * bool(known[0])
    said = f"{start}it is most ahead in {where}, with {ratio[most]:.2g} times."
    return said[0].upper() + said[1:]
