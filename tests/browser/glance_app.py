"""A page with a network at a glance, and widgets that change what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from pages._ui.glance_view import GlanceRow, glance_view

HOSTILE = '<img src=x onerror="document.title=1">'


def row(layer: str, count: int, group: str = "", family: str = "conv", **more: object) -> GlanceRow:
    """Return a layer with some dead, rare and saturated units, the same each time."""
    random = np.random.default_rng([count, *layer.encode()])
    values = random.gamma(0.7, 0.3, count).astype(np.float32)
    values *= random.gamma(2.0, 0.5)
    marks: np.ndarray | None
    marks = random.choice(4, count, p=(0.9, 0.05, 0.03, 0.02)).astype(np.uint8)
    values[marks == 1] = 0
    values[marks == 2] *= 0.02
    if family in ("conv", "norm"):
        values -= values.mean() * (family == "norm")
        marks = None
    return GlanceRow(layer, "", values, marks, group=group, family=family, **more)  # type: ignore[arg-type]


def small() -> list[GlanceRow]:
    """Return a network like LeNet-5."""
    rows = [
        row("conv1", 6, "Convolutions"),
        row("relu1", 6, "Convolutions", "activation"),
        row("conv2", 16, "Convolutions"),
        row("relu2", 16, "Convolutions", "activation", note="16 × 10 × 10"),
        row(HOSTILE, 120, "Classifier <b>", "activation", word="neuron"),
        row("fc2", 84, "Classifier <b>", "dense", word="neuron"),
        row("output", 10, "Classifier <b>", "dense", word="class"),
    ]
    values = np.linspace(0, 1, 16, dtype=np.float32)
    values[3:6] = np.nan, np.inf, 0.0
    marks = np.array([1, 2, 3, 0] * 4, np.uint8)
    rows[3] = replace(rows[3], values=values, marks=marks)
    rows[2] = replace(rows[2], values=np.full(16, 0.25, np.float32))
    return rows


def middle() -> list[GlanceRow]:
    """Return a network like EfficientNet-Lite0: 142 layers of up to 1,280 units."""
    rows = [row("stem.conv", 32, "Stem"), row("stem.act", 32, "Stem", "activation")]
    widths = (16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320)
    for place, width in enumerate(widths):
        name, group = f"blocks.{place // 3}.{place % 3}", f"Stage {place // 3}: MBConv × 3"
        inside = width * (1 if place == 0 else 6)
        for part, family, count in (
            ("conv_pw", "conv", inside),
            ("bn1", "norm", inside),
            ("act1", "activation", inside),
            ("conv_dw", "conv", inside),
            ("bn2", "norm", inside),
            ("act2", "activation", inside),
            ("conv_pwl", "conv", width),
            ("bn3", "norm", width),
        ):
            rows.append(row(f"{name}.{part}", count, group, family))
    head = [("conv_head", "conv", 1280), ("act_head", "activation", 1280), ("pool", "pool", 1280)]
    rows += [row(name, count, "Head", family) for name, family, count in head]
    return [*rows, row("classifier", 1000, "Head", "dense", word="class")]


def large() -> list[GlanceRow]:
    """Return a network like densenet121: 430 layers, about 120,000 units."""
    rows = [row("features.conv0", 64, "Stem"), row("features.relu0", 64, "Stem", "activation")]
    width = 64
    for block, layers in enumerate((6, 12, 24, 16), 1):
        for layer in range(1, layers + 1):
            name = f"features.denseblock{block}.denselayer{layer}"
            for part, family, count in (
                ("norm1", "norm", width),
                ("relu1", "activation", width),
                ("conv1", "conv", 128),
                ("norm2", "norm", 128),
                ("relu2", "activation", 128),
                ("conv2", "conv", 32),
                ("join", "join", width + 32),
            ):
                group = f"denseblock{block}: DenseLayer × {layers}"
                rows.append(row(f"{name}.{part}", count, group, family))
            width += 32
        if block < 4:
            name, group = f"features.transition{block}", f"transition{block}"
            rows += [row(f"{name}.norm", width, group, "norm")]
            rows += [row(f"{name}.relu", width, group, "activation")]
            width //= 2
            rows += [row(f"{name}.conv", width, group), row(f"{name}.pool", width, group, "pool")]
    return [*rows, row("classifier", 1000, "Classifier", "dense", word="class")]


NETWORKS = {"small": small, "middle": middle, "large": large}


@st.cache_resource
def network(name: str) -> list[GlanceRow]:
    """Return one of the networks."""
    return NETWORKS[name]()


def changed(rows: list[GlanceRow]) -> list[GlanceRow]:
    """Return what another image would make of the rows."""
    return [replace(one, values=one.values[::-1] * np.float32(0.5)) for one in rows]


def main() -> None:
    """Show the network and what comes of it."""
    query = st.query_params
    rows = network(query.get("network", "small"))
    signed = query.get("signed") == "1"
    buttons = st.columns(4)
    if buttons[0].button("Another image"):
        st.session_state["other"] = not st.session_state.get("other", False)
    if buttons[1].button("Choose the last"):
        st.session_state["selected"] = (rows[-1].layer, 3)
    if buttons[2].button("Nothing"):
        st.session_state["none"] = True
    if buttons[3].button("Run again"):
        st.session_state["again"] = True
    if st.session_state.get("other"):
        rows = changed(rows)
    if st.session_state.get("none"):
        rows = []
    if signed:
        rows = [replace(one, values=one.values - one.values.mean()) for one in rows]
    names = None
    if rows and query.get("network", "small") == "small":
        names = [HOSTILE, *(f"digit {place}" for place in range(1, 10))]
    scale: str | tuple[float, float] = query.get("scale", "row")
    if scale == "given":
        scale = (0.0, 0.5)
    state = glance_view(
        rows,
        scale=scale,  # type: ignore[arg-type]
        signed=signed,
        selected=st.session_state.get("selected"),
        key="glance",
        height=int(query.get("height", "560")),
        label="Network",
        unit="difference" if signed else "mean activation",
        names=names,
    )
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.text(f"selected: {state.layer} {state.unit}")
    st.text(f"runs: {st.session_state['runs']}")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    if st.query_params.get("sidebar"):
        st.sidebar.text("Choices")
    main()
