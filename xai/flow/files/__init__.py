"""Flows as files; :mod:`xai.flow.files.schema` tells what is in them."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np

from xai.flow.files import schema
from xai.flow.graph import FlowGraph
from xai.store.replacing import replacing

if TYPE_CHECKING:
    from xai.flow.arrangement.layout import FlowLayout
    from xai.flow.files.writing import Batch
    from xai.models import LoadedModel

T = TypeVar("T")
_MARK = f"{schema.FORMAT} ".encode()


@dataclass(frozen=True)
class Origin:
    """What a flow was made of.

    Attributes
    ----------
    weights : str
        See :func:`xai.models.spec.weights_of`; empty if unknown.
    data : str
        ``ImageSet.signature``; empty if unknown.
    """

    weights: str = ""
    data: str = ""


@dataclass(frozen=True, eq=False)
class FlowFile:
    """What a file holds.

    Attributes
    ----------
    graph : FlowGraph
        With features, if they were written, so that the path of an image can be found.
    origin : Origin
    positions : ndarray, shape (L, N), float32, or None
        Height of each image's line as it was drawn, in images from the top.
    """

    graph: FlowGraph
    origin: Origin
    positions: np.ndarray | None = None

    def objection(self, model: LoadedModel) -> str:
        """Say why the file is not of a model, in a sentence; nothing if it is."""
        from xai.models.spec import weights_of

        spec = model.spec
        if self.graph.model != spec.name:
            made = self.graph.model or "no model"
            return f"The file was made with {made}, not with {spec.label}."
        if self.origin.weights and self.origin.weights != weights_of(spec):
            return f"The file was made with other weights of {spec.label} than those in use."
        return ""


def write(
    path: Path | str,
    graph: FlowGraph,
    layout: FlowLayout | None = None,
    *,
    origin: Origin | None = None,
    activations: Iterable[Batch] = (),
) -> None:
    """Write a flow as HDF5, whole or not at all.

    Parameters
    ----------
    path : Path or str
    graph : FlowGraph
        With its clusters. Their features are written where they are known.
    layout : FlowLayout, optional
        Of this graph.
    origin : Origin, optional
        With it a reader can tell whether the weights are still the same.
    activations : iterable of (int, mapping of str to ndarray), optional
        The first image's place and, by layer, one row an image, in the order of the
        images; see :func:`xai.flow.answers.answers`. One batch is in memory at a time.

    Raises
    ------
    TypeError
        If it is no flow graph, or no layout.
    ValueError
        If the graph has no clusters, the layout or the batches do not fit it, or anything
        is more than :mod:`xai.flow.files.schema` allows.
    OSError
        If the file cannot be written.

    Notes
    -----
    Equal flows make equal files. Zeros in names are left out, and letters that no text has
    (of undecodable file names) are written as escapes.
    """
    from xai.flow.files import writing

    writing.check(graph, layout)
    place = Path(path)
    with replacing(place) as unfinished:
        writing.fill(unfinished, graph, layout, origin or Origin(), activations)
        with unfinished.open("r+b") as file:
            writing.seal(file)


def content(
    graph: FlowGraph, layout: FlowLayout | None = None, *, origin: Origin | None = None
) -> bytes:
    """Return what :func:`write` would write, without activations.

    Raises
    ------
    TypeError, ValueError
        As :func:`write`.
    """
    from xai.flow.files import writing

    writing.check(graph, layout)
    memory = io.BytesIO()
    writing.fill(memory, graph, layout, origin or Origin(), ())
    writing.seal(memory)
    return memory.getvalue()


def read(source: Path | str | bytes) -> FlowGraph:
    """Return the graph of a file; see :func:`load`."""
    return load(source).graph


def load(source: Path | str | bytes) -> FlowFile:
    """Read a file that :func:`write` wrote.

    Parameters
    ----------
    source : Path, str or bytes
        Where it lies, or what is in it.

    Raises
    ------
    ValueError
        If it is no such file, is damaged or too large, or holds what does not fit
        together: in one sentence.
    OSError
        If it cannot be read.
    """
    from xai.flow.files import reading

    return _opened(source, reading.flow)


def load_activations(source: Path | str | bytes, layer: str) -> np.ndarray:
    """Return a layer's averaged answers from a file, (N, D) float32.

    Raises
    ------
    ValueError, OSError
        As :func:`load`, and if there are none of that layer.
    """
    from xai.flow.files import reading

    return _opened(source, lambda file: reading.activations(file, layer))


def _opened(source: Path | str | bytes, take: Callable[[Any], T]) -> T:
    """Let a function read a file that is whole, and turn what it stumbles over into a sentence."""
    import h5py

    from xai.flow.files.contents import RefusedError

    with contextlib.ExitStack() as stack:
        place: Any = io.BytesIO(source) if isinstance(source, bytes) else Path(source)
        _check_whole(place if isinstance(source, bytes) else stack.enter_context(place.open("rb")))
        try:
            return take(stack.enter_context(h5py.File(place, "r")))
        except RefusedError:
            raise
        except Exception as error:
            # Damage makes HDF5 and numpy raise nearly anything, and each of them means the same.
            raise ValueError("flow file: it is damaged and cannot be read") from error


def _check_whole(file: IO[bytes]) -> None:
    """Refuse what is no file of ours, or not all of it, before the HDF5 library sees it."""
    from xai.flow.files.writing import checksum

    size = file.seek(0, os.SEEK_END)
    if size > schema.MOST_FILE:
        most = schema.MOST_FILE // 2**20
        raise ValueError(f"flow file: expected at most {most:,} MB, got {size // 2**20:,} MB")
    file.seek(0)
    head = file.read(schema.BLOCK)
    if head.startswith(schema.SIGNATURE):
        return
    if not head.startswith(_MARK):
        raise ValueError(f"flow file: expected HDF5 of {schema.FORMAT}, got another kind of file")
    title, _, rest = head.partition(b"\n")
    if title != f"{schema.FORMAT} {schema.VERSION}".encode():
        got = title[:40].decode("utf-8", "replace")
        raise ValueError(f"flow file: expected {schema.FORMAT} {schema.VERSION}, got {got}")
    if rest.split(b"\n")[0] != f"sha256 {checksum(file)}".encode():
        raise ValueError("flow file: it was cut off or changed after it was written")
