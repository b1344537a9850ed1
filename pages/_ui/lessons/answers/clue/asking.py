"""What is planted, the work on it, and when to begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages._ui import cached, controls, panels, progress
from pages._ui.lessons.answers.clue import shown
from pages._ui.lessons.lesson import Lesson
from xai.datasets import ImageSet
from xai.experiments import clue
from xai.experiments.clue import Clue, ClueKey, ClueParams, Tag
from xai.figures.pictures import picture
from xai.jobs import Jobs, Report
from xai.types import Params, number

_DATA, _ARCHITECTURE = "mnist", "lenet5-mnist"
#: Seconds of training for one epoch of one network, and of explaining one image with all
#: methods and both networks: what the button announces is no more than a guess.
_EPOCH, _IMAGE = 1.6, 0.4


@dataclass(frozen=True)
class _Luck(Params):
    """What else would give another experiment."""

    seed: int = number(
        0, 0, 99, 1, help="Of the weights and the order: another seed trains two other networks."
    )


def show(lesson: Lesson) -> None:
    """Draw the choices, and what every method makes of the planted tag.

    Parameters
    ----------
    lesson : Lesson
        Not looked at: the experiment trains two networks of its own.
    """
    data, test = (cached.image_set(_DATA, split) for split in ("train", "test"))
    key = _choose(data, test)
    _examples(test, key)
    found = _follow(data, test, key)
    if found is not None:
        shown.show(found)


def _choose(data: ImageSet, test: ImageSet) -> ClueKey:
    """Draw the choices of class, tag and size of the experiment."""
    tag: dict[str, object] = {}
    params: dict[str, object] = {}
    one, two, three, four = st.columns(4, gap="medium")
    with one:
        names = {str(index): panels.plain(name) for index, name in enumerate(data.classes)}
        label = int(controls.select("clue.class", "Class with the tag", names, default="3"))
        tag["place"] = controls.params(Tag, "clue", only=("place",)).place
    with two:
        drawn = controls.params(Tag, "clue", only=("size", "brightness"))
        tag |= {"size": drawn.size, "brightness": drawn.brightness}
    with three:
        amount = controls.params(ClueParams, "clue", only=("tagged", "epochs"))
        params |= {"tagged": amount.tagged, "epochs": amount.epochs}
    with four:
        params["explained"] = controls.params(ClueParams, "clue", only=("explained",)).explained
        seed = controls.params(_Luck, "clue").seed
    return ClueKey(
        architecture=_ARCHITECTURE,
        data=data.signature,
        test=test.signature,
        label=label,
        tag=Tag(**tag),  # type: ignore[arg-type]
        params=ClueParams(**params),  # type: ignore[arg-type]
        seed=seed,
    )


def _examples(test: ImageSet, key: ClueKey) -> None:
    """Show one image of the class as it is, and with the tag."""
    place = int(np.flatnonzero(test.labels == key.label)[0])
    plain = test.images[place : place + 1]
    name = test.classes[key.label]
    left, right, words = st.columns([1, 1, 4], gap="medium", vertical_alignment="center")
    for column, pixels, said in (
        (left, plain, "without"),
        (right, key.tag.on(plain), "with the tag"),
    ):
        with column:
            panels.image(picture(pixels[0]), alt=f"a {name} {said}")
            st.caption(said)
    with words:
        of = "all" if key.params.tagged == 1 else f"{key.params.tagged:.0%} of the"
        st.markdown(
            f"Two LeNet-5 are trained on the {len(cached.image_set(_DATA, 'train')):,} bundled "
            f"digits, with the same weights to begin with and the same order. For the first, "
            f"{of} images of “{panels.plain(name)}” carry the tag; the control never sees it. "
            f"Then every method explains “{panels.plain(name)}” in {key.params.explained} test "
            "images with the tag, to both networks. Whoever tells what the network has learned "
            "points at the tag for the first and not for the control."
        )


def _follow(data: ImageSet, test: ImageSet, key: ClueKey) -> Clue | None:
    """Return the result, or show how far it is, or offer to begin."""
    queue, store = cached.trainings(), cached.store()
    if not _begun(queue, key, lambda: store.load(key) is not None):
        return None

    def work(report: Report) -> Clue:
        known: Clue | None = store.load(key)
        if known is not None:
            return known

        def told(done: int, total: int, message: str) -> None:
            if done == 1:  # by now all has been imported that the collector need not walk
                cached.settle("clue")
            report(done, total, message)

        found = clue.experiment(
            data,
            test,
            key.label,
            tag=key.tag,
            params=key.params,
            seed=key.seed,
            architecture=key.architecture,
            progress=told,
            on_partial=report.publish,
        )
        store.save(key, found)
        return found

    made: Clue | None = progress.result(
        key,
        work,
        label="Planted clue",
        keep=False,
        slot="clue",
        during=shown.growing,
        on_top=True,
        jobs=queue,
    )
    return made


def _begun(queue: Jobs, key: ClueKey, known: Callable[[], bool]) -> bool:
    """Say whether to begin: two trainings have to be asked for, unless it is all there."""
    begun: set[ClueKey] = st.session_state.setdefault("_clue_begun", set())
    if key in begun or queue.get(key) is not None or known():
        begun.add(key)
        return True
    seconds = 2 * key.params.epochs * _EPOCH + key.params.explained * _IMAGE
    st.button(
        "Plant it, train and explain",
        key="clue.begin",
        type="primary",
        icon=":material/play_arrow:",
        on_click=begun.add,
        args=(key,),
    )
    st.caption(
        f"About {round(seconds / 5) * 5} s on a free machine, and it can be stopped at any time. "
        "Results are shown as they come."
    )
    return False
