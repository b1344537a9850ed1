"""A training that is recorded, from its first step or from where it was left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from xai.training.course import Course, DivergedError, check_loss, under
from xai.training.dropout import seeded_dropout
from xai.training.inputs import inputs
from xai.training.runs import endings
from xai.training.runs.judging import Jury
from xai.training.runs.marking import is_point, marks
from xai.training.runs.opening import Place, begun, claimed, place
from xai.training.runs.recorder import Recorder
from xai.training.runs.run import Ending, Epoch, Recipe, Run, Trace
from xai.training.runs.states import read_state
from xai.training.runs.tally import Norms, Tally
from xai.training.threads import one_thread
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet


@dataclass(frozen=True)
class Calls:
    """Whom a training tells how it goes."""

    on_epoch: Callable[[Epoch], None] | None = None
    progress: Progress | None = None
    on_point: Callable[[Trace], None] | None = None


def made(
    recipe: Recipe,
    data: ImageSet,
    test: ImageSet | None,
    record: Path | str | None,
    resume: Run | Path | str | None,
    calls: Calls,
) -> Run:
    """Train and record; see :func:`xai.training.train`."""
    where = place(record, resume, recipe)
    with claimed(where.folder):
        run = begun(where, recipe)
        if run is not None and run.ended != "stopped":
            return run
        with one_thread():
            return _Making(recipe, data, test, where, run, calls).run()


class _Making:
    """A recorded training under way."""

    def __init__(
        self,
        recipe: Recipe,
        data: ImageSet,
        test: ImageSet | None,
        where: Place,
        run: Run | None,
        calls: Calls,
    ) -> None:
        self._recipe, self._calls = recipe, calls
        if calls.progress is not None:
            calls.progress(0, 1, "Preparing the images")
        form = recipe.row.form(len(recipe.classes), recipe.params.width, trained=True)
        self._data = inputs(form, data)
        self._test = None if test is None else inputs(form, test)
        self._jury = Jury(recipe, self._test)
        self._recorder = Recorder(where.folder, recipe, data, test, run, where.keeper)
        self._start()
        self._marks = marks(recipe.params.epochs, self._course.per_epoch)
        #: Whether the training is between two steps, all of which are recorded.
        self._whole = False

    def _start(self) -> None:
        recipe, data = self._recipe, self._data
        self._net = recipe.row.build(len(recipe.classes), recipe.params.width, recipe.seed)
        self._course = Course(self._net, data.images, data.labels, recipe.params, recipe.seed)
        self._norms = Norms(self._net)
        self._tally = self._new_tally()

    def _new_tally(self) -> Tally:
        return Tally(self._recipe.images, len(self._norms.layers))

    def run(self) -> Run:
        """Train to the end, or leave what there is so that it can go on."""
        try:
            self._begin()
            course = self._course
            with seeded_dropout(self._net, course.dropout):
                self._net.train()
                while course.done < course.total:
                    self._step()
        except DivergedError as seen:
            return self._ended("diverged", endings.diverged(self._recipe, self._course, seen))
        except BaseException:
            # A step or a record in its middle is no state to go on from; the latest mark has
            # left one.
            if self._whole:
                with suppress(ValueError):
                    self._leave()
            raise
        return self._ended("finished", endings.finished(self._recorder))

    def _ended(self, ended: Ending, note: str) -> Run:
        self._recorder.end(ended, note)
        return self._recorder.run(ended, note)

    # ------------------------------------------------------------------ both ends
    def _begin(self) -> None:
        """Go to where the run was left, or record the untrained network."""
        state = read_state(self._recorder.folder, self._recipe.digest)
        if state is None or not self._went_to(state):
            self._start()
            self._recorder.clear()
            self._recorder.begin()
            self._mark(0.0)
        self._whole = True

    def _went_to(self, state: dict[str, Tensor]) -> bool:
        """Take up a state; tell whether it and what is recorded belong together."""
        try:
            self._course.go_to(under(state, "course/"))
            self._tally.go_to(under(state, "tally/"))
        except Exception:
            # Damage can make torch raise nearly anything; the run is then begun again.
            return False
        done = self._course.done
        behind = [mark for step, mark in self._marks.items() if step <= done]
        self._recorder.back_to(behind[-1], done)
        return self._recorder.marks == behind

    def _leave(self) -> None:
        """Record how far it is."""
        note = endings.stopped(self._recipe, self._course)
        self._recorder.end("stopped", note)
        self._save()

    def _save(self) -> None:
        course = {f"course/{name}": value for name, value in self._course.state().items()}
        tally = {f"tally/{name}": value for name, value in self._tally.state().items()}
        self._recorder.state({**course, **tally})

    # ------------------------------------------------------------------- a step
    def _step(self) -> None:
        course, recorder, calls = self._course, self._recorder, self._calls
        self._whole = False
        started = time.perf_counter()
        step = course.advance()
        self._tally.add(step, self._norms.gradients(), time.perf_counter() - started)
        point = is_point(course.done, course.per_epoch)
        if point:
            recorder.point(course.done, *self._tally.point())
        mark = self._marks.get(course.done)
        if mark is not None:
            self._mark(mark)
        self._whole = True
        if point and calls.on_point is not None:
            calls.on_point(recorder.trace())
        if mark is not None and mark >= 1 and calls.on_epoch is not None:
            calls.on_epoch(recorder.epochs[-1])
        if calls.progress is not None:
            number = -(-course.done // course.per_epoch)
            message = f"Epoch {number} of {self._recipe.params.epochs}: loss {step.loss:.3f}"
            calls.progress(course.done, course.total, message)

    def _mark(self, mark: float) -> None:
        """Keep the weights, and what they make of the test images."""
        started = time.perf_counter()
        norms = self._norms.weights()
        if not all(bool(value.isfinite().all()) for value in self._net.state_dict().values()):
            raise DivergedError("weights grew beyond all numbers")
        predicted, loss = self._jury.tried(self._net)
        if self._test is not None:
            check_loss(loss, len(self._recipe.classes))
        self._tally.lasted(time.perf_counter() - started)
        if mark >= 1:
            self._recorder.epoch(self._epoch(int(mark), loss, predicted, norms), self._tally.right)
            self._tally = self._new_tally()
        self._recorder.mark(mark, self._net, predicted)
        self._save()

    def _epoch(
        self, number: int, loss: float, predicted: np.ndarray, norms: dict[str, float]
    ) -> Epoch:
        tally, test = self._tally, self._test
        right = math.nan if test is None else float((predicted == test.labels.numpy()).mean())
        return Epoch(
            number,
            tally.loss,
            tally.accuracy,
            test_loss=loss,
            test_accuracy=right,
            rate=self._course.rate,
            seconds=tally.seconds,
            weight_norms=norms,
            gradient_norms=dict(zip(self._norms.layers, tally.gradient_norms(), strict=True)),
        )
