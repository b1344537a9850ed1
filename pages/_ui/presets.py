"""Prepared views: one click opens a page with everything chosen for a story."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Preset:
    """A card on the start page.

    Attributes
    ----------
    title, story : str
        What to expect, and what to look at.
    icon : str
        A Material symbol.
    page : str
        The page it opens.
    query : tuple of (str, str)
        The link: the choices it makes.
    """

    title: str
    story: str
    icon: str
    page: str
    query: tuple[tuple[str, str], ...]


PRESETS = (
    Preset(
        "A misclassified digit",
        "LeNet-5 gets this one wrong. Would you have known? Which strokes misled it?",
        ":material/psychology_alt:",
        "pages/attribution.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("image", "mnist-test-04839"),
            ("source", "browse"),
            ("target", "predicted"),
            ("methods", "gradient,grad_cam,lrp"),
        ),
    ),
    Preset(
        "A cat and its evidence",
        "Which pixels make the network say “cat”? Three methods answer side by side.",
        ":material/pets:",
        "pages/attribution.py",
        (
            ("data", "photos"),
            ("model", "efficientnet-lite0"),
            ("image", "photo-ginger-cat"),
            ("source", "browse"),
            ("target", "predicted"),
            ("methods", "gradient,grad_cam,lrp"),
        ),
    ),
    Preset(
        "A fooled network",
        "A change too small to see, and the network is sure of something else.",
        ":material/masks:",
        "pages/adversarial.py",
        (
            ("data", "photos"),
            ("model", "efficientnet-lite0"),
            ("image", "photo-red-panda"),
            ("source", "browse"),
            ("target", "predicted"),
            ("attack", "pgd"),
            ("aim", "untargeted"),
            ("eps", "8"),
        ),
    ),
    Preset(
        "What is a flamingo?",
        "An image grows until the network sees nothing but flamingos. Do you see them, too?",
        ":material/auto_awesome:",
        "pages/class_visualization.py",
        (
            ("data", "photos"),
            ("model", "efficientnet-lite0"),
            ("wish", "class"),
            ("wish.class", "130"),
            ("grow.steps", "100"),
            ("ask.grown", "none"),
        ),
    ),
    Preset(
        "Pixels against a layer",
        "A thousand digits as pixels, and as the last hidden layer sees them: ten islands.",
        ":material/scatter_plot:",
        "pages/dataset.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("space", "relu4"),
            ("map", "tsne"),
            ("n", "1000"),
            ("beside", "True"),
            ("b.space", "pixels"),
            ("b.map", "tsne"),
        ),
    ),
    Preset(
        "Ten streams of digits",
        "A thousand digits on their way through LeNet-5: one crowd at first, ten streams at last.",
        ":material/alt_route:",
        "pages/cluster_flow.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("flow.n", "1000"),
            ("flow.by", "optics"),
            ("ask.flow", "parting"),
        ),
    ),
    Preset(
        "Watch a network learn",
        "Forty epochs of LeNet-5, from chance to certainty: press play, see its layers wake up.",
        ":material/school:",
        "pages/training.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("run", "shipped"),
            ("epoch", "0"),
            ("ask.training", "none"),
        ),
    ),
    Preset(
        "Train one yourself",
        "Five epochs on 8,000 digits, live on this machine, in the time of a joke.",
        ":material/play_circle:",
        "pages/training.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("run", "here"),
            ("train", "lenet5-mnist"),
            ("train.data", "mnist"),
            ("train.n", "8000"),
            ("ask.training", "none"),
        ),
    ),
    Preset(
        "Who tampered with the data?",
        "One class of one data set was altered, and no number shows it. Look, suspect, vote.",
        ":material/fingerprint:",
        "pages/training.py",
        (
            ("data", "mnist"),
            ("model", "lenet5-mnist"),
            ("run", "shipped"),
            ("ask.training", "tamper"),
        ),
    ),
)

#: Cards in a row.
_ACROSS = 3


def cards() -> None:
    """Draw the cards, each with the link that opens its view."""
    st.markdown("#### Or open a prepared view")
    # A link does not break its words: side by side are as many as leave room for a title.
    for first in range(0, len(PRESETS), _ACROSS):
        row = PRESETS[first : first + _ACROSS]
        for column, preset in zip(st.columns(_ACROSS), row, strict=False):
            with column.container(border=True, height="stretch"):
                link = dict(preset.query)
                st.page_link(preset.page, label=preset.title, icon=preset.icon, query_params=link)
                st.caption(preset.story)
