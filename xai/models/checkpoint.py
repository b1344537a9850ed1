"""Weights of the user's own in one of the architectures, and what works with them."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xai.models import folding, statefile, weights
from xai.models.computation import steps
from xai.models.loaded import LoadedModel
from xai.models.loading import build, choose_device
from xai.models.trial import Report, dry_run

if TYPE_CHECKING:
    from torch import Tensor, nn

    from xai.models.spec import ModelSpec

#: More outputs than any data set here has classes.
MAX_CLASSES = 22_000

_MAX_NAME = 80


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model with the user's own weights, and what works with it.

    Attributes
    ----------
    model : LoadedModel
        Its ``spec.name`` holds a digest of the file, so that results of two
        files are never mixed up; its ``spec.label`` is the given name.
    report : Report
    """

    model: LoadedModel
    report: Report


def load_own(
    content: bytes,
    base: ModelSpec,
    *,
    name: str,
    classes: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    device: str | None = None,
) -> Checkpoint:
    """Load weights into the architecture of ``base`` and try the model out.

    Parameters, errors and result are those of :func:`xai.models.load_checkpoint`.

    Notes
    -----
    Names and shapes are compared with the architecture before a number is
    read, so that no file can take more memory than the architecture does.
    """
    device = choose_device(device)
    file = statefile.inspect(content)
    form = _form(file.declared, base)
    form, count = _with_class_count(file.declared, form)
    net = _network(file, form)
    spec = _own_spec(base, content, count, name=name, classes=classes, mean=mean, std=std)
    if form.options != spec.options:
        pairs = folding.batch_norm_pairs(steps(net, (spec.channels, *spec.input_size)))
        folded = folding.fold_batch_norms(net, pairs).state_dict()
        net = build(spec)
        weights.fill(net, folded)
    model = LoadedModel(spec, net, device)
    return Checkpoint(model, dry_run(model))


# -------------------------------------------------------------------- the network
def _form(declared: dict[str, Tensor], base: ModelSpec) -> ModelSpec:
    """Return the form of an architecture that a file was saved from.

    That is the one in use or, where the file has other names, the one in training.
    """
    if base.trained_options:
        trained = dataclasses.replace(base, options=base.trained_options)
        if set(build(base).state_dict()) < set(declared) <= set(build(trained).state_dict()):
            return trained
    return base


def _with_class_count(declared: dict[str, Tensor], form: ModelSpec) -> tuple[ModelSpec, int]:
    """Read the number of classes off the last layer, and make it the architecture's.

    The last layer is the one whose shape depends on that number.
    """
    two, three = (build(_with_classes(form, count)).state_dict() for count in (2, 3))
    head = next(name for name in two if two[name].shape != three[name].shape)
    if head not in (declared := _renamed(declared, form)):
        return form, len(form.classes)
    count = int(declared[head].shape[0]) if declared[head].dim() else 0
    if not 2 <= count <= MAX_CLASSES:
        raise ValueError(f"weights: expected 2 to {MAX_CLASSES} classes, got {count} in {head}")
    return _with_classes(form, count), count


def _with_classes(spec: ModelSpec, count: int) -> ModelSpec:
    others = tuple(option for option in spec.options if option[0] != spec.class_option)
    return dataclasses.replace(spec, options=(*others, (spec.class_option, count)))


def _renamed(state: dict[str, Tensor], form: ModelSpec) -> dict[str, Tensor]:
    """Translate the names of a published checkpoint, where the file has those."""
    try:
        return weights.renamed(form, state)
    except (LookupError, ValueError):
        return state


def _network(file: statefile.StateFile, form: ModelSpec) -> nn.Module:
    """Build the network and read its numbers, once names and shapes fit.

    Raises
    ------
    ValueError
        If the file does not fit, or holds anything but finite real numbers.
    """
    net = build(form)
    declared = _renamed(file.declared, form)
    weights.check_fit(declared, net, form.label)
    for name, wanted in net.state_dict().items():
        if wanted.is_floating_point() and not declared[name].is_floating_point():
            kind = str(declared[name].dtype).removeprefix("torch.")
            raise ValueError(f"weights: expected real numbers in {name}, got {kind}")
    state = _renamed(file.read(), form)
    weights.fill(net, {name: value.contiguous() for name, value in state.items()})
    weights.check_finite(net.state_dict(), "weights")
    return net


# ------------------------------------------------------------------------ the spec
def _own_spec(
    base: ModelSpec,
    content: bytes,
    count: int,
    *,
    name: str,
    classes: Sequence[str] | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> ModelSpec:
    own = _class_names(classes, count, base)
    means = _per_channel("mean", mean, base.mean)
    stds = _per_channel("std", std, base.std)
    if min(stds) <= 0:
        raise ValueError(f"std: expected numbers above 0, got {stds}")
    digest = hashlib.sha256(content)
    checksum = digest.hexdigest()
    digest.update(repr((base.name, own, means, stds)).encode())
    label = "".join(char for char in str(name) if char.isprintable()).strip()[:_MAX_NAME]
    return dataclasses.replace(
        _with_classes(base, count),
        name=f"own-{digest.hexdigest()[:16]}",
        label=label or "own weights",
        summary=f"{base.label} with weights of your own.",
        weights="",
        sha256=checksum,
        vocabulary="own" if own else base.vocabulary,
        mean=means,
        std=stds,
        licence="the user's own",
        source=f"a file of the user's, for the architecture {base.name}",
        download_bytes=0,
        own_classes=own,
    )


def _class_names(classes: Sequence[str] | None, count: int, base: ModelSpec) -> tuple[str, ...]:
    """Return the names of the classes; none where they are the architecture's own."""
    if classes is None:
        alike = count == len(base.classes)
        return () if alike else tuple(f"class {index}" for index in range(count))
    if isinstance(classes, str) or not all(isinstance(item, str) for item in classes):
        raise TypeError("classes: expected a list of names")
    names = tuple(item.strip() for item in classes)
    if len(names) != count:
        raise ValueError(
            f"classes: expected {count} names, since the last layer has {count} outputs; "
            f"got {len(names)}"
        )
    if "" in names or len(set(names)) != count:
        raise ValueError("classes: expected names that differ, none of them empty")
    return () if names == base.classes else names


def _per_channel(
    what: str, given: Sequence[float] | None, default: tuple[float, ...]
) -> tuple[float, ...]:
    if given is None:
        return default
    try:
        values = tuple(float(value) for value in given)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what}: expected a list of numbers, got {given!r}") from error
    if len(values) != len(default) or not all(math.isfinite(value) for value in values):
        raise ValueError(f"{what}: expected {len(default)} finite numbers, got {values}")
    return values
