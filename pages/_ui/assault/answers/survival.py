"""Whether the attack survives: the attacked image as a file, and after what befalls pictures."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages._ui import panels, progress
from pages._ui.assault.answers import table
from pages._ui.assault.attacking import Attacked, AttackKey
from pages._ui.workbench import Bench
from xai.attacks.studies import survival
from xai.attacks.studies.survival import Survival
from xai.figures.fooling_chart import margin_chart
from xai.figures.pictures import picture
from xai.jobs import Report


@dataclass(frozen=True)
class SurvivalKey:
    """Everything that the answers to changed images depend on."""

    attack: AttackKey


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw what the network says of the attacked image after each change."""
    result = attacked.result
    reason = table.idle(result)
    if reason:
        st.info(reason, icon=":material/info:")
        return
    model, clean, noise = bench.model, bench.input, attacked.noise.image

    def work(report: Report) -> tuple[Survival, ...]:
        return survival.survive(
            model, clean, result.image, result.goal, noise=noise, progress=report
        )

    found: tuple[Survival, ...] | None = progress.result(
        SurvivalKey(attacked.key), work, label="Changed images", keep=False, slot="survival"
    )
    if found is None:
        return
    st.markdown(survival.verdict(found))
    st.altair_chart(margin_chart(found, result.goal), width="stretch")
    st.caption(
        "Each row is one change, made to the clean image, to the one with random noise and to "
        "the attacked one alike. Right of the upright line the network is fooled. A change that "
        "takes the clean image there too confuses the network by itself. The scale is linear "
        "near 0 and logarithmic further out."
    )
    table.table(found, result.goal, head="After this change", draw=_draw, verdict=_verdict)
    st.caption(
        "Every image is written to a file, and the file is read again before the network sees "
        "it. “Left” is the length (L2) of the difference between attacked and clean image, after "
        "the change over before: a change can undo an attack without making it smaller, since "
        "an attack is made for these very pixels. Above 100 % the file has treated the two "
        "images differently."
    )


def _draw(one: Survival) -> None:
    thumbnail, words = st.columns([1, 2], gap="small", vertical_alignment="center")
    with thumbnail:
        panels.image(picture(one.image), alt=f"the attacked image after: {one.label}")
    with words:
        st.markdown(f"**{one.label}**")
        st.caption(f"{one.sentence} {_bytes(one.size)}, {one.left:.0%}\u00a0left")


def _bytes(size: int) -> str:
    return f"{size:,}\u00a0bytes" if size < 10_000 else f"{size / 1000:.0f}\u00a0kB"


def _verdict(one: Survival) -> str:
    if not one.healthy:
        return ":gray[:material/help:] clean image misread too"
    if one.survives:
        return ":orange[:material/masks:] **survives**"
    return ":green[:material/shield:] **undone**"
