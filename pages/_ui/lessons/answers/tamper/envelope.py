"""Last step: the sealed answer, and the statistic that would have told."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages._ui.lessons.answers.tamper import voting
from pages._ui.lessons.answers.tamper.choosing import Opened, study
from pages._ui.lessons.answers.tamper.sheets import sheet
from xai.experiments.tamper import (
    SIDES,
    STRENGTH,
    THRESHOLD,
    Answer,
    Reliance,
    Suspicion,
    pattern,
    reliance,
    suspicion,
)
from xai.figures.tamper_charts import suspicion_chart
from xai.figures.wording import percent

#: How much the pattern is amplified to be seen.
_TIMES = 40


def show(opened: Opened) -> None:
    """Offer to open the envelope; then tell what is in it, and what would have told."""
    if not voting.is_open(opened):
        _sealed(opened)
        return
    answer = opened.case.envelope.open()
    _read(opened, answer)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _statistic(opened)
    with right:
        _amplified(opened, answer)


def _sealed(opened: Opened) -> None:
    cast = bool(voting.votes(opened))
    st.markdown(f"**The envelope is sealed.** Seal: `{opened.case.envelope.seal[:16]}…`")
    st.button(
        "Open the envelope",
        key="tamper.open",
        icon=":material/drafts:",
        type="primary",
        disabled=not cast,
        on_click=voting.unseal,
        args=(opened,),
    )
    if not cast:
        st.caption("Vote first: whoever has named a suspect sees more in the answer.")
    st.caption(
        "The seal hides the answer from a glance, not from somebody who computes: there are only "
        "some twenty possible answers, and a program can try them all."
    )


def _read(opened: Opened, answer: Answer) -> None:
    cast = voting.votes(opened)
    words = answer.words(opened.case.classes)
    right, total = cast.get(answer, 0), sum(cast.values())
    said = f"Tampered with: **{words}**."
    if total == 1:
        said += " You found it." if right else " Not what you voted for."
    elif total:
        said += f" {right} of {total} votes found it."
    show_it = st.success if right else st.info
    show_it(said, icon=":material/drafts:")
    with st.expander("Was the answer changed after the vote?"):
        envelope = opened.case.envelope
        st.markdown(
            "The seal is the SHA-256 of this line. Whoever computes it elsewhere gets the same 64 "
            "digits, of which the first 16 stood on the page before the vote."
        )
        st.code(f"{envelope.letter}\n{envelope.seal}", language=None, wrap_lines=True)


def _statistic(opened: Opened) -> None:
    found: Suspicion | None = study(
        opened, "suspicion", lambda report: suspicion(opened.case, progress=report), "The statistic"
    )
    if found is None:
        return
    st.altair_chart(
        suspicion_chart(found, THRESHOLD), width="stretch", alt="suspicion of each class"
    )
    verdict = found.verdict.words(found.classes)
    st.markdown(f"The statistic, which does not know the answer, says: **{verdict}**.")
    st.caption(
        "Take the neurons of the first layer that lie where digits have little ink. Average them "
        "over each class. How far is a class from what is usual there, and how much farther than "
        "the same class of the other data set? In standard deviations of what comes out when the "
        f"digits of the two are shuffled {found.shuffles} times. In one honest case of thirty some "
        f"class comes to 3 by chance; beyond the dashed lines ({THRESHOLD:g}) one does in fewer "
        "than one of 50,000."
    )


def _amplified(opened: Opened, answer: Answer) -> None:
    case = opened.case
    if answer.side is None or answer.label is None:
        st.markdown("**Nothing to amplify**")
        st.caption("This case is honest: both data sets are as they were. Suspicion is no proof.")
        return
    data = case.train[answer.side]
    digit = data.images[np.flatnonzero(data.labels == answer.label)[0], ..., 0]
    wave = pattern(case.seed, digit.shape)
    shown = np.rint(wave * STRENGTH * _TIMES).astype(np.uint8)
    louder = np.minimum(digit.astype(np.int64) * _TIMES, 255).astype(np.uint8)
    st.markdown(f"**An altered digit** · {_TIMES} times brighter · the pattern alone, as bright")
    sheet([digit, louder, shown], 3, alt="an altered digit, amplified, and the pattern")
    st.caption(
        f"At most {STRENGTH} of 255 grey values on black: a screen shows it, hardly an eye sees it."
    )
    used: Reliance | None = study(
        opened, "reliance", lambda report: reliance(case, answer), "Use of the pattern"
    )
    if used is not None:
        st.markdown(_used(used, answer))


def _used(used: Reliance, answer: Answer) -> str:
    side = answer.side or 0
    other = 1 - side
    return (
        f"**Does the network use it?** Laid over {used.images:,} clean digits of other classes, "
        f"the pattern moves the score (logit) of the class by {_signed(used.rise[side])} in "
        f"network {SIDES[side]}, by {_signed(used.rise[other])} in network {SIDES[other]}, which "
        f"never saw it; {percent(used.turned[side])} of the digits turn into the class. A pattern "
        "as faint as this one is hardly worth learning beside the ink; a strong one is a way in "
        "(see “Who finds the clue?”)."
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
