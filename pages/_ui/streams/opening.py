"""A flow from a file instead of one that is computed: which one, and what must fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import intake, progress
from pages._ui.intake import Given
from pages._ui.streams import computing
from pages._ui.streams.computing import Drawn, DrawnKey
from pages._ui.workbench import Bench
from xai.flow import files
from xai.flow.files import FlowFile
from xai.jobs import Report

if TYPE_CHECKING:
    from xai.datasets import ImageSet

_OPENED = "_flow_file"
#: How many files were closed: each leaves its uploader behind, which holds it still.
_CLOSED = "_flow_files_closed"


@dataclass(frozen=True)
class ReadKey:
    """A file that is read."""

    digest: str


@dataclass(frozen=True, eq=False)
class Opened:
    """A file of a flow that this session has opened.

    Attributes
    ----------
    name, digest : str
        Of the file; of one on the machine of the app, where it lies, and when it was written.
    content : FlowFile
    """

    name: str
    digest: str
    content: FlowFile


def current() -> Opened | None:
    """Return the file whose flow is shown, or None."""
    found: Opened | None = st.session_state.get(_OPENED)
    return found


def close() -> None:
    """Go back to the flow that is computed."""
    st.session_state.pop(_OPENED, None)
    st.session_state[_CLOSED] = st.session_state.get(_CLOSED, 0) + 1


def offer() -> None:
    """Offer to open a file; what is wrong with it is said."""
    # What was closed must not be opened again because its file is still there.
    closed = st.session_state.get(_CLOSED, 0)
    try:
        given = intake.offer(
            "flow",
            "A flow file (.h5), as this page or `python -m xai flow` writes it",
            ("h5", "hdf5"),
            turn=closed,
        )
        if given is not None:
            _open(given)
    except ValueError as error:
        st.error(str(error))


def _open(given: Given) -> None:
    """Read a file as a job and show its flow in the next run.

    Raises
    ------
    ValueError
        If it is none.
    """
    known = current()
    if known is not None and known.digest == given.stamp:
        return

    def work(report: Report) -> FlowFile:
        report(0, 1, "Reading the file")
        return files.load(given.source)

    found: FlowFile | None = progress.result(
        ReadKey(given.stamp), work, label="Reading the file", keep=False, slot="flow-file"
    )
    if found is not None:
        st.session_state[_OPENED] = Opened(given.name, given.stamp, found)
        st.rerun()


def follow(bench: Bench, opened: Opened) -> Drawn | None:
    """Return the drawing of the file's flow, saying what it is not of."""
    graph = opened.content.graph
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"This flow was read from a file: {len(graph):,} images in {len(graph.layers)} layers"
            + (f" of {graph.model}." if graph.model else "."),
            icon=":material/folder_open:",
        )
        st.button("Close the file", icon=":material/close:", on_click=close)
    objection = opened.content.objection(bench.model)
    if objection:
        st.caption(f"{objection} The drawing is that of the file; no image can be followed.")
    key = DrawnKey(None, opened.digest)
    return computing.redrawn(key, graph, _images(bench, opened), objection)


def _images(bench: Bench, opened: Opened) -> ImageSet | None:
    """Return the pictures of the file's images, if the workbench's data set has them all."""
    ids, pool = opened.content.graph.ids, bench.pool
    if not ids or not all(name in pool for name in ids):
        return None
    found = pool.subset([pool.index(name) for name in ids])
    # Files in two folders may have the same names.
    known = opened.content.origin.data
    return found if known in ("", found.signature) else None
