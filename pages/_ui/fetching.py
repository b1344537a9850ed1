"""Downloads: asked for by the user, with their size, their progress and a way back."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages._ui import cached, progress
from xai import datasets, models
from xai.datasets import DATASETS
from xai.jobs import Report
from xai.models import MODELS, ModelSpec


@dataclass(frozen=True)
class FetchKey:
    """A download: ``"data"`` or ``"weights"``, and its name in the registry."""

    kind: str
    name: str


def data_ready(name: str) -> bool:
    """Say whether a data set can be opened; offer its download if not."""
    spec = DATASETS[name]
    if spec.kind != "download":
        return True
    if datasets.is_ready(name):
        try:
            cached.image_set(name, "test")
        except datasets.NotFetched as error:
            st.error(str(error))
        else:
            return True
    size = spec.download_bytes / 1e6
    st.caption(f"{spec.summary} Not on this machine yet: a download of {size:.0f} MB.")

    def work(report: Report) -> bool:
        datasets.fetch(name, progress=report)
        return True

    _offer(FetchKey("data", name), spec.label, work)
    return False


def model_ready(spec: ModelSpec) -> bool:
    """Say whether a model can be loaded; offer the download of its weights if not."""
    if spec.name not in MODELS or models.is_ready(spec.name):
        return True
    size = models.download_size(spec.name) / 1e6
    st.caption(f"The weights of {spec.label} are not on this machine yet: {size:.0f} MB.")

    def work(report: Report) -> bool:
        models.fetch(spec.name, progress=report)
        return True

    _offer(FetchKey("weights", spec.name), spec.label, work)
    return False


def _offer(key: FetchKey, label: str, work: progress.Work) -> None:
    asked = st.session_state.setdefault("_fetching", set())
    if key not in asked:
        if not st.button(f"Download {label}", icon=":material/download:", width="stretch"):
            return
        cached.downloads().forget(key)  # the files may have been deleted since
        asked.add(key)
    try:
        done = progress.result(
            key, work, label=f"Downloading {label}", keep=False, jobs=cached.downloads()
        )
    except ValueError as error:
        asked.discard(key)
        st.error(str(error))
        return
    if done:
        asked.discard(key)
        st.rerun()
