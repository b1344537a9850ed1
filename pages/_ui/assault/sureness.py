"""What a network says of an image and how sure it is, written as the charts write it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import panels
from xai.figures.wording import percent
from xai.types import Prediction


def sureness(prediction: Prediction) -> str:
    """Write a confidence as Markdown: never 0 or 100 % unless it is exactly that."""
    # At the start of a line, "> 99.9 %" would be a quotation.
    return panels.plain(percent(prediction.confidence))


def said(prediction: Prediction) -> None:
    """Say what a network makes of an image, in one line."""
    if not np.isfinite(prediction.confidence):
        panels.said(prediction)
        return
    st.markdown(f"**{panels.plain(prediction.name)}** · {sureness(prediction)}")
