"""Where panels are chosen: one more, or a whole set that belongs together."""

from __future__ import annotations

import streamlit as st

from pages._ui.evidence import board
from pages._ui.workbench import Bench
from xai.attribution import METHODS, blocked
from xai.attribution.lrp.composites import COMPOSITES

#: The methods by the question that they put to the network.
FAMILIES = {
    "Gradients": (
        *("gradient", "input_x_gradient", "integrated_gradients", "smoothgrad"),
        *("guided_backprop", "deconvnet"),
    ),
    "Class activation maps": (
        *("grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "layer_cam", "guided_grad_cam"),
        "negative_grad_cam",
    ),
    "LRP and black box": ("lrp", "occlusion", "rise"),
}
#: Boards that belong together.
SETS: dict[str, tuple[board.Seat, ...]] = {
    "First look": ("gradient", "grad_cam", "lrp"),
    "Six voices": (
        *("gradient", "input_x_gradient", "guided_backprop", "grad_cam", "layer_cam", "lrp"),
    ),
    "All gradients": FAMILIES["Gradients"],
    "All CAMs": FAMILIES["Class activation maps"],
    "Rules of LRP": tuple(
        ("lrp", (("composite", name),)) for name, row in COMPOSITES.items() if not row.by_depth
    ),
}


def offer(bench: Bench, panels: list[board.Panel]) -> None:
    """Draw the button that adds panels, and what stands behind it."""
    full = len(panels) >= board.MOST
    with st.popover("Add a panel", icon=":material/add:", disabled=full):
        for column, (family, names) in zip(st.columns(3), FAMILIES.items(), strict=True):
            place = column.container(gap="xsmall")  # all of it fits a laptop's screen
            place.markdown(f"**{family}**")
            for name in names:
                _button(bench, place, name)
        st.caption("Or a whole board, in place of this one:")
        for column, (words, seats) in zip(st.columns(len(SETS)), SETS.items(), strict=True):
            column.button(
                words,
                key=f"set-{words}",
                on_click=board.replace,
                args=(tuple(seat for seat in seats if not blocked(bench.model, _method(seat))),),
                width="stretch",
            )
    if full:
        st.caption(f"{board.MOST} panels are the most that can be told apart.")


def _method(seat: board.Seat) -> str:
    return seat if isinstance(seat, str) else seat[0]


def _button(bench: Bench, column: st.delta_generator.DeltaGenerator, name: str) -> None:
    reason = blocked(bench.model, name)
    column.button(
        METHODS[name].label.partition(" (")[0],  # its family stands above
        key=f"add-{name}",
        help=METHODS[name].summary if not reason else None,
        disabled=bool(reason),
        on_click=board.add,
        args=(name,),
        width="stretch",
    )
    if reason:
        column.caption(f":material/block: {reason}")
