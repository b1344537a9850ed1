"""The work of ``python -m xai flow``: from a data set to files, and a line to print."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xai import datasets, models
from xai.flow import files, pipeline
from xai.flow.answers import answers
from xai.flow.arrangement.layout import lay_out
from xai.flow.clustering.methods import METHODS
from xai.flow.files import document
from xai.models.spec import weights_of
from xai.parameters import settled
from xai.store import Store
from xai.store.replacing import replacing
from xai.types import find

if TYPE_CHECKING:
    from xai.flow.graph import FlowGraph
    from xai.flow.pipeline import Run

#: ``say(line)``: prints a line while the work goes on.
Say = Callable[[str], object]
#: Between two lines about the passes of the network lies so much of the way.
_PARTS = 10


def make(
    dataset: str,
    model: str,
    out: Path,
    *,
    count: int | None = None,
    layers: Sequence[str] | None = None,
    method: str = "optics",
    settings: Sequence[str] = (),
    seed: int = 0,
    reduce: str = "pca90",
    store: Store | None = None,
    say: Say = str,
) -> str:
    """Cluster a data set in the layers of a network and write the flow.

    Parameters
    ----------
    dataset, model, method : str
        Keys of the registries.
    out : Path
        The ``.h5`` file; the graph gets its name with ``.json``.
    count : int, optional
        How many images: the sample that the pages draw, test images first. None takes all
        that there are, up to 10,000.
    layers : sequence of str, optional
        As :func:`xai.flow.pipeline.run` takes them.
    settings : sequence of str
        Parameters as ``name=value``.
    seed : int
        Of the clustering.
    reduce : str
    store : Store, optional
        Where each layer is kept as soon as it is done; by default that of the pages, so that
        a command that was stopped goes on, and a page finds what a command made.
    say : callable
        Told of each step in a line.

    Returns
    -------
    str
        A line that says what was written.

    Raises
    ------
    TypeError, ValueError, OSError
        If something does not exist, is refused, or cannot be read or written.
    """
    _check(out)
    params = settled(find(METHODS, method, "method").params, settings)
    ready = models.load(model)
    pool = datasets.load_all(dataset)
    images = datasets.pool_sample(pool, len(pool) if count is None else count)
    kept = Store() if store is None else store
    told = Steps(say)
    made = pipeline.run(
        ready,
        images,
        layers,
        method=method,
        params=params,
        seed=seed,
        reduce=reduce,
        store=kept,
        progress=told.progress,
        on_layer=lambda graph: say(f"  {graph.layers[-1]}: {_measured(graph)}"),
    )
    for note in (*made.notes, kept.writable_error):
        if note:
            say(f"  {note}")
    return _written(out, made, ready, images, told)


def _check(out: Path) -> None:
    """Refuse before the work what could not be written after it."""
    if out.suffix != ".h5":
        raise ValueError(f"out: expected a name that ends in .h5, got {out.name!r}")
    wrong = errno.EISDIR if out.is_dir() else 0 if out.parent.is_dir() else errno.ENOENT
    if wrong:
        raise OSError(wrong, os.strerror(wrong), str(out))


def _written(out: Path, made: Run, model: Any, images: Any, told: Steps) -> str:
    layout = lay_out(made.graph)
    batches = answers(model, images, made.graph, progress=told.progress)
    origin = files.Origin(weights_of(model.spec), images.signature)
    files.write(out, made.graph, layout, origin=origin, activations=batches)
    beside = out.with_suffix(".json")
    with replacing(beside) as unfinished:
        unfinished.write_text(document.graph_json(made.graph, layout), encoding="utf-8")
    flows = sum(len(column) for column in made.graph.flows)
    return (
        f"{len(images):,} images in {_many(len(made.graph.layers), 'layer')} of "
        f"{model.spec.label}, {_many(flows, 'flow')}; {out} and {beside}"
    )


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _measured(graph: FlowGraph) -> str:
    """Say what was found in the latest layer."""
    found = graph.clusters[-1]
    said = [_many(found.count, "cluster"), f"{found.noise:.0%} noise"]
    for name in ("purity", "ari", "nmi", "silhouette"):
        value = getattr(found, name)
        if value is not None:
            said.append(f"{name} {value:.2f}")
    return ", ".join(said)


class Steps:
    """Lines about work that reports far more often than anybody wants to read."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last: tuple[str, int] = ("", 0)

    def progress(self, done: int, total: int, message: str) -> None:
        """Say a message that is new; of one that counts, every tenth of the way."""
        words = "".join(letter for letter in message if not letter.isdigit())
        now = (words, _PARTS * done // max(total, 1))
        if now != self._last:
            self._say(f"  {message}")
            self._last = now
