"""What is known of every mark of a run of training at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from pages._ui.lessons.glance import Course
    from xai.training import Run


@st.cache_resource(max_entries=24, show_spinner="One image through all epochs…")
def course(run: str, digest: str, _follow: Callable[[], Course]) -> Course:
    """Return what an image does at every mark; ``run`` and ``digest`` name both."""
    return _follow()


@st.cache_resource(max_entries=16, show_spinner=False)
def recalls(run: str, _run: Run) -> np.ndarray:
    """Return the recall of every class at every mark, (A, K) float64; ``run`` is the digest."""
    found = np.stack([_run.recall(mark) for mark in _run.marks])
    found.setflags(write=False)
    return found
