"""Whether an attack outlives what happens to pictures: files, smaller sizes, a blur.

An attacked image is an array of numbers; what anybody passes on is a file. Each
change here is made, written to a file, and read again before the network sees it, and
the clean image goes the same way beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xai import images
from xai.attacks.goal import Goal
from xai.images import alteration
from xai.types import Prediction, Progress

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel

Pixels = Callable[[np.ndarray], np.ndarray]


def _unchanged(pixels: np.ndarray) -> np.ndarray:
    return pixels


@dataclass(frozen=True)
class Alteration:
    """One row: what is done to pixels, and the file that they are written to.

    Attributes
    ----------
    label, sentence : str
        Name for people; what it does to a perturbation, in one sentence.
    change : callable
        Pixels (H, W, C), uint8, to pixels of the same shape.
    write : callable
        Pixels to the bytes of a file.
    photograph : bool
        Whether the file is opened as any photograph is, with the model's own resizing
        and cropping; else its pixels go to the network as they are.
    colour : bool
        Whether it means something for colour images alone.
    """

    label: str
    sentence: str
    change: Pixels = _unchanged
    write: Callable[[np.ndarray], bytes] = images.encode_png
    photograph: bool = False
    colour: bool = False


def _jpeg(quality: int, sentence: str) -> Alteration:
    return Alteration(
        f"JPEG {quality}", sentence, write=partial(images.encode_jpeg, quality=quality)
    )


#: What is tried, in display order.
ALTERATIONS: Mapping[str, Alteration] = {
    "png": Alteration("PNG", "Saved without loss: every pixel comes back as an 8-bit number."),
    "photograph": Alteration(
        "PNG opened anew",
        "The file is opened like any photograph: enlarged and cropped as the network asks, so "
        "that each pixel is mixed with its neighbours.",
        photograph=True,
    ),
    "jpeg95": _jpeg(95, "Saved with hardly any loss; colours, if any, lose half their resolution."),
    "jpeg75": _jpeg(75, "Saved as most programs do: fine patterns too weak to see are dropped."),
    "jpeg50": _jpeg(50, "Saved small: fine patterns are dropped in blocks of 8 × 8 pixels."),
    "half": Alteration(
        "Half size and back",
        "Made half as large and enlarged again: what differs from pixel to pixel is averaged.",
        change=alteration.halved,
    ),
    "right": Alteration(
        "One pixel right",
        "Moved as a whole: the perturbation is complete, and each of its pixels meets another "
        "weight of the network.",
        change=partial(alteration.shift, right=1),
    ),
    "down": Alteration(
        "One pixel down",
        "As one pixel to the right, in the other direction.",
        change=partial(alteration.shift, down=1),
    ),
    "blur": Alteration(
        "Gaussian blur",
        "With a standard deviation of one pixel: neighbours are mixed.",
        change=partial(alteration.blur, sigma=1.0),
    ),
    "grey": Alteration(
        "Grey",
        "The colour is taken out, and the part of the perturbation that is colour with it.",
        change=alteration.grey,
        colour=True,
    ),
}


@dataclass(frozen=True, eq=False)
class Survival:
    """What a network says after one change of the image.

    Attributes
    ----------
    name : str
        Key of :data:`ALTERATIONS`.
    label, sentence : str
        Name for people; what the change does.
    size : int
        Bytes of the file that the attacked image was written to.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        The attacked image after the change, as the network gets it; read-only.
    clean, attacked : Prediction
        Of the clean and of the attacked image, both after the change.
    noise : Prediction or None
        Of the image with random noise after the change, if one was given.
    survives : bool
        Whether ``attacked`` still meets the goal.
    healthy : bool
        Whether ``clean`` is still read as the class that it was read as before the
        change. If not, the change alone is enough to confuse the network, and
        ``survives`` says little of the attack.
    left : float
        Length (L2) of the difference between attacked and clean image after the
        change, over that before; NaN if the two were equal. Above 1 where the change
        makes the difference larger.
    """

    name: str
    label: str
    sentence: str
    size: int
    image: np.ndarray
    clean: Prediction
    attacked: Prediction
    noise: Prediction | None
    survives: bool
    healthy: bool
    left: float
    swayed: bool = False


def survive(
    model: LoadedModel,
    clean: np.ndarray,
    attacked: np.ndarray,
    goal: Goal,
    *,
    noise: np.ndarray | None = None,
    progress: Progress | None = None,
) -> tuple[Survival, ...]:
    """Change an attacked image in every way of :data:`ALTERATIONS` and classify it again.

    Parameters
    ----------
    model : LoadedModel
    clean, attacked : ndarray, shape (C, H, W), float32, in [0, 1]
        Before and after an attack, as the model takes them.
    goal : Goal
        What the attack was to reach.
    noise : ndarray, optional
        The clean image with random noise of the attack's size, of the same shape.
    progress : callable, optional
        ``progress(done, total, message)`` after each change; may raise to stop.

    Returns
    -------
    tuple of Survival
        In the order of the table. Left out are the changes that mean nothing here:
        grey for a grey model, and opening anew where the model takes its input as it is.

    Raises
    ------
    TypeError, ValueError
        If the images do not fit the model or each other.

    Notes
    -----
    Every image is rounded to 8 bit before it is changed, since a file cannot hold
    more. It is really written, and read by :func:`xai.images.decode` as an upload is.
    """
    given = [clean, attacked] if noise is None else [clean, attacked, noise]
    batch = np.stack([np.asarray(model.single(image).cpu())[0] for image in given])
    before = model.predict(batch[0])
    rows = {
        name: row
        for name, row in ALTERATIONS.items()
        if not (row.colour and model.spec.channels == 1)
    }
    found: list[Survival] = []
    for done, (name, row) in enumerate(rows.items(), start=1):
        one = _survive(model, batch, goal, name, row, before)
        # As the network takes it already: another row says the same.
        if not row.photograph or not np.array_equal(one.image, _rounded(batch[1])):
            found.append(one)
        if progress is not None:
            progress(done, len(rows), row.label)
    return tuple(found)


def _survive(
    model: LoadedModel,
    batch: np.ndarray,
    goal: Goal,
    name: str,
    row: Alteration,
    before: Prediction,
) -> Survival:
    files = [row.write(row.change(images.to_uint8(image))) for image in batch]
    changed = np.stack([_opened(model, data, photograph=row.photograph) for data in files])
    said = model.predict_batch(changed)
    distance, rest = (np.linalg.norm(pair[1] - pair[0]) for pair in (batch, changed))
    changed.setflags(write=False)
    return Survival(
        name=name,
        label=row.label,
        sentence=row.sentence,
        size=len(files[1]),
        image=changed[1],
        clean=said[0],
        attacked=said[1],
        noise=said[2] if len(said) > 2 else None,
        survives=goal.reached(said[1].label),
        healthy=said[0].label == before.label,
        left=float(rest / distance) if distance else float("nan"),
        swayed=len(said) > 2 and goal.reached(said[2].label),
    )


def _opened(model: LoadedModel, data: bytes, *, photograph: bool) -> np.ndarray:
    """Return a file as the network gets it: (C, H, W), float32 in [0, 1]."""
    pixels = images.decode(data).pixels
    if photograph:
        return model.prepare(pixels)
    return images.from_uint8(images.luma(pixels) if model.spec.channels == 1 else pixels)


def _rounded(image: np.ndarray) -> np.ndarray:
    return images.from_uint8(images.to_uint8(image))


def verdict(found: Sequence[Survival]) -> str:
    """Say in a few sentences what the attack survives, and where the question is idle.

    Raises
    ------
    ValueError
        If there is nothing to speak of.
    """
    if not found:
        raise ValueError("found: expected at least one change, got none")
    fair = [one for one in found if one.healthy]
    alive = [one.label for one in fair if one.survives]
    dead = [one.label for one in fair if not one.survives]
    ill = [one.label for one in found if not one.healthy]
    swayed = sum(one.swayed for one in fair)
    texts = {
        f"The attack survives {len(alive)} of {len(fair)} changes that leave the answer for the "
        "clean image as it was.": bool(fair),
        f"It is undone by: {_listed(dead)}.": bool(dead),
        f"It survives: {_listed(alive)}.": bool(alive and dead),
        f"Random noise of the same size fools after {swayed} of these {len(fair)} too.": swayed > 0,
        f"{_listed(ill)}: the clean image is read differently too, so this says little of the "
        "attack.": bool(ill),
    }
    return " ".join(text for text, holds in texts.items() if holds)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
