"""Training networks of one's own, recorded from inside.

The only place that calls ``.backward``, on models that nobody else holds. Importing this
package loads no torch; :func:`train` does.

=====================  ==============================================================
``params``             the settings of a run; ``architectures`` lists what can be trained
``course``             a training under way, one step at a time
``runs``               what is recorded, how it is written, how it goes on
``bundled``            the recipes of what ships
=====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xai.training.architectures import ARCHITECTURES, Architecture
from xai.training.params import TrainingParams
from xai.training.runs.recipe import Recipe, recipe_of
from xai.training.runs.run import Epoch, Run, Trace
from xai.types import Progress

if TYPE_CHECKING:
    from xai.datasets import ImageSet

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Epoch",
    "Recipe",
    "Run",
    "Trace",
    "TrainingParams",
    "open_run",
    "recipe_of",
    "shipped_run",
    "train",
]


def train(
    architecture: str,
    data: ImageSet,
    *,
    test: ImageSet | None = None,
    params: TrainingParams | Mapping[str, Any] | None = None,
    seed: int = 0,
    record: Path | str | None = None,
    resume: Run | Path | str | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    progress: Progress | None = None,
    on_point: Callable[[Trace], None] | None = None,
) -> Run:
    """Train a network from nothing and record what it goes through.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    data : ImageSet
        Training images of at least two classes.
    test : ImageSet, optional
        Images of the same classes, which the network is tried on at each mark.
    params : TrainingParams or mapping, optional
        None takes what suits the architecture.
    seed : int
        Of first weights, order, augmentation and dropout. Equal seeds give equal weights.
    record : Path or str, optional
        A folder to record into, new or empty. None takes a temporary one, which goes with
        the run.
    resume : Run, Path or str, optional
        A run of the same recipe, or the folder where one was begun: it goes on where it was
        stopped or killed, and ends with the weights of an unbroken one, bit for bit. A finished
        run of the recipe is returned as it is; an empty folder is begun. With a folder to
        ``record`` into that is another, the run goes on there, and the first stays as it is.
        The run of a recipe with fewer epochs stays, too: since the course of the learning rate
        depends on their number, the longer one is trained from the beginning.
    on_epoch : callable, optional
        Called with each :class:`Epoch` when it is recorded; may raise.
    progress : callable, optional
        ``progress(done, total, message)`` in steps, after each. What it raises reaches the
        caller; the run can be resumed.
    on_point : callable, optional
        Called with the :class:`Trace` so far, about twenty times an epoch; may raise.

    Returns
    -------
    Run

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be, or the folder is another run's, holds files
        of others, or cannot be written. What was recorded before stays readable.

    Notes
    -----
    The thread computes alone: these networks are too small for two, and sums keep their
    order, so that weights do not depend on the number of cores.
    """
    from xai.training.runs.making import Calls, made

    recipe = recipe_of(architecture, data, test=test, params=params, seed=seed)
    calls = Calls(on_epoch, progress, on_point)
    return made(recipe, data, test, record, resume, calls)


def open_run(folder: Path | str | bytes) -> Run:
    """Open a recorded run.

    Parameters
    ----------
    folder : Path, str or bytes
        The folder, a zip of it, or what is in the zip.

    Raises
    ------
    ValueError
        If it is damaged, of another version or of another architecture, in a sentence.
    """
    from xai.training.runs import files

    return files.opened(folder)


def shipped_run(name: str = "lenet5-mnist") -> Run:
    """Open a run that came with the program, a key of ``xai/data/runs``.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    from xai.training import shipped

    return shipped.run(name)
