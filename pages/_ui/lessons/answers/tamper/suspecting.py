"""Second step: the detective's tools."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import controls, link
from pages._ui.lessons.answers.tamper import evidence
from pages._ui.lessons.answers.tamper.choosing import Opened, study
from pages._ui.lessons.answers.tamper.sheets import sheet
from xai.experiments.tamper import SIDES, class_means, image_means, share_at_work
from xai.figures import heatmaps, legends
from xai.figures.tamper_charts import twin_chart

_TOOLS = {
    "images": "Mean images",
    "activations": "Mean activations",
    "work": "Neurons at work",
    "evidence": "Evidence",
}
_NETWORKS = {"0": "network A", "1": "network B"}
_LAYERS = {
    "relu1": "relu1, first convolution",
    "relu2": "relu2, second convolution",
    "relu3": "relu3, first dense",
    "relu4": "relu4, second dense",
}
#: Of the first layer.
_CHANNELS = 6
_MINUS = "tamper.minus"


def show(opened: Opened) -> None:
    """Draw the choice of a tool, and what it shows."""
    tool = controls.segments("tamper.tool", "Tool", _TOOLS, default="images")
    shown = {
        "images": _images,
        "activations": _activations,
        "work": _work,
        "evidence": evidence.show,
    }
    with st.container():
        shown[tool](opened)


def _images(opened: Opened) -> None:
    """Show the mean image of each class, and what the two sets differ by."""
    means = study(opened, "images", lambda report: image_means(opened.case), "Mean images")
    if means is None:
        return
    grey = np.rint(means * 255).astype(np.uint8)
    for side, name in enumerate(SIDES):
        st.markdown(f"**Mean of each class, data set {name}**")
        sheet(grey[side], len(grey[side]), alt=f"mean image of each class of data set {name}")
    st.caption(
        "The mean of some hundred different digits is a blur; what is the same in every image "
        "stays sharp."
    )
    _difference(means[0] - means[1], "")


def _activations(opened: Opened) -> None:
    """Show what a channel of the first layer gives on average for each class."""
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    with left:
        reader = controls.segments("tamper.reader", "Seen by", _NETWORKS, default="0")
    with right:
        names = {str(one): str(one + 1) for one in range(_CHANNELS)}
        channel = controls.segments("tamper.channel", "Channel of relu1", names, default="0")
    means = study(
        opened,
        f"activations {reader}",
        lambda report: class_means(opened.case, int(reader)),
        "Mean activations",
    )
    if means is None:
        return
    maps = means[:, :, int(channel)]
    top = float(maps.max())
    for side, name in enumerate(SIDES):
        st.markdown(f"**Mean of each class, data set {name}, as {_NETWORKS[reader]} sees it**")
        tiles = heatmaps.magnitude(maps[side], 0.0, top)
        sheet(tiles, len(tiles), alt=f"mean activation of each class of data set {name}")
    st.html(legends.magnitude_legend(0.0, top, words=("silent", "active")))
    st.caption(
        "One network looks at the held-out digits of both sets, so that the rows can be compared. "
        "A channel may be silent where a pattern lies: try others, and the other network."
    )
    _difference(maps[0] - maps[1], " active")


def _difference(maps: np.ndarray, what: str) -> None:
    """Offer to show what data set A has more than B, in red, and less, in blue."""
    # The strongest tool: the teacher, or the student's patience, decides when it is taken.
    link.restore(_MINUS, {"True": True, "False": False}.get, what="difference", default=False)
    shown = st.toggle("Subtract: A minus B", key=_MINUS, persist_state="session")
    link.publish(_MINUS, True if shown else None)
    if not shown:
        return
    scale = heatmaps.common_scale(list(maps), percentile=99.5)
    sheet(heatmaps.signed(maps, scale), len(maps), alt="difference of the means of A and B")
    words = (f"more{what} in B", f"more{what} in A")
    st.html(legends.signed_legend(scale, words=words, note="same scale in all squares"))
    st.caption(
        "Different digits of a class never have quite the same mean, so that every square has "
        "spots where there is ink. Look where there is none."
    )


def _work(opened: Opened) -> None:
    """Show the share of neurons that are above zero, class by class."""
    layer = controls.segments("tamper.layer", "Layer", _LAYERS, default="relu1")
    found = study(
        opened,
        "work",
        lambda report: share_at_work(opened.case, tuple(_LAYERS)),
        "Neurons at work",
    )
    if found is None:
        return
    chart = twin_chart(
        found[layer], opened.case.classes, f"Neurons at work in {layer}", "neurons above zero"
    )
    st.altair_chart(chart, width="stretch", alt=f"share of active neurons in {layer} by class")
    st.caption(
        "Each network on held-out digits of its own set. Two networks never have the same habits: "
        "what counts is a class whose marks lie in another way than those of the other classes."
    )
