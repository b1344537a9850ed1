"""What came of an attack: a verdict, the images in a row, and what the network says of them."""

from __future__ import annotations

import io

import numpy as np
import streamlit as st

from pages._ui import controls, panels
from pages._ui.assault import trace
from pages._ui.assault.attacking import Attacked
from pages._ui.assault.sureness import said, sureness
from pages._ui.swipe_view import swipe_view
from pages._ui.workbench import Bench
from xai import images
from xai.attacks import ATTACKS, AttackResult
from xai.attacks.strengths import spoken
from xai.figures import charts, legends, pictures
from xai.figures.perturbations import perturbation

_NO_SCORES = "No verdict: the network’s scores of the attacked image are NaN or infinite."
_LOOKS = {"signed": "brightness", "colours": "colours"}


def show(bench: Bench, attacked: Attacked) -> None:
    """Draw everything that is known of an attack without asking further."""
    result = attacked.result
    verdict(bench, result)
    for sentence in (*result.notes, *_warnings(bench, result), *_swayed(attacked)):
        st.caption(f":material/info: {panels.plain(sentence[:1].upper() + sentence[1:])}.")
    _pictures(bench, attacked)
    swipe, ranking, course = st.columns([3, 4, 4], gap="medium")
    with swipe:
        st.markdown("**Can you see it?**")
        swipe_view(
            pictures.picture(bench.input),
            pictures.picture(result.image),
            alt="the clean and the attacked input on top of each other",
            key="attack.swipe",
        )
    with ranking:
        st.markdown("**Top 5, before and after**")
        _ranking(bench, result)
    with course:
        st.markdown(f"**“{panels.plain(bench.spec.classes[result.goal.label])}”, step by step**")
        trace.show(result)
    files(bench, result)


def _ranking(bench: Bench, result: AttackResult) -> None:
    """Draw the classes that lead before or after."""
    if not np.isfinite(result.after.confidence):
        st.caption(_NO_SCORES)
        return
    chart = charts.before_after(result.before, result.after, true=bench.true)
    st.altair_chart(chart, width="stretch")
    st.caption("Softmax probabilities of the classes that lead before or after the attack.")


def _warnings(bench: Bench, result: AttackResult) -> tuple[str, ...]:
    """Return what a reader should know of this goal, and what the attack cannot know."""
    goal, true = result.goal, bench.true
    name = bench.spec.classes[goal.label]
    texts = {
        f"The target, {name}, is the true class: this attack would mend the image, not spoil it": (
            goal.is_targeted and goal.label == true and result.before.label != true
        ),
        f"The target, {name}, is the true class, and the network says so already: choose another "
        "class to see an attack": (
            goal.is_targeted and goal.label == true and result.before.label == true
        ),
        "Choose “anything but what it says now” to attack what it says instead": (
            not goal.is_targeted and goal.reached(result.before.label)
        ),
    }
    return tuple(text for text, holds in texts.items() if holds)


def _swayed(attacked: Attacked) -> tuple[str, ...]:
    """Return what is to be said if noise is as good as the attack."""
    result, noise = attacked.result, attacked.noise
    if not (result.success and noise.success) or result.goal.reached(result.before.label):
        return ()
    return (
        "Random noise of the same size fools it, too: at this strength it takes no attack. Try a "
        "smaller one",
    )


def verdict(bench: Bench, result: AttackResult) -> None:
    """Say whether the attack reached its goal."""
    name = panels.plain(bench.spec.classes[result.goal.label])
    after = f"**{panels.plain(result.after.name)}** ({sureness(result.after)})"
    if not np.isfinite(result.after.confidence):
        st.warning(_NO_SCORES, icon=":material/warning:")
    elif result.goal.reached(result.before.label):
        already = f"the network already says **{panels.plain(result.before.name)}**"
        st.info(f"Nothing to attack: without any change {already}.", icon=":material/info:")
    elif result.success and result.goal.is_targeted:
        st.warning(f"Fooled: the network now says {after}, as asked.", icon=":material/masks:")
    elif result.success:
        st.warning(f"Fooled: the network now says {after}, not {name}.", icon=":material/masks:")
    elif result.goal.is_targeted and result.after.label != result.before.label:
        st.info(f"Not reached: it now says {after}, not **{name}**.", icon=":material/info:")
    else:
        st.success(f"It held: the network still says {after}.", icon=":material/shield:")


def _pictures(bench: Bench, attacked: Attacked) -> None:
    """Draw the clean image, what was added, what came of it, and the noise beside it."""
    result, noise = attacked.result, attacked.noise
    clean, change, spoilt, random = st.columns(4, gap="medium")
    with clean:
        st.markdown("**Clean**")
        panels.image(pictures.picture(bench.input), alt="the clean input")
        said(result.before)
        st.caption(_margin(result.margin_before))
    with change:
        _change(result.image - bench.input)
        st.caption(
            f"Largest change of a pixel **{spoken(result.linf, 'linf')}**, "
            f"length (L2) **{result.l2:.3g}**."
        )
    with spoilt:
        st.markdown(f"**Attacked**, {ATTACKS[result.method].label}")
        panels.image(pictures.picture(result.image), alt="the attacked input")
        said(result.after)
        st.caption(_margin(result.margin_after))
    with random:
        st.markdown("**Random noise**, same size")
        panels.image(pictures.picture(noise.image), alt="the input with random noise")
        said(noise.after)
        st.caption(_margin(noise.margin_after))


def _margin(value: float) -> str:
    """Say how far an image is from the goal."""
    if not np.isfinite(value):
        return "margin unknown"
    if value > 0:
        return f"past the border by {value:.3g} (logits)"
    return f"short of the border by {-value:.3g} (logits)"


def _change(delta: np.ndarray) -> None:
    found = perturbation(delta)
    st.markdown(f"**Change**, {found.words}")
    look = "signed"
    picture = st.container()
    if found.colours is not None:
        look = controls.segments("change", "Shown in", _LOOKS, default="signed")
    with picture:
        shown = found.colours if look == "colours" and found.colours is not None else found.signed
        panels.image(shown, alt=f"the change, {found.words}")
        if look == "signed":
            st.html(legends.signed_legend(found.scale, words=("darker", "brighter")))


def files(bench: Bench, result: AttackResult) -> None:
    """Offer the attacked image as a picture and as exact numbers."""
    name = f"{bench.model_name}-{result.method}"
    with st.container(horizontal=True):
        st.download_button(
            "Picture (.png)",
            images.encode_png(images.to_uint8(result.image)),
            f"{name}.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Exact numbers (.npy)",
            lambda: _npy(result.image),
            f"{name}.npy",
            "application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
        )
        panels.download_arrays({"clean": bench.input, "attacked": result.image}, name, "attacked")
    if not result.quantized:
        st.caption(
            ":material/warning: The attacked image is not rounded to 1/255: the picture holds a "
            "rounded copy, the .npy the exact numbers."
        )


def _npy(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, image, allow_pickle=False)
    return buffer.getvalue()
