"""All channels of one layer for one image, in one picture."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import cached, controls, panels
from pages._ui.channels import choices, neurons
from pages._ui.channels.sheet import Answer, Ranked, grid, legend, ranked
from pages._ui.evidence.maps import at_layer
from pages._ui.layer_picker import shape
from pages._ui.workbench import Bench
from xai import attribution
from xai.attribution.lrp.channels import ChannelRelevance
from xai.types import Layer

ORDERS = {
    "score": "most telling first",
    "index": "by index",
    "mean": "highest mean first",
    "max": "highest maximum first",
    "relevance": "most relevant for the class first",
}
SCALES = {
    "channel": "each channel its own",
    "layer": "one for the layer",
    "network": "one for the network",
}


def show(bench: Bench, layer: Layer) -> None:
    """Draw every channel of the layer; what is clicked is chosen."""
    maps = cached.feature_maps(bench.model_name, bench.digest, layer.name, bench.input)
    if maps.ndim == 1:
        neurons.show(bench, layer, maps)
        return
    left, right, about = st.columns([3, 3, 1.4], vertical_alignment="bottom")
    with left:
        by = controls.select("order", "Order", ORDERS, default="score")
    with right:
        scale = controls.select("layer_scale", "Colour scale", SCALES, default="channel")
    with about:
        _about()
    answer = Answer(bench.model_name, bench.digest, layer, maps)
    ranking = rank(bench, answer, by)
    chosen = choices.channel()
    st.markdown(f"**{len(maps)} channels of {panels.plain(layer.name)}**, {shape(layer)}")
    ends = _ends(bench, answer, scale)
    # On the scale of the network a colour means the same number in every layer.
    signed = ends[0] < 0 if ends is not None and scale == "network" else answer.signed
    key = f"grid-{bench.model_name}-{layer.name}"
    picked = grid(answer, ranking, ends, chosen, key=key, signed=signed)
    if picked is not None and picked != chosen:
        choices.pick(picked)
        st.rerun()
    if ends is not None:
        st.html(legend(ends, signed=signed))
    _explain(answer, ranking, scale)
    choices.offer("channel")
    panels.download_arrays({layer.name: maps}, f"{bench.model_name}-{layer.name}", "maps-arrays")


def rank(bench: Bench, answer: Answer, by: str) -> Ranked:
    """Return the channels in the order that was asked for; by score while it is computed."""
    facts = answer.facts
    if by == "relevance":
        found = _relevance(bench, answer.layer)
        if found is not None:
            return ranked(by, found.sums, len(answer.maps))
        by = "score"
    numbers = {"score": facts.score, "mean": facts.mean, "max": facts.high}.get(by)
    return ranked(by, numbers, len(answer.maps))


def _ends(bench: Bench, answer: Answer, scale: str) -> tuple[float, float] | None:
    # A map of one number has no range of its own.
    if scale == "channel" and answer.maps[0].size > 1:
        return None
    if scale == "network":
        return cached.extent(bench.model_name, bench.digest, bench.input)
    return answer.ends or (0.0, 0.0)


def _relevance(bench: Bench, layer: Layer) -> ChannelRelevance | None:
    """Return what the layer's channels carry of the class's score, or show why it is not there."""
    reason = attribution.blocked(bench.model, "lrp")
    if not reason and not np.isfinite(bench.prediction.logits).all():
        reason = "The network’s scores are NaN or infinite: there is no decision to explain."
    if reason:
        st.info(f"{reason} Ordered by score instead.", icon=":material/block:")
        return None
    return at_layer(bench, layer.name)


def _explain(answer: Answer, ranking: Ranked, scale: str) -> None:
    facts = answer.facts
    silent = int((facts.constant & (facts.high == 0)).sum())
    constant = int(facts.constant.sum()) - silent
    broken = int(facts.broken.sum())
    span = {
        "channel": "its own range, so compare shapes and not brightness",
        "layer": "the range of the layer",
        "network": "the range of all layers",
    }[scale]
    words = [
        f"Each square is one channel, {ORDERS[ranking.by]}; its colours span {span}.",
        f"{silent} are silent: zero everywhere." if silent else "",
        f"{constant} are constant." if constant else "",
        f"{broken} hold NaN or infinity, drawn in green." if broken else "",
    ]
    st.caption(" ".join(word for word in words if word))


def _about() -> None:
    with st.popover("Explain", icon=":material/function:"):
        st.markdown(
            "A **channel** is one filter’s answer at every place of the image. The **score** says "
            "how much there is to see in it: the entropy of its values over ten bins, times their "
            "mean size. A map that is the same everywhere scores 0."
        )
        st.latex(r"s_c = -\sum_{b=1}^{10} p_b \ln p_b \;\cdot\; \overline{|a_c|}")
        st.markdown(
            "**Relevance** is what the channel carries of the class’s score, by layer-wise "
            "relevance propagation: it may be high where little is to be seen."
        )
        st.caption(
            "S. Bach et al.: *On pixel-wise explanations for non-linear classifier decisions by "
            "layer-wise relevance propagation*, 2015."
        )
