"""Adversarial: how little it takes to make the network err."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui import assault, controls, panels, workbench
from xai.attacks import ATTACKS
from xai.figures import charts, heatmaps, legends, pictures

bench = workbench.current()
panels.verdict(bench)

chosen, aim, strength = st.columns([3, 2, 3], vertical_alignment="bottom", gap="medium")
with chosen:
    names = {name: row.label for name, row in ATTACKS.items()}
    method = controls.segments("attack", "Attack", names, default="pgd")
with aim:
    goal = assault.choose_goal(bench)
with strength:
    given = assault.choose_strength(bench, method)
with st.expander("More settings", icon=":material/tune:"):
    fields = [name for name in ATTACKS[method].params.infos() if name not in ("eps", "norm")]
    params = controls.params(ATTACKS[method].params, method, only=fields, fixed=given)
    panels.about(ATTACKS[method])

result = assault.compute(bench, method, goal, params)
if result is None:
    st.skeleton(420)
    st.stop()
noise = assault.noise(bench, result)
for sentence in result.notes:
    st.info(sentence, icon=":material/info:")
assault.verdict(bench, result)

clean, change, attacked, random = st.columns(4, gap="medium")
with clean:
    st.markdown("**Clean**")
    panels.image(pictures.picture(bench.input), alt="the clean input")
    panels.said(result.before)
delta = result.image - bench.input
scale = float(np.abs(delta).max())
with change:
    st.markdown("**Change**, amplified")
    panels.image(heatmaps.signed(heatmaps.collapse(delta) / len(delta), scale), alt="the change")
    st.html(legends.signed_legend(scale, words=("darker", "brighter")))
    st.caption(
        f"Mean over the colours. Largest change of a pixel {255 * result.linf:.1f}/255, "
        f"length (L2) {result.l2:.3g}."
    )
with attacked:
    st.markdown(f"**Attacked**, {ATTACKS[method].label}")
    panels.image(pictures.picture(result.image), alt="the attacked input")
    panels.said(result.after)
with random:
    st.markdown("**Random noise**, same size")
    panels.image(pictures.picture(noise.image), alt="the input with random noise")
    panels.said(noise.after)

left, right = st.columns(2, gap="large")
with left:
    st.markdown("**Top 5, before and after**")
    st.altair_chart(
        charts.before_after(result.before, result.after, true=bench.true), width="stretch"
    )
    st.caption("Softmax probabilities of the classes that lead before or after the attack.")
with right:
    st.markdown(f"**“{bench.spec.classes[goal.label]}” while the attack runs**")
    st.altair_chart(assault.trace(result), width="stretch")
    st.caption(f"After {result.steps} gradient steps and {result.queries} forward passes.")
panels.download_arrays(
    {"clean": bench.input, "attacked": result.image}, f"{bench.model_name}-{method}", "attacked"
)
