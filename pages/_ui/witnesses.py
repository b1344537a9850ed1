"""Other networks that can be asked about the same images: chosen, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages._ui import link, panels
from pages._ui.workbench import Bench
from xai import models
from xai.models import ModelSpec, partners

#: Networks that are asked at once, besides the workbench's: so many stay in memory.
_MOST = 3


def choose(bench: Bench, key: str) -> list[ModelSpec]:
    """Return the networks to ask; where there are many, draw the choice, bound to the link.

    Parameters
    ----------
    bench : Bench
    key : str
        Of the widget, and its name in the address bar.

    Returns
    -------
    list of ModelSpec
        Empty if none is ready; the page then says why, and what to do.
    """
    specs = partners.partners(bench.spec, bench.data)
    ready = [spec for spec in specs if models.is_ready(spec.name)]
    if not ready:
        _alone(bench, specs)
        return []
    chosen = _several(ready, key)
    missing = [spec.label for spec in specs if spec not in ready]
    if missing:
        st.caption(f"Not fetched, so not asked: {', '.join(missing)}.")
    return chosen


def _alone(bench: Bench, specs: Sequence[ModelSpec]) -> None:
    label = panels.plain(bench.spec.label)
    if not specs:
        st.info(f"No other network here has the classes of {label}.", icon=":material/info:")
        return
    least = min(specs, key=lambda spec: spec.download_bytes)
    st.info(
        f"{label} has no partner on this machine. {len(specs)} networks with the same classes "
        f"would take this image ({', '.join(spec.label for spec in specs)}), but the weights of "
        "none are here. Choose one as the model in the sidebar to fetch them (the smallest, "
        f"{least.label}: {least.download_bytes / 1e6:.0f} MB), then come back to this one.",
        icon=":material/download:",
    )


def _several(ready: Sequence[ModelSpec], key: str) -> list[ModelSpec]:
    """Draw the choice of networks where there are many, since each takes memory."""
    if len(ready) <= _MOST:
        return list(ready)
    specs = {spec.name: spec for spec in ready}
    first = list(specs)[:_MOST]

    def parse(text: str) -> list[str] | None:
        names = [name for name in text.split(",") if name]
        return names[:_MOST] if all(name in specs for name in names) else None

    link.restore(key, parse, what="network", default=first)
    st.session_state[key] = [name for name in st.session_state[key] if name in specs] or first
    names = st.multiselect(
        f"Networks to ask (up to {_MOST})",
        list(specs),
        key=key,
        format_func=lambda name: specs[name].label,
        max_selections=_MOST,
        persist_state="session",
    )
    link.publish(key, None if names == first else ",".join(names))
    return [specs[name] for name in names or first]
