"""Reality check: a grown image beside real ones, after small changes, before other networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import panels, progress
from pages._ui.channels import surveying
from pages._ui.growing.answers import fragility, others
from pages._ui.growing.running import Grown
from pages._ui.growing.wish import Wish
from pages._ui.workbench import Bench
from xai import images as pictures
from xai.datasets import ImageSet
from xai.figures.reality_chart import score_chart
from xai.figures.wording import number
from xai.jobs import Report
from xai.visualization import OBJECTIVES
from xai.visualization.studies.best import Best, best

#: What the score of an objective is, for an axis.
_UNITS = {
    "class": "logit of {name}",
    "contrast": "difference of two logits",
    "channel": "mean activation of the channel",
    "unit": "activation of the unit",
    "layer": "mean square of the layer",
    "mix": "sum of two mean activations",
}
_HEIGHT = 300


@dataclass(frozen=True)
class BestKey:
    """Everything that the scores of real images depend on."""

    model: str
    data: str
    wish: Wish


@dataclass(frozen=True, eq=False)
class Beside:
    """A grown image and what it is compared with.

    Attributes
    ----------
    grown : Grown
    data : ImageSet
        The real images.
    found : Best
        Their scores.
    real : ndarray, shape (C, H, W), float32, in [0, 1]
        The best of them, as the network takes it.
    unit : str
        What a score is.
    """

    grown: Grown
    data: ImageSet
    found: Best
    real: np.ndarray
    unit: str

    @property
    def images(self) -> np.ndarray:
        """The grown image and the best real one, (2, C, H, W), float32."""
        return np.stack([self.grown.result.image, self.real])


def show(bench: Bench, grown: Grown) -> None:
    """Draw how the image compares with real ones, what it hangs on, and what others see in it."""
    if not np.isfinite(grown.result.score):
        st.info("The score of this image is no number: nothing can be compared with it.")
        return
    data = surveying.images(bench)
    st.markdown("#### How far beyond real images?")
    found = _best(bench, grown.wish, data)
    if found is not None:
        real = bench.model.prepare(data.images[int(found.index[0])])
        beside = Beside(grown, data, found, real, _unit(bench, grown.wish))
        _scores(bench, beside)
        st.markdown("#### A shape, or a pattern?")
        fragility.show(bench, beside)
    st.markdown("#### What do other networks see in it?")
    others.show(bench, grown, None if found is None else real)


def _best(bench: Bench, wish: Wish, data: ImageSet) -> Best | None:
    """Return what real images score, or show how far that is."""
    label = f"Score {len(data):,} real images"
    if not surveying.agreed(bench, len(data), label, "One pass over the data set."):
        return None
    model = bench.model

    def work(report: Report) -> Best:
        wanted = OBJECTIVES[wish.objective].function(model, wish.objective, wish.layer, wish.index)
        return best(model, wanted, data, progress=report)

    found: Best | None = progress.result(
        BestKey(bench.model_name, data.signature, wish),
        work,
        label=label,
        keep=False,
        slot="reality best",
    )
    return found


def _unit(bench: Bench, wish: Wish) -> str:
    name = bench.spec.classes[wish.classes[0]] if wish.classes else ""
    return _UNITS[wish.objective].format(name=name)


def _scores(bench: Bench, beside: Beside) -> None:
    """Draw the two images and where their scores lie among those of all real ones."""
    grown, found = beside.grown.result, beside.found
    place = int(found.index[0])
    left, right, wide = st.columns([2, 2, 7], gap="medium")
    with left:
        st.markdown("**Grown image**")
        panels.image(pictures.to_uint8(grown.image), alt="the grown image")
        st.caption(f"score {number(grown.score)}")
    with right:
        st.markdown("**Best real image**")
        panels.image(pictures.to_uint8(beside.real), alt=f"the real image {beside.data.ids[place]}")
        named = panels.plain(beside.data.classes[int(beside.data.labels[place])])
        st.caption(f"score {number(float(found.score[0]))} · class {named}")
    with wide:
        st.altair_chart(
            score_chart(
                found, grown.score, unit=beside.unit, member=_members(bench, beside), height=_HEIGHT
            ),
            width="stretch",
            alt="scores of real images, with the grown one marked",
        )
    st.markdown(_sentence(bench, beside))
    st.caption(
        "Each bar counts real images whose score lies there; all are measured as the grown image "
        "is. Leads are counted from the average image of this data set, since a score has no zero "
        "of its own."
    )


def _members(bench: Bench, beside: Beside) -> str:
    classes = beside.grown.wish.classes
    return f"images of {bench.spec.classes[classes[0]]}" if classes else ""


def _sentence(bench: Bench, beside: Beside) -> str:
    """Say how far the grown image leads."""
    found, score = beside.found, beside.grown.result.score
    best_score, every = float(found.score[0]), len(found.scores)
    members = int(found.member.sum())
    among = f"of {members:,} of this class among {every:,} images"
    if members == 1:
        among = f"the only one of this class among {every:,} images"
    if found.absent:
        name = panels.plain(bench.spec.classes[beside.grown.wish.classes[0]])
        among = f"of all {every:,} images, none of which shows {name}"
    elif found.member.all():
        among = f"of all {every:,} images"
    said = (
        f"The grown image scores **{number(score)}**, the best real one **{number(best_score)}** "
        f"({among})."
    )
    lead, real = found.lead(score), found.lead(best_score)
    if real > 0 and lead > 0:
        said += (
            f" Above the average image ({number(found.mean)}) it stands **{lead / real:.1f} "
            "times** as high as the best real image."
        )
    above = found.above(score)
    if above:
        said += f" {above:,} of the real images score as high as it does, or higher."
    return said
