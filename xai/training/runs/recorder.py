"""What a training leaves behind while it lasts."""

from __future__ import annotations

import errno
import importlib.metadata
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.training.runs.files import schema, writing
from xai.training.runs.run import Ending, Epoch, Recipe, Run, Trace
from xai.training.runs.states import write_state

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xai.datasets import ImageSet

_PACKAGES = ("torch", "numpy")


class Recorder:
    """Keeps a run on disk, readable at any time.

    Parameters
    ----------
    folder : Path
        Empty, or with the files of ``begun``.
    recipe : Recipe
    data, test : ImageSet
        ``test`` may be None.
    begun : Run, optional
        What was recorded before.
    keeper : object
        Holds a temporary folder.

    Attributes
    ----------
    epochs : list of Epoch
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        data: ImageSet,
        test: ImageSet | None,
        begun: Run | None = None,
        keeper: Any = None,
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self._keeper = keeper
        self._data, self._test = data, test
        self.epochs: list[Epoch] = []
        self._marks: list[tuple[float, str]] = []
        self._predicted: list[np.ndarray] = []
        self._right: list[np.ndarray] = []
        self._points: list[tuple[int, float, float]] = []
        self._versions = {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _PACKAGES},
        }
        if begun is not None:
            self._take_up(begun)

    def _take_up(self, run: Run) -> None:
        self.epochs = list(run.epochs)
        self._marks = list(zip(run.marks, run.checksums, strict=True))
        self._predicted, self._right = list(run.predicted), list(run.right)
        trace = run.trace
        self._points = list(
            zip(trace.step.tolist(), trace.loss.tolist(), trace.accuracy.tolist(), strict=True)
        )

    def clear(self) -> None:
        """Forget all that was recorded."""
        for rows in (self._marks, self._points, self._predicted, self.epochs, self._right):
            rows.clear()

    @property
    def marks(self) -> list[float]:
        """At which weights are kept so far."""
        return [mark for mark, _ in self._marks]

    def back_to(self, mark: float, step: int) -> None:
        """Forget what was recorded after a mark, and points of the trace after a step."""
        self._marks = [row for row in self._marks if row[0] <= mark]
        self._points = [row for row in self._points if row[0] <= step]
        self._predicted = self._predicted[: len(self._marks)]
        self.epochs = self.epochs[: int(mark)]
        self._right = self._right[: int(mark)]

    # ------------------------------------------------------------------ recording
    def begin(self) -> None:
        """Write what is known before the first step."""
        with self._writing():
            ids = () if self._test is None else self._test.ids
            labels = self._labels()
            writing.write_images(self.folder, self._data.ids, self._data.labels, ids, labels)

    def mark(self, mark: float, net: nn.Module, predicted: np.ndarray) -> None:
        """Keep the weights of a mark, and what the network makes of the test images."""
        with self._writing():
            checksum = writing.write_weights(self.folder, mark, net.state_dict())
            self._marks.append((mark, checksum))
            self._predicted.append(predicted)
            self._write("running", "")

    def epoch(self, epoch: Epoch, right: Tensor) -> None:
        """Take in an epoch; it is written with its mark."""
        self.epochs.append(epoch)
        self._right.append(right.numpy())

    def point(self, step: int, loss: float, accuracy: float) -> None:
        """Take in a point of the trace; it is written with the next mark."""
        self._points.append((step, loss, accuracy))

    def state(self, state: dict[str, Tensor]) -> None:
        """Write what is needed to go on."""
        with self._writing():
            write_state(self.folder, state, self.recipe.digest)

    def end(self, ended: Ending, note: str) -> None:
        """Write how it ended; what is needed to go on stays only of a run that was stopped."""
        with self._writing():
            self._write(ended, note)
            if ended != "stopped":
                (self.folder / schema.STATE).unlink(missing_ok=True)

    def _write(self, ended: str, note: str) -> None:
        writing.write_metrics(self.folder, self.epochs)
        writing.write_trace(self.folder, self.trace())
        writing.write_answers(self.folder, *self._answers())
        writing.write_head(
            self.folder,
            self.recipe,
            self._marks,
            ended=ended,
            note=note,
            versions=self._versions,
            threads=1,
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what the disk refuses into a sentence."""
        try:
            yield
        except OSError as error:
            raise ValueError(unwritable(self.folder, error)) from error

    # ------------------------------------------------------------------- results
    def trace(self) -> Trace:
        """Return the trace so far."""
        steps, losses, shares = zip(*self._points, strict=True) if self._points else ((), (), ())
        return Trace(
            np.array(steps, np.int64), np.array(losses, np.float32), np.array(shares, np.float32)
        )

    def run(self, ended: Ending, note: str) -> Run:
        """Return what was recorded."""
        predicted, right = self._answers()
        return Run(
            recipe=self.recipe,
            folder=self.folder,
            marks=tuple(mark for mark, _ in self._marks),
            epochs=tuple(self.epochs),
            trace=self.trace(),
            ended=ended,
            note=note,
            labels=self._labels().copy(),
            ids=() if self._test is None else self._test.ids,
            predicted=predicted,
            right=right,
            train_ids=self._data.ids,
            train_labels=self._data.labels.copy(),
            checksums=tuple(checksum for _, checksum in self._marks),
            keeper=self._keeper,
        )

    def _labels(self) -> np.ndarray:
        return np.zeros(0, np.int64) if self._test is None else self._test.labels

    def _answers(self) -> tuple[np.ndarray, np.ndarray]:
        tested = 0 if self._test is None else len(self._test)
        predicted = np.array(self._predicted, np.int16).reshape(len(self._predicted), tested)
        right = np.array(self._right, bool).reshape(len(self._right), len(self._data))
        return predicted, right


def unwritable(folder: Path, error: OSError) -> str:
    """Return the sentence that says why a run cannot be recorded."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = "the folder cannot be written"
    elif error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = "it is no folder"
    else:
        reason = (error.strerror or "it cannot be used").lower()
    kept = ""
    with suppress(OSError):
        if (folder / schema.HEAD).exists():
            kept = "; what was recorded before can still be opened"
    return f"record: {reason} ({folder}){kept}"
