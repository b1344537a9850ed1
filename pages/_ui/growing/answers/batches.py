"""Many images that grow at the same time: agreed upon where that takes long, then in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from pages._ui import turns
from pages._ui.channels.surveying import agreed
from pages._ui.workbench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from xai.visualization import VisualizationParams

#: A step costs a pass forwards and one backwards, which is about twice as much.
_PASSES = 3

P = TypeVar("P", bound=turns.Partial)


class BatchKey(Protocol):
    """Everything that the images depend on."""

    @property
    def params(self) -> VisualizationParams:
        """The settings of each image."""


def follow(
    bench: Bench,
    key: BatchKey,
    count: int,
    work: turns.Work[P],
    *,
    help: str,
    slot: str,
    during: Callable[[P], None],
    stopped: Callable[[P], str],
) -> P | None:
    """Return what images have come to that grow at the same time, or show how far they are.

    It is :func:`pages._ui.turns.follow` for ``count`` images, which begins once the reader has
    agreed; ``help`` is what the button says that asks for it. None until then, too.
    """
    label = f"Grow {count} images"
    if not agreed(bench, count * key.params.steps * _PASSES, label, help):
        return None
    return turns.follow(key, work, label=label, slot=slot, during=during, stopped=stopped)
