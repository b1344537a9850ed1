"""The pass behind a survey: sums of every map while the network runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.activations.passes import Form, forms, names_of, pass_size
from xai.activations.reach import reaches
from xai.activations.survey import MOST_CLASSES, Survey
from xai.activations.tally import Tally
from xai.datasets.batches import batches, count
from xai.datasets.spec import ImageSet
from xai.hooks import recording
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


def take_census(
    model: LoadedModel,
    images: ImageSet | np.ndarray,
    layers: Sequence[str] | None,
    progress: Progress | None,
) -> Survey:
    """Count over all images what every unit does; see :func:`xai.activations.survey`."""
    total, done = count(images), 0
    names = names_of([layer.name for layer in model.layers] if layers is None else layers)
    net = model.private()
    found, left_out = forms(model, net, images, names)
    if left_out and (layers is not None or not found):
        name, reason = next(iter(left_out.items()))
        raise ValueError(f"layer: {name} {reason}")
    labels, classes = _labels(images)
    size = min(total, pass_size(model))
    norms = _norms(model, net, found)
    tally = Tally(found, reaches(model, found), norms, size, max(1, len(classes)))
    with torch.no_grad(), recording(net, list(found), tally.take) as taken:
        for batch in batches(model, images, pass_size(model)):
            x = model.normalize(batch)
            rows = labels[done : done + len(batch)]
            taken.clear()
            net(x)
            _check(taken, found)
            if not tally.add(rows):
                # A value is not finite: look at each, and go on so.
                tally.begin_careful()
                net(x)
                tally.add(rows)
            done += len(batch)
            if progress is not None:
                progress(done, total, f"Activations of image {done} of {total}")
    dataset = images.name if isinstance(images, ImageSet) else ""
    counts = np.bincount(labels.numpy(), minlength=len(classes))[: len(classes)]
    return _result(model.spec.name, dataset, total, tally, classes, counts, left_out)


def _labels(images: ImageSet | np.ndarray) -> tuple[Tensor, tuple[str, ...]]:
    """Return the row of sums for each image, and the classes that have a row."""
    if isinstance(images, ImageSet) and 0 < len(images.classes) <= MOST_CLASSES:
        labels = images.labels.copy()
        wrong = labels[(labels < 0) | (labels >= len(images.classes))]
        if len(wrong):
            expected = f"0 to {len(images.classes) - 1}, one for each class"
            raise ValueError(f"labels: expected {expected}, got {wrong[0]}")
        return torch.from_numpy(labels), images.classes
    return torch.zeros(len(images), dtype=torch.int64), ()


def _check(taken: dict[str, Any], found: dict[str, Form]) -> None:
    for name in found:
        if not taken.get(name):
            raise ValueError(f"layer: expected arrays of one size from {name}, got several")


def _norms(
    model: LoadedModel, net: nn.Module, found: dict[str, Form]
) -> dict[str, tuple[str, Tensor, Tensor]]:
    """Return the batch norms whose sums follow from those of the layer before them.

    By name: the layer before, and what its sum is multiplied with and shifted by.
    """
    once = {name for name, form in found.items() if form.calls == 1}
    pairs = {}
    for source, name in model.norm_pairs:
        if source in once and name in once:
            norm: Any = net.get_submodule(name)
            scale = (norm.running_var.double() + norm.eps).rsqrt().cpu()
            shift = torch.zeros_like(scale)
            if norm.affine:
                scale, shift = scale * norm.weight.double().cpu(), norm.bias.double().cpu()
            shift = (shift - norm.running_mean.double().cpu() * scale) * found[name].positions
            pairs[name] = (source, scale, shift)
    return pairs


def _result(
    model: str,
    dataset: str,
    total: int,
    tally: Tally,
    classes: tuple[str, ...],
    counts: np.ndarray,
    left_out: dict[str, str],
) -> Survey:
    found, limits, slices = tally.forms, tally.limits, tally.sums.slices
    sizes = {name: form.positions for name, form in found.items()}
    # A class without images has no mean, and NaN says so.
    images = torch.from_numpy(np.where(counts > 0, counts, np.nan))[:, None]
    sums = {name: tally.totals[:, place] / sizes[name] for name, place in slices.items()}
    return Survey(
        model=model,
        dataset=dataset,
        images=total,
        layers=tuple(found),
        positions=sizes,
        mean={name: (part.sum(0) / total).float().numpy() for name, part in sums.items()},
        classes=classes,
        class_counts=counts.astype(np.int64),
        class_mean={name: (part / images).float().numpy() for name, part in sums.items()}
        if classes
        else {},
        active_images={
            name: tally.active[place].numpy().copy() if limits[name].gate else None
            for name, place in slices.items()
        },
        ceilings={name: limits[name].ceilings for name in found},
        at_ceiling={
            name: tally.at_ceiling[tally.reached.slices[name]].long().numpy()
            if limits[name].ceilings
            else None
            for name in found
        },
        broken={name: tally.broken[place].numpy().copy() for name, place in slices.items()},
        left_out=left_out,
    )
