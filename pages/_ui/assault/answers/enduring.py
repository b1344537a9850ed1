"""The work of attacking many images: in turns, so that it can be stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import progress, turns
from pages._ui.assault.answers import toll
from pages._ui.workbench import Bench
from xai.attacks import ATTACKS
from xai.attacks.studies.pace import pace
from xai.attacks.studies.robust_accuracy import Robustness
from xai.attacks.studies.robustness import passes, robustness
from xai.datasets import ImageSet
from xai.jobs import Report

#: Seconds that one batch may take: then there is something to see, and others may have a turn.
_GLANCE = 4.0
#: Images that a batch has all the same, if as many fit: fewer take longer for each.
_FEWEST = 16
_LABEL = "Robust accuracy"


@dataclass(frozen=True)
class PaceKey:
    """How long a gradient step of a model takes, for one image among others."""

    model: str


@dataclass(frozen=True)
class ManyKey:
    """Everything that the robust accuracy depends on."""

    model: str
    data: str
    methods: tuple[str, ...]
    norm: str
    strengths: tuple[float, ...]
    steps: int
    seed: int = 0


def settings(key: ManyKey) -> dict[str, dict[str, int]]:
    """Return the settings of the methods of a run that take several steps."""
    several = [
        name for name in key.methods if name in ATTACKS and "steps" in ATTACKS[name].params.infos()
    ]
    return {name: {"steps": key.steps} for name in several}


def forecast(bench: Bench, key: ManyKey, images: ImageSet) -> float | None:
    """Return the seconds that a run takes at most, from one timed batch; None before it is."""
    model = bench.model
    each: float | None = progress.result(
        PaceKey(key.model),
        lambda report: pace(model, images),
        label="Timing one batch",
        keep=False,
        slot="many-pace",
    )
    return None if each is None else each * len(images) * _passes(key)


def _passes(key: ManyKey) -> int:
    """Return the gradient steps of all methods and strengths for one image, at most."""
    given = settings(key)
    kinds = [replace(ATTACKS[name].params(), **given.get(name, {})) for name in key.methods[:-1]]
    return len(key.strengths) * (1 + sum(passes(kind) for kind in kinds))


def follow(
    bench: Bench, key: ManyKey, images: ImageSet, seconds: float, present: float | None
) -> Robustness | None:
    """Return what there is, if the run is complete or was stopped on the way.

    Parameters
    ----------
    bench : Bench
    key : ManyKey
    images : ImageSet
    seconds : float
        What it takes at most.
    present : float or None
        The workbench's strength, to be marked.
    """

    def during(partial: Robustness) -> None:
        toll.curves(partial, present)
        st.caption(f"After {partial.done:,} of {partial.total:,} images.")

    return turns.follow(
        key,
        _making(bench, key, images, seconds),
        label=_LABEL,
        slot="attack-many",
        during=during,
        stopped=lambda found: (
            f"Stopped: {found.done:,} of {found.total:,} images were attacked. All numbers below "
            "are about these."
        ),
    )


def _making(bench: Bench, key: ManyKey, images: ImageSet, seconds: float) -> turns.Work[Robustness]:
    model = bench.model
    batch = max(_FEWEST, int(_GLANCE * len(images) / max(seconds, 1e-6)))

    def work(
        state: Robustness | None, report: Report, on_step: Callable[[Robustness], None]
    ) -> Robustness:
        return robustness(
            model,
            images,
            methods=key.methods,
            strengths=key.strengths,
            norm=key.norm,
            params=settings(key),
            seed=key.seed,
            batch=batch,
            state=state,
            progress=report,
            on_batch=on_step,
        )

    return work
