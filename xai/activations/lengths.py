"""The pass behind the divergence: lengths of activations and of their change, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai import images
from xai.activations.divergence import Divergence
from xai.activations.passes import first_tensor, names_of, pass_size
from xai.hooks import recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Numbers that are summed at once: they stay in the processor's cache, and the float32 sum
#: of so few squares is good to six digits.
_PIECE = 1 << 16
#: Between these a sum of squares is neither over- nor underflowing in float32.
_LEAST, _MOST = 1e-24, 1e30
#: Layers that a note names.
_NAMED = 3
#: Columns of what is measured of a layer, for each changed image: the length of the clean
#: activations, of the changed ones, and of the difference.
_COLUMNS = 3


def measure(
    model: LoadedModel,
    image: np.ndarray,
    others: np.ndarray,
    layers: Sequence[str] | None,
    progress: Progress | None,
) -> Divergence:
    """Measure how images part from a clean one; see :func:`xai.activations.divergence`."""
    clean, changed = model.single(image), model.tensor(others)
    if not len(changed):
        raise ValueError("others: expected at least one image, got none")
    names = names_of([layer.name for layer in model.layers] if layers is None else layers)
    found, left_out = _lengths(model, clean, changed, names, progress)
    if left_out and layers is not None:
        raise ValueError(f"layer: {left_out[0]} does not give one array an image")
    relative, cosine = _distances(np.stack(list(found.values()), axis=1))
    notes = [f"{name} does not give one array an image." for name in left_out]
    return Divergence(
        model=model.spec.name,
        digest=images.digest(clean[0].cpu().numpy()),
        layers=tuple(found),
        relative=relative,
        cosine=cosine,
        notes=(*_gaps(found), *notes),
    )


def _lengths(
    model: LoadedModel,
    clean: Tensor,
    changed: Tensor,
    names: tuple[str, ...],
    progress: Progress | None,
) -> tuple[dict[str | None, np.ndarray], list[str]]:
    """Return (M, 3) lengths of the pixels and of each layer, and the layers without any."""
    net = model.private()
    # The clean image goes with every pass: to keep its activations would take the room of
    # all layers together.
    size = max(1, pass_size(model) - 1)
    found: dict[str | None, np.ndarray] = {
        name: np.full((len(changed), _COLUMNS), np.nan) for name in (None, *names)
    }
    left_out: dict[str, None] = {}

    def take(name: str, output: Any) -> np.ndarray | None:
        held = first_tensor(output)
        if held is None or held.dim() < 2 or len(held) != len(batch) or not held.numel():
            return None
        return _measured(held.to(torch.float32).flatten(1))

    with torch.no_grad(), recording(net, names, take) as outputs:
        for start in range(0, len(changed), size):
            part = slice(start, start + size)
            batch = torch.cat([clean, changed[part]])
            found[None][part] = _measured(batch.flatten(1))
            outputs.clear()
            net(model.normalize(batch))
            for name in names:
                measured = outputs.get(name)
                if measured is None:
                    left_out[name] = None
                else:
                    found[name][part] = measured
            if progress is not None:
                done = min(start + size, len(changed))
                progress(done, len(changed), f"Activations of image {done} of {len(changed)}")
    return {name: rows for name, rows in found.items() if name not in left_out}, list(left_out)


def _measured(rows: Tensor) -> np.ndarray:
    """Return the lengths of the first row, of each other and of their difference, (N - 1, 3)."""
    squares = _squares(rows)
    if not ((squares > _LEAST) & (squares < _MOST) | (squares == 0)).all() or not squares[0, 0]:
        squares = _squares(rows.double())
    return np.sqrt(squares)


def _squares(rows: Tensor) -> np.ndarray:
    """Return the squares of the lengths; in float64 from pieces that are summed as they are."""
    sums = np.zeros((len(rows) - 1, _COLUMNS))
    for pieces in zip(*(row.split(_PIECE) for row in rows), strict=True):
        clean = pieces[0]
        sums[:, 0] += float(torch.dot(clean, clean))
        for turn, changed in enumerate(pieces[1:]):
            apart = changed - clean
            sums[turn, 1] += float(torch.dot(changed, changed))
            sums[turn, 2] += float(torch.dot(apart, apart))
    return sums


def _distances(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return relative and cosine distance, (M, L) each, of lengths (M, L, 3)."""
    lengths = np.where(np.isfinite(lengths).all(axis=2, keepdims=True), lengths, np.nan)
    clean, changed, apart = np.moveaxis(lengths, 2, 0)
    known = np.where(clean > 0, clean, np.nan)
    both = known * np.where(changed > 0, changed, np.nan)
    # By the law of cosines: 1 - a.b / |a||b| would lose the digits of a small angle.
    cosine = (apart**2 - (changed - clean) ** 2) / (2 * both)
    return apart / known, cosine.clip(0, 2)


def _gaps(found: dict[str | None, np.ndarray]) -> list[str]:
    """Return sentences on layers whose distances are not all numbers."""
    broken, silent, ended = [], [], []
    for name, lengths in found.items():
        said = "the image" if name is None else name
        if not np.isfinite(lengths).all():
            broken.append(said)
        elif not lengths[0, 0]:
            silent.append(said)
        elif not lengths[:, 1].all():
            ended.append(said)
    sentences = (
        (broken, "NaN or infinity, so there is no distance: {}."),
        (silent, "All zero for the clean image, so there is nothing to compare with: {}."),
        (ended, "All zero for a changed image, so there is no angle: {}."),
    )
    return [sentence.format(_listed(names)) for names, sentence in sentences if names]


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
