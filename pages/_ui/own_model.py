"""A checkpoint of the user's own: loaded, tried out, put on the workbench of this session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached
from xai import models
from xai.models import MODELS, ModelSpec

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_OWN = "own_model"


def current(data: str) -> ModelSpec | None:
    """Return the spec of this session's own model if it fits the data set."""
    name = st.session_state.get(_OWN)
    if name is None:
        return None
    loaded = cached.own_models().get(name)
    if loaded is None:
        # Others loaded theirs meanwhile, and only a few are held.
        del st.session_state[_OWN]
        st.caption("Your checkpoint was put away to save memory: please load it again.")
        return None
    return loaded.spec if data in loaded.spec.fits else None


def loader(data: str) -> None:
    """Offer to load a checkpoint, unless the app is public."""
    if not models.checkpoints_allowed():
        return
    with st.popover("Own checkpoint", icon=":material/upload_file:", width="stretch"):
        fitting = [name for name, spec in MODELS.items() if data in spec.fits]
        architecture = st.selectbox(
            "Architecture", fitting, format_func=lambda name: MODELS[name].label, key="own_arch"
        )
        file = st.file_uploader(
            "Weights: a .safetensors file, or a .pth file with a state dict",
            type=["safetensors", "pth", "pt"],
            key="own_file",
        )
        place = st.text_input(
            "Or its path on the machine that runs the app",
            key="own_path",
            placeholder="larger files",
        )
        text = st.text_area(
            "Class names, one a line (optional)", key="own_classes", placeholder="cat\ndog"
        )
        if st.button("Load it", disabled=file is None and not place, type="primary"):
            _load(file, Path(place), architecture, text)


def _load(file: UploadedFile | None, place: Path, architecture: str, text: str) -> None:
    classes = [line.strip() for line in text.splitlines() if line.strip()] or None
    name = place.name if file is None else file.name
    try:
        content = place.read_bytes() if file is None else file.getvalue()
        checkpoint = models.load_checkpoint(content, architecture, name=name, classes=classes)
    except OSError as error:
        st.error(f"The file {name} cannot be read: {error.strerror}.")
        return
    except ValueError as error:
        st.error(str(error))
        return
    key = checkpoint.model.spec.name
    cached.own_models().put(checkpoint.model)
    st.session_state[_OWN] = key
    st.success(f"{checkpoint.report.parameters:,} parameters, {checkpoint.report.classes} classes.")
    for finding in checkpoint.report.findings:
        mark = ":material/check:" if finding.works else ":material/close:"
        st.markdown(f"{mark} **{finding.feature}** {finding.reason}")
    st.button("Put it on the workbench", on_click=_select, args=(key,))


def _select(key: str) -> None:
    st.session_state["model"] = key
