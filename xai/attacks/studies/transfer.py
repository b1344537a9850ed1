"""Whether what fools one network fools another that never saw the attack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.attacks.goal import Goal
from xai.attacks.parameters import AttackParams, NoiseParams
from xai.attacks.strengths import ROUNDED
from xai.attacks.studies.transfer_rate import KINDS, TransferRate
from xai.models import partners
from xai.types import Params, Prediction, Progress, find, make_params

if TYPE_CHECKING:
    from xai.attacks.volley import Outcome
    from xai.datasets import ImageSet
    from xai.models import LoadedModel


__all__ = ["KINDS", "Transfer", "TransferRate", "transfer", "transfer_rate"]


@dataclass(frozen=True, eq=False)
class Transfer:
    """What one network says of an image, of noise, and of an attack made for another network.

    Attributes
    ----------
    model, label : str
        Name of the network; name for people.
    clean, noise, attacked : Prediction
    right : bool
        Whether ``clean`` does not meet the attack's goal, so that there is something
        to be fooled about.
    fooled : bool
        Whether ``attacked`` meets the goal.
    swayed : bool
        Whether ``noise`` meets the goal: then size is enough, and direction shows nothing.
    resized : bool
        Whether the network takes another size, so that it saw the image resampled.
    """

    model: str
    label: str
    clean: Prediction
    noise: Prediction
    attacked: Prediction
    right: bool
    fooled: bool
    swayed: bool
    resized: bool


def transfer(
    attacked: np.ndarray,
    clean: np.ndarray,
    noise: np.ndarray,
    models: Sequence[LoadedModel],
    goal: Goal,
) -> tuple[Transfer, ...]:
    """Show an attacked image to other networks.

    Parameters
    ----------
    attacked, clean, noise : ndarray, shape (C, H, W), float32, in [0, 1]
        As the attacked network takes them.
    models : sequence of LoadedModel
        Those to ask, with the classes of the attacked one; it may be among them.
    goal : Goal
        What the attack was to reach.

    Raises
    ------
    ValueError
        If the images differ in shape, or a model lacks the goal's class.

    Notes
    -----
    A network of the same input size gets the very numbers. For another size the image
    is rounded to 8 bit and opened as a file is: :meth:`LoadedModel.prepare`.
    """
    if len({clean.shape, noise.shape, attacked.shape}) > 1:
        shapes = f"{clean.shape}, {noise.shape} and {attacked.shape}"
        raise ValueError(f"images: expected equal shapes, got {shapes}")
    batch = np.stack([clean, noise, attacked])
    return tuple(_asked(model, batch, goal) for model in models)


def _asked(model: LoadedModel, batch: np.ndarray, goal: Goal) -> Transfer:
    if goal.label >= len(model.classes):
        raise ValueError(f"models: expected the goal’s class {goal.label} in {model.spec.name}")
    said = model.predict_batch(partners.fitted(model, batch))
    met = [goal.reached(one.label) for one in said]
    return Transfer(
        model=model.spec.name,
        label=model.spec.label,
        clean=said[0],
        noise=said[1],
        attacked=said[2],
        right=not met[0],
        swayed=met[1],
        fooled=met[2],
        resized=partners.resized(model, batch),
    )


def transfer_rate(
    source: LoadedModel,
    others: Sequence[LoadedModel],
    images: ImageSet,
    method: str,
    params: Params | Mapping[str, Any] | None = None,
    *,
    n: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> TransferRate:
    """Attack one network on many images and show the outcome to others.

    Parameters
    ----------
    source : LoadedModel
        The network that is attacked.
    others : sequence of LoadedModel
        Networks with the same classes.
    images : ImageSet
        Each is attacked away from its true class, untargeted.
    method : str
        A key of :data:`xai.attacks.ATTACKS`.
    params : Params or mapping, optional
        Its settings; what is left out takes its default.
    n : int, optional
        The first so many images whose class the networks have; None takes all.
    seed : int
        Of attacks and noise, another for each image.
    progress : callable, optional
        ``progress(done, total, message)`` in images; may raise to stop.

    Raises
    ------
    TypeError, ValueError
        If the method or its settings are not what they should be, no image is left,
        or a network has other classes.

    Notes
    -----
    The noise of an image is as large as its attack came out, in the attack's norm. All
    networks see what the attacked one sees, resampled where they take another size.
    Images that a network misreads without any change say nothing of the attack:
    :meth:`TransferRate.share` is about the others.

    References
    ----------
    N. Papernot, P. McDaniel, I. Goodfellow: Transferability in machine learning: from
    phenomena to black-box attacks using adversarial samples, 2016, arXiv 1605.07277.
    """
    from xai.attacks import ATTACKS, volley

    settings: Any = make_params(find(ATTACKS, method, "method").params, params)
    settings = settings.resolved(source.spec)
    if n is not None and n < 1:
        raise ValueError(f"n: expected at least 1 image, got {n}")
    known, truth = _known(source, others, images)
    places, labels = known[:n], truth[:n]
    step, total = volley.most(source), len(places)
    found: list[np.ndarray] = []
    for first in range(0, total, step):
        part = slice(first, min(first + step, total))
        batch = np.stack([source.prepare(images.images[place]) for place in places[part]])
        goals = [Goal.untargeted(int(label)) for label in labels[part]]
        seeds = volley.seeds(seed, len(batch), first)
        said = None if progress is None else _offset(progress, first, total)
        hit = volley.volley(source, batch, goals, method, settings, seeds=seeds, progress=said)
        sized = _sized(settings, hit)
        noisy = volley.volley(source, batch, goals, "noise", sized, seeds=seeds)
        shown = (batch, noisy.images, hit.images)
        found.append(np.stack([_read(model, shown) for model in (source, *others)]))
    return TransferRate(
        models=tuple(model.spec.name for model in (source, *others)),
        labels=labels,
        predicted=np.concatenate(found, axis=2),
        method=method,
        params=settings,
        skipped=len(images) - len(known),
        seed=seed,
    )


def _known(
    source: LoadedModel, others: Sequence[LoadedModel], images: ImageSet
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images have a class that the networks know, and that class's index."""
    for other in others:
        if other.classes != source.classes:
            raise ValueError(
                f"others: expected the classes of {source.spec.name}, got those of "
                f"{other.spec.name}"
            )
    truth = images.labels_in(source.classes)
    places = np.flatnonzero(truth >= 0)
    if not len(places):
        raise ValueError(f"images: expected images of classes that {source.spec.name} has")
    return places, truth[places]


def _sized(settings: AttackParams, hit: Outcome) -> list[NoiseParams]:
    """Return settings of noise that is as large as each attack came out."""
    norm = settings.ball()[0]
    sizes = hit.linf if norm == "linf" else hit.l2
    rounded = settings.quantize and norm in ROUNDED
    return [NoiseParams(eps=float(size), norm=norm, quantize=rounded) for size in sizes]


def _read(model: LoadedModel, shown: Sequence[np.ndarray]) -> np.ndarray:
    """Return what a network says of each kind of image, (3, N), int64."""
    from xai.attacks.volley import classified

    return np.stack([classified(model, partners.fitted(model, batch)).argmax(1) for batch in shown])


def _offset(progress: Progress, first: int, total: int) -> Progress:
    """Count the images of one volley among all."""
    return lambda done, _, message: progress(first + done, total, message)
