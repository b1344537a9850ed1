"""Pieces of a page: pictures, bars, sentences, sources, downloads."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import streamlit as st

from pages._ui import cached, link
from xai import images
from xai.figures import charts, heatmaps, pictures

if TYPE_CHECKING:
    from pages._ui.workbench import Bench
    from xai.types import Method, Prediction

# What means something in Streamlit's Markdown.
_MARKUP = frozenset("\\`*_{}[]()<>#+-!|~$:&")
_NO_NUMBER = "its scores are NaN or infinite."
#: Small images are enlarged without blur to about this many pixels.
SIDE = 280


def image(pixels: np.ndarray, *, alt: str, width: int | Literal["stretch"] = "stretch") -> None:
    """Show pixels crisply and losslessly, as wide as the column unless told otherwise.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W), (H, W, 1) or (H, W, 3)
    alt : str
        What it shows, for those who cannot see it.
    width : int or "stretch"
        In pixels.
    """
    crisp = pictures.fit(pictures.picture(pixels), SIDE)
    st.image(images.encode_png(crisp), width=width, output_format="PNG", alt=alt)


def original(bench: Bench) -> None:
    """Show the image as it came, with its true class."""
    st.markdown("**The image**")
    shown = cached.preview(bench.digest_of_image, 3 * SIDE // 2, bench.chosen.pixels)
    image(shown, alt=f"the image {bench.chosen.label}")
    height, width = bench.chosen.pixels.shape[:2]
    truth, name = plain(bench.chosen.class_name or "unknown"), plain(bench.chosen.label)
    st.caption(f"True class: **{truth}** · {name} · {height} × {width} pixels")


def network_input(bench: Bench) -> None:
    """Show the exact input of the network."""
    st.markdown("**Network input**")
    image(images.to_uint8(bench.input), alt=f"the network’s input made of {bench.chosen.label}")
    channels, height, width = bench.input.shape
    kind = "colour" if channels == 3 else "grey"
    st.caption(f"What the network receives: {height} × {width} pixels, {kind}.")


def over_image(bench: Bench, values: np.ndarray, *, signed: bool = False) -> np.ndarray:
    """Return a small map in ink over the grey input: nearest cells, no smoothing.

    Without a negative value it is drawn as a magnitude, unless it is ``signed``; then
    the ink is in proportion to the values, so that cells can be told apart.
    """
    below = pictures.picture(bench.input, grey=True)
    height, width = below.shape[:2]
    rows = np.arange(height) * values.shape[0] // height
    columns = np.arange(width) * values.shape[1] // width
    grown = values[rows][:, columns]
    if signed or (values < 0).any():
        return heatmaps.signed_overlay(below, grown, float(np.abs(values).max()), linear=signed)
    return heatmaps.magnitude_overlay(below, grown, 0.0, float(values.max()))


def plain(text: str) -> str:
    """Return a name as Markdown that shows it as it is: names of one's own may hold anything."""
    return "".join(f"\\{char}" if char in _MARKUP else char for char in text)


def short(count: int) -> str:
    """Write a large count for people: 15.5 G, 385 M, 416 k."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def probabilities(bench: Bench, prediction: Prediction, *, k: int = 10) -> None:
    """Show the most probable classes as bars."""
    chart = charts.probabilities(prediction, k=k, true=bench.true, target=bench.target)
    st.altair_chart(chart, width="stretch", alt=f"the {k} most probable classes")
    st.caption(
        "Softmax of the network’s last layer: how it shares its belief among "
        f"{len(prediction.classes):,} classes. It is confidence, not correctness."
    )


def verdict(bench: Bench) -> None:
    """Say what the network decided and whether it is right."""
    found = bench.prediction
    if not np.isfinite(found.confidence):
        st.warning(f"The network decides nothing here: {_NO_NUMBER}")
        return
    says = f"The network says **{plain(found.name)}** ({found.confidence:.1%})"
    named = bench.chosen.class_name
    if bench.true is None and named:
        st.info(f"{says}. It has no class “{plain(named)}”, so it cannot be right.")
    elif bench.true is None:
        st.info(f"{says}. Nobody told us the true class.")
    elif bench.true == found.label:
        st.success(f"{says}, and it is right.")
    else:
        st.warning(f"{says}, but it is **{plain(bench.spec.classes[bench.true])}**.")


def said(prediction: Prediction) -> None:
    """Say what a network makes of an image, in one line."""
    if not np.isfinite(prediction.confidence):
        st.caption(f"No decision: {_NO_NUMBER}")
        return
    st.markdown(f"**{plain(prediction.name)}** · {prediction.confidence:.1%}")


def about(method: Method) -> None:
    """Offer formula and paper of a method behind a button."""
    with st.popover("How it works", icon=":material/function:"):
        st.markdown(method.summary)
        if method.formula:
            st.latex(method.formula)
        paper = method.paper
        arxiv = f", arXiv {paper.arxiv}" if paper.arxiv else ""
        st.caption(f"{paper.authors}: *{paper.title}*, {paper.year}{arxiv}.")


def storage_note() -> None:
    """Say so in the sidebar if results cannot be kept on disk."""
    reason = cached.store().writable_error
    if reason:
        st.sidebar.caption(f":material/warning: {reason} Everything works all the same.")


def method_choice(key: str, methods: Mapping[str, Method], default: tuple[str, ...]) -> list[str]:
    """Draw a choice of several methods, bound to the link; return their keys in table order."""

    def parse(text: str) -> list[str] | None:
        names = [name for name in text.split(",") if name]
        return names if all(name in methods for name in names) else None

    link.restore(key, parse, what="method", default=list(default))
    picked = st.pills(
        "Methods",
        list(methods),
        key=key,
        selection_mode="multi",
        format_func=lambda name: methods[name].label,
        persist_state="session",
    )
    link.publish(key, ",".join(picked))
    return [name for name in methods if name in picked]


def download_arrays(arrays: Mapping[str, np.ndarray], name: str, key: str) -> None:
    """Offer raw arrays as one .npz file."""

    def packed() -> bytes:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
        return buffer.getvalue()

    st.download_button(
        "Raw numbers (.npz)",
        packed,
        f"{name}.npz",
        "application/octet-stream",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )


def download_text(text: str, name: str, label: str) -> None:
    """Offer a text as a file."""
    st.download_button(
        label, text, name, "text/plain", key=name, icon=":material/download:", on_click="ignore"
    )
