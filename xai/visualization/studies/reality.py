"""Whether a grown image is a shape or a pattern: what is left of its score after small changes.

Every change is made to the best real image as well. Only beside it can be said that the
grown one is fragile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xai import images as pictures
from xai.images import alteration
from xai.models.doors import checked_model
from xai.types import Prediction, Progress
from xai.visualization.studies.best import class_of

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.visualization.aims import Aim

Pixels = Callable[[np.ndarray], np.ndarray]

#: An image is not moved by more than this share of its shorter side: it would leave the frame.
_FARTHEST = 1 / 6


def _unchanged(pixels: np.ndarray) -> np.ndarray:
    return pixels


@dataclass(frozen=True)
class Change:
    """One row: what is done to an image.

    Attributes
    ----------
    label : str
        Name for people.
    sentence : str
        What it takes away.
    variants : tuple of callable
        Pixels (H, W, C), uint8, to pixels of the same shape; what is measured is the mean
        over all of them.
    about : str
        ``"detail"``, ``"place"``, ``"colour"`` or ``"rounding"``: what the score would hang on.
    pixels : int
        How far it moves the image.
    """

    label: str
    sentence: str
    variants: tuple[Pixels, ...]
    about: str
    pixels: int = 0


def _blur(sigma: float) -> Change:
    return Change(
        f"Blur {sigma:g} px",
        f"A Gaussian blur with a standard deviation of {sigma:g} pixels: finer patterns go.",
        (partial(alteration.blur, sigma=sigma),),
        "detail",
    )


def _shift(pixels: int) -> Change:
    ways = ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels))
    return Change(
        f"Moved {pixels} px",
        f"Moved by {pixels} pixel{'s' * (pixels > 1)}, the mean over right, left, down and up: the "
        "same shape at another place.",
        tuple(partial(alteration.shift, right=right, down=down) for right, down in ways),
        "place",
        pixels,
    )


#: What is tried, in display order.
CHANGES: Mapping[str, Change] = {
    "rounded": Change(
        "8 bit",
        "Rounded to 256 levels, as in any file; so is the image before every other change.",
        (_unchanged,),
        "rounding",
    ),
    "blur05": _blur(0.5),
    "blur1": _blur(1.0),
    "blur2": _blur(2.0),
    "half": Change(
        "Half size",
        "Made half as large and enlarged again: what differs from pixel to pixel is averaged.",
        (alteration.halved,),
        "detail",
    ),
    "shift1": _shift(1),
    "shift2": _shift(2),
    "shift4": _shift(4),
    "shift8": _shift(8),
    "grey": Change("Grey", "The colour is taken out.", (alteration.grey,), "colour"),
}


@dataclass(frozen=True, eq=False)
class Trial:
    """What one change leaves of several images, side by side.

    Attributes
    ----------
    name : str
        Key of :data:`CHANGES`; empty for the images as they were.
    label, sentence, about : str
        As in :class:`Change`.
    images : ndarray, shape (M, C, H, W), float32, in [0, 1]
        The images after the (first variant of the) change.
    scores : ndarray, shape (M,), float64
        Of the aim; the mean over the variants.
    kept : ndarray, shape (M,), float64
        Lead over the average real image, as a share of the lead before; NaN for an image
        that had none. Below 0 where the image has fallen below the average.
    probability : ndarray, shape (M,), float64
        Of the aim's class, the mean over the variants; NaN if it is about none.
    said : tuple of Prediction
        What the network says of ``images``.
    """

    name: str
    label: str
    sentence: str
    about: str
    images: np.ndarray
    scores: np.ndarray
    kept: np.ndarray
    probability: np.ndarray
    said: tuple[Prediction, ...]


def withstand(
    model: LoadedModel,
    wanted: Aim,
    images: np.ndarray,
    zero: float,
    *,
    progress: Progress | None = None,
) -> tuple[Trial, ...]:
    """Change images in every way of :data:`CHANGES` that means something, and score them again.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    wanted : Aim
    images : ndarray, shape (M, C, H, W), float32, in [0, 1]
        Such as the grown image and the best real one.
    zero : float
        Score of the average real image (:attr:`Best.mean`): leads are counted from there.
    progress : callable, optional
        ``progress(done, total, message)`` after each change; may raise to stop.

    Returns
    -------
    tuple of Trial
        The untouched images first. Left out are grey for a grey model, and shifts that
        would take the motif out of a small image.

    Raises
    ------
    TypeError, ValueError
        If the images do not fit the model.

    Notes
    -----
    Where a shift uncovers the border, its outermost pixels are repeated.
    """
    batch = checked_model(model).tensor(images).cpu().numpy().copy()
    rows = _possible(model)
    before = _tried(model, wanted, [batch], "", Change("As it is", "Untouched.", (), ""))
    leads = np.where(before.scores > zero, before.scores - zero, np.nan)
    found = []
    for done, (name, row) in enumerate((("", None), *rows.items())):
        one = before if row is None else _tried(model, wanted, _changed(batch, row), name, row)
        found.append(replace(one, kept=(one.scores - zero) / leads))
        if progress is not None:
            progress(done, len(rows), one.label)
    return tuple(found)


def _possible(model: LoadedModel) -> dict[str, Change]:
    most = _FARTHEST * min(model.spec.input_size)
    return {
        name: row
        for name, row in CHANGES.items()
        if row.pixels <= most and not (row.about == "colour" and model.spec.channels == 1)
    }


def _changed(batch: np.ndarray, row: Change) -> list[np.ndarray]:
    """Return the images after each variant of a change."""
    pixels = [pictures.to_uint8(image) for image in batch]
    return [
        np.stack([pictures.from_uint8(variant(one)) for one in pixels]) for variant in row.variants
    ]


def _tried(
    model: LoadedModel, wanted: Aim, variants: Sequence[np.ndarray], name: str, row: Change
) -> Trial:
    from xai.visualization.scoring import measure

    many, each = len(variants), len(variants[0])
    every = np.concatenate(variants)
    scores = measure(model, wanted, every).reshape(many, each).mean(0)
    said, label = model.predict_batch(every), class_of(wanted)
    shares = [np.nan if label is None else float(one.probabilities[label]) for one in said]
    variants[0].setflags(write=False)
    return Trial(
        name=name,
        label=row.label,
        sentence=row.sentence,
        about=row.about,
        images=variants[0],
        scores=scores,
        kept=np.full(each, np.nan),
        probability=np.array(shares).reshape(many, each).mean(0),
        said=said[:each],
    )
