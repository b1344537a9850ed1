"""The film that ships: a layer of the recorded run that ships, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xai.embedding.evolution import shipped
from xai.training import shipped_run
from xai.training.examples import held_out


def make(folder: Path) -> Iterator[str]:
    """Make the film into a folder, replacing what is in it.

    Yields
    ------
    str
        The row of the data card.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    run = shipped_run()
    layer = run.load().layers[-2].name
    yield from shipped.make(folder, run.digest, run.marks, run.load, held_out(run), layer)
