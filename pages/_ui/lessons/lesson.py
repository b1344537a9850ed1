"""What the training page looks at: a run, its test images, perhaps another run beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pages._ui import cached

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models import LoadedModel
    from xai.training import Run


@dataclass(frozen=True, eq=False)
class Lesson:
    """A run that is open.

    Attributes
    ----------
    run : Run
    images : ImageSet
        Its test images, in the order of ``run.labels``.
    label : str
        Name for people, such as ``"LeNet-5, shipped"``.
    other : Lesson or None
        The run beside it, which differs in one thing.
    """

    run: Run
    images: ImageSet
    label: str
    other: Lesson | None = None


def model_at(lesson: Lesson, mark: float) -> LoadedModel:
    """Return the network of a run at one of its marks, held in memory for the next look.

    Its name is that of its weights, so that results of two runs are never mixed up; the
    caches of the app that take a model's name find it as well.

    Raises
    ------
    ValueError
        If the run has no such mark, or its file is damaged.
    """
    name = f"{lesson.run.digest}@{mark:g}"
    found = cached.epochs().get(name)
    if found is None:
        found = lesson.run.load(mark)
        cached.epochs().put(found, name)
    return found
