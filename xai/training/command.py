"""The work of ``python -m xai train --record``: a run into a folder, and a line to print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xai.parameters import settled
from xai.training import ARCHITECTURES, TrainingParams, train
from xai.training.examples import examples
from xai.types import find

if TYPE_CHECKING:
    from xai.training import Epoch, Run

#: ``say(line)``: prints a line while the work goes on.
Say = Callable[[str], object]


def record(
    folder: Path,
    *,
    architecture: str = "lenet5-mnist",
    dataset: str = "mnist",
    n: int | None = None,
    settings: Sequence[str] = (),
    seed: int = 0,
    resume: bool = False,
    say: Say = str,
) -> str:
    """Train a network and record the run.

    Parameters
    ----------
    folder : Path
        New or empty, unless a run is resumed.
    architecture : str
        A key of :data:`xai.training.ARCHITECTURES`.
    dataset : str
        A data set with training images.
    n : int, optional
        See :func:`xai.training.examples.examples`.
    settings : sequence of str
        Parameters as ``name=value``; the others are what suits the architecture.
    seed : int
    resume : bool
        Whether the folder holds a run of this recipe that was stopped.
    say : callable
        Told of each epoch in a line.

    Returns
    -------
    str
        A line that says what was recorded.

    Raises
    ------
    TypeError, ValueError, OSError
        If something does not exist, is refused, or cannot be read or written.
    """
    params = _params(architecture, settings)
    data, test = examples(dataset, n)

    def tell(epoch: Epoch) -> None:
        say(_said(epoch, params.epochs))

    run = train(
        architecture,
        data,
        test=test,
        params=params,
        seed=seed,
        record=None if resume else folder,
        resume=folder if resume else None,
        on_epoch=tell,
    )
    return _summary(run)


def _params(architecture: str, settings: Sequence[str]) -> TrainingParams:
    """Return what suits the architecture, changed where it was said."""
    usual = vars(find(ARCHITECTURES, architecture, "architecture").params)
    found = settled(TrainingParams, settings)
    said = {setting.partition("=")[0] for setting in settings}
    return TrainingParams(**usual | {name: getattr(found, name) for name in said})


def _said(epoch: Epoch, total: int) -> str:
    return (
        f"  epoch {epoch.number:3d} of {total}  loss {epoch.loss:.4f}  "
        f"right {epoch.accuracy:.2%}, of the test images {epoch.test_accuracy:.2%}  "
        f"{epoch.seconds:.1f} s"
    )


def _summary(run: Run) -> str:
    label = ARCHITECTURES[run.recipe.architecture].label
    said = f"{label}, {len(run.epochs)} epochs of {run.recipe.images:,} images, {run.ended}"
    note = f" ({run.note.rstrip('.')})" if run.note else ""
    return f"{said}{note}: {run.accuracy():.2%} of the test images right; {run.folder}"
