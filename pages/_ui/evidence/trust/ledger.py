"""The ledger of LRP on the page: where the relevance went, composites side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages._ui import panels, progress
from pages._ui.drawing_view import drawing_view
from pages._ui.evidence.grid import Shown
from pages._ui.workbench import Bench
from xai import attribution
from xai.attribution import Ledger
from xai.attribution.lrp.composites import COMPOSITES, LABELS
from xai.attribution.lrp.ledger import percent, sentence
from xai.attribution.lrp.params import LrpParams
from xai.figures.relevance_flow import relevance_flow
from xai.jobs import Report


@dataclass(frozen=True)
class LedgerKey:
    """Everything that a ledger depends on."""

    model: str
    digest: str
    params: LrpParams
    target: int
    contrast: int | None


def show(bench: Bench, shown: Sequence[Shown]) -> None:
    """Draw the books of each LRP panel, and offer those of other composites."""
    reason = attribution.blocked(bench.model, "lrp")
    if reason:
        st.info(reason, icon=":material/block:")
        return
    for one in shown:
        params = one.found.params
        assert isinstance(params, LrpParams)  # a panel of lrp has no other
        st.markdown(f"**{panels.plain(one.title)}**, {LABELS[params.composite]}")
        found = _books(bench, params, one.found.target, one.found.contrast)
        if found is not None:
            _draw(bench, found, one.panel.name, one.title)
    _composites(bench, shown[0])


def _books(bench: Bench, params: LrpParams, target: int, contrast: int | None) -> Ledger | None:
    key = LedgerKey(bench.model_name, bench.digest, params, target, contrast)
    model, image = bench.model, bench.input

    def work(report: Report) -> Ledger:
        return attribution.ledger(
            model, image, target=target, contrast=contrast, params=params, progress=report
        )

    found: Ledger | None = progress.result(
        key, work, label=f"Books of {LABELS[params.composite]}", keep=False
    )
    return found


def _draw(bench: Bench, found: Ledger, name: str, title: str) -> None:
    st.markdown(sentence(found))
    drawn = relevance_flow(found, label=bench.spec.classes[found.target])
    drawing_view(drawn, alt=f"where the relevance of {title} went", key=f"flow-{name}")
    with st.expander("The books, module by module"):
        st.dataframe(
            {
                "module": [row.name for row in found.rows],
                "kind": [row.kind for row in found.rows],
                "rule": [row.label for row in found.rows],
                "received": [row.received for row in found.rows],
                "handed on": [row.handed for row in found.rows],
                "bias": [row.bias for row in found.rows],
                "stabilizer": [row.stabilizer for row in found.rows],
                "lost": [row.lost for row in found.rows],
                "positive": [row.positive for row in found.rows],
                "negative": [row.negative for row in found.rows],
            },
            hide_index=True,
        )
        st.caption(
            "From the output down. What a module received it handed on, or its bias or stabilizer "
            "absorbed it, or it was lost: there was no contribution of the right sign to hand it "
            f"to. Unexplained over the whole network: {found.gap:.2g} of {found.score:.4g}."
        )
    panels.download_text(drawn, f"{bench.model_name}-{name}-flow.svg", "Flow (.svg)")


def _composites(bench: Bench, one: Shown) -> None:
    """Keep the books of several composites, for the same class."""
    if not st.toggle("Compare composites", key="composites", persist_state="session"):
        return
    names = [name for name, row in COMPOSITES.items() if not row.by_depth]
    found: dict[str, Ledger] = {}
    for name in names:
        params = LrpParams(composite=name)
        try:
            books = _books(bench, params, one.found.target, one.found.contrast)
        except ValueError as error:
            st.caption(f"{LABELS[name]}: {error}")
            continue
        if books is None:
            return
        found[name] = books
    of = {name: books.score or 1.0 for name, books in found.items()}
    st.dataframe(
        {
            "composite": [LABELS[name] for name in found],
            "reaches the pixels": [percent(books.reached / of[n]) for n, books in found.items()],
            "biases": [percent(books.absorbed["bias"] / of[n]) for n, books in found.items()],
            "stabilizer": [
                percent(books.absorbed["stabilizer"] / of[n]) for n, books in found.items()
            ],
            "lost": [percent(books.absorbed["lost"] / of[n]) for n, books in found.items()],
            "unexplained": [percent(books.gap / of[n]) for n, books in found.items()],
        },
        hide_index=True,
    )
    st.caption(
        "Shares of the score. A composite that keeps more of it does not draw a truer map for "
        "that: compare their faithfulness as well."
    )
