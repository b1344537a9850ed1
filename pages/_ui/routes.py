"""The pages of the app: their places in the navigation, and the question each one answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import Page


@dataclass(frozen=True)
class Route:
    """One page.

    Attributes
    ----------
    file : str
        Name of its file in ``pages/``, without the ending.
    title : str
        Name in the navigation.
    icon : str
        A Material symbol.
    heading, question : str
        What stands on top of the page.
    """

    file: str
    title: str
    icon: str
    heading: str
    question: str


#: In the order of the navigation; the first is the default.
ROUTES = (
    Route(
        "start",
        "Start",
        ":material/home:",
        "Layerscope",
        "Open up an image classifier: what does it see, and what decides?",
    ),
    Route(
        "dataset",
        "Dataset map",
        ":material/scatter_plot:",
        "Dataset map",
        "Which images does the network find alike?",
    ),
    Route(
        "architecture",
        "Architecture",
        ":material/account_tree:",
        "Architecture",
        "How is the network built, and where does its effort go?",
    ),
    Route(
        "feature_maps",
        "Feature maps",
        ":material/grid_view:",
        "Feature maps",
        "What does each channel of a layer respond to in this image?",
    ),
    Route(
        "attribution",
        "Attribution",
        ":material/troubleshoot:",
        "Attribution",
        "On which pixels does the decision rest?",
    ),
    Route(
        "adversarial",
        "Adversarial",
        ":material/security:",
        "Adversarial",
        "How small a change makes the network err, and how sure is it then?",
    ),
    Route(
        "class_visualization",
        "Visualization",
        ":material/auto_awesome:",
        "Class visualization",
        "What would the network most like to see?",
    ),
    Route(
        "cluster_flow",
        "Cluster flow",
        ":material/alt_route:",
        "Cluster flow",
        "Where on their way through the network do the classes part, and where does an image go "
        "wrong?",
    ),
    Route(
        "training",
        "Training",
        ":material/school:",
        "Training",
        "What does a network look like while it learns, and what does its data do to it?",
    ),
)


def configure() -> None:
    """Set title, icon and layout of the browser's tab."""
    # A file of our own: Streamlit would fetch the picture of an emoji or symbol from elsewhere.
    icon = Path(__file__).with_name("icon.svg")
    st.set_page_config("Layerscope", str(icon), layout="wide", initial_sidebar_state=340)


def pages() -> list[Page]:
    """Return the pages as ``st.navigation`` takes them."""
    return [
        st.Page(
            f"pages/{route.file}.py", title=route.title, icon=route.icon, default=route is ROUTES[0]
        )
        for route in ROUTES
    ]


def heading(page: Page) -> None:
    """Draw the top of a page: its name and the question that it answers."""
    route = next(route for route in ROUTES if route.title == page.title)
    st.header(route.heading)
    st.markdown(route.question)
