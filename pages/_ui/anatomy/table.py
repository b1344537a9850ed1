"""The table of layers: what each gives, holds and costs."""

from __future__ import annotations

import csv
import io
from typing import Any

import streamlit as st

from pages._ui import layer_picker, panels
from pages._ui.layer_picker import shape
from pages._ui.workbench import Bench
from xai.network import NetworkSummary
from xai.types import Layer

_MARK = "●"
_SEEN, _EPOCH = "_table_layer", "_table_epoch"


def show(bench: Bench, chosen: Layer, totals: NetworkSummary) -> None:
    """Show every layer that fits a search; a click on a row chooses it."""
    search = st.text_input(
        "Search",
        key="layer-search",
        placeholder="name or kind, such as conv or layer3",
        help="Rows whose name, kind or output holds all of these words.",
    )
    every = _rows(bench, chosen, totals)
    words = search.lower().split()
    rows = [row for row in every if all(word in _text(row) for word in words)]
    if not rows:
        st.info("No layer has that in its name or kind: " + panels.plain(search))
        return
    names = [row["Layer"] for row in rows]
    place = names.index(chosen.name) if chosen.name in names else -1
    event: Any = st.dataframe(
        rows,
        hide_index=True,
        height=520,
        column_config=_columns(),
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [place] if place >= 0 else []}},
        key=f"layers-{bench.model_name}-{search}-{_epoch(chosen)}",
    )
    picked = event["selection"]["rows"]
    if picked and picked[0] < len(rows) and rows[picked[0]]["Layer"] != chosen.name:
        st.session_state[_SEEN] = rows[picked[0]]["Layer"]
        layer_picker.pick(bench, rows[picked[0]]["Layer"])
        st.rerun()
    st.caption(
        f"{len(rows)} of {len(every)} layers, in the order in which the image passes them; {_MARK} "
        "marks the one that is chosen. Click a heading to sort, the box before a row to choose. "
        "Multiply-adds are those of convolutions and dense layers, for one image."
    )
    panels.download_text(_csv(every), f"{bench.model_name}-layers.csv", "Table (.csv)")


def _epoch(chosen: Layer) -> int:
    """Count how often another layer was chosen elsewhere than in the table.

    The table begins anew then, with that layer selected. A click in the table itself leaves
    it as it is, sorted and scrolled.
    """
    count: int = st.session_state.get(_EPOCH, 0)
    if st.session_state.get(_SEEN) != chosen.name:
        count += 1
    st.session_state[_SEEN], st.session_state[_EPOCH] = chosen.name, count
    return count


def _rows(bench: Bench, chosen: Layer, totals: NetworkSummary) -> list[dict[str, Any]]:
    return [
        {
            "": _MARK if layer.name == chosen.name else "",
            "Layer": layer.name,
            "Kind": layer.kind,
            "Output": shape(layer),
            "Parameters": layer.parameters,
            "of all": share.parameters,
            "Multiply-adds": layer.macs,
            "of all ": share.macs,
            "Receptive field": layer.receptive_field,
        }
        for layer, share in zip(bench.model.layers, totals.shares, strict=True)
    ]


def _text(row: dict[str, Any]) -> str:
    return f"{row['Layer']} {row['Kind']} {row['Output']}".lower()


def _columns() -> dict[str, Any]:
    number, bar = st.column_config.NumberColumn, st.column_config.ProgressColumn
    return {
        "": st.column_config.TextColumn(width=30),
        "Parameters": number(format="localized"),
        "Multiply-adds": number(format="localized"),
        "of all": bar(format="percent", min_value=0, max_value=1, width="small"),
        "of all ": bar(format="percent", min_value=0, max_value=1, width="small"),
        "Receptive field": number(
            help="Side, in pixels, of the square that one output can see; padding counts."
        ),
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    names = [name for name in rows[0] if name]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "share of parameters"
            if name == "of all"
            else "share of multiply-adds"
            if name == "of all "
            else name
            for name in names
        ]
    )
    writer.writerows([row[name] for name in names] for row in rows)
    return text.getvalue()
