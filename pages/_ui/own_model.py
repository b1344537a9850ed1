"""Models of the user's own: checkpoints and trained epochs on the workbench of this session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages._ui import cached, placed
from xai import models
from xai.models import MODELS, ModelSpec

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from xai.models import LoadedModel

_OWN = "own_model"
#: The latest few of a session, which can be chosen beside each other.
_OWNS = "own_models"
_MOST = 6
_REPORT = "own_report"
_MOST_BYTES = 600 * 2**20


def current(data: str) -> tuple[ModelSpec, ...]:
    """Return the specs of this session's own models that fit the data set, the latest last."""
    names = st.session_state.get(_OWNS, ())
    latest = st.session_state.get(_OWN)
    if latest is not None and latest not in names:
        names = (*names, latest)
    held = [cached.own_models().get(name) for name in names]
    there = tuple(loaded.spec for loaded in held if loaded is not None)
    st.session_state[_OWNS] = tuple(spec.name for spec in there)[-_MOST:]
    if latest is not None and latest not in st.session_state[_OWNS]:
        # Others loaded theirs meanwhile, and memory is bounded.
        del st.session_state[_OWN]
        st.caption("Your model was put away to save memory: please load it again.")
    return tuple(spec for spec in there[-_MOST:] if data in spec.fits)


def take(loaded: LoadedModel) -> None:
    """Put a model on the workbench of this session; for call-backs."""
    cached.own_models().put(loaded)
    st.session_state[_OWN] = loaded.spec.name
    st.session_state.pop(_REPORT, None)
    _select(loaded.spec.name)


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
        left, right = st.columns(2)
        mean = left.text_input(
            "Mean a channel (optional)", key="own_mean", placeholder="0.5 0.5 0.5"
        )
        std = right.text_input("Spread a channel (optional)", key="own_std")
        if st.button("Load it", disabled=file is None and not place, type="primary"):
            try:
                _load(_content(file, place), architecture, text, _numbers(mean), _numbers(std))
            except ValueError as error:
                st.error(str(error))
        _report()


def _content(file: UploadedFile | None, place: str) -> tuple[str, bytes]:
    """Return name and bytes of the chosen file."""
    if file is not None:
        return file.name, file.getvalue()
    path = placed.file_at(place, (".safetensors", ".pth", ".pt"))
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {_MOST_BYTES / 1e6:.0f} MB.")
    return path.name, path.read_bytes()


def _numbers(text: str) -> list[float] | None:
    """Return the numbers in a text, or None if it is empty."""
    words = text.replace(",", " ").split()
    return [float(word) for word in words] or None


def _load(
    given: tuple[str, bytes],
    architecture: str,
    text: str,
    mean: list[float] | None,
    std: list[float] | None,
) -> None:
    name, content = given
    classes = [line.strip() for line in text.splitlines() if line.strip()] or None
    checkpoint = models.load_checkpoint(
        content, architecture, name=name, classes=classes, mean=mean, std=std
    )
    cached.own_models().put(checkpoint.model)
    st.session_state[_OWN] = checkpoint.model.spec.name
    st.session_state[_REPORT] = checkpoint.report


def _report() -> None:
    """Say what works with this session's checkpoint, and offer to use it."""
    key, report = st.session_state.get(_OWN), st.session_state.get(_REPORT)
    if key is None or report is None:
        return
    st.success(f"{report.parameters:,} parameters, {report.classes} classes.")
    for finding in report.findings:
        mark = ":material/check:" if finding.works else ":material/close:"
        st.markdown(f"{mark} **{finding.feature}** {finding.reason}")
    st.button("Put it on the workbench", on_click=_select, args=(key,))
    st.caption("A link to this page will open one of the models that everybody has.")


def _select(key: str) -> None:
    st.session_state["model"] = key
