"""From a computed map to what the component draws: points, colours, hover pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pages._ui import cached
from pages._ui.atlas.choices import Wanted
from pages._ui.atlas.computing import Laid, Moving, Underway
from pages._ui.atlas.scene import truth
from pages._ui.gallery import SMALL, longest_side
from pages._ui.map_view import Colouring, Panel, Placed, Window
from xai.datasets import ImageSet
from xai.embedding.frames import fit
from xai.figures.colours import AMOUNT_STOPS, CLASS_COLOURS, NEUTRAL, colour_of
from xai.store import key_text

#: Side of a thumbnail of a photograph, in pixels; digits keep their own.
_SIDE = 64
#: Keys of all colourings, also of those that a map has only later or not at all.
COLOURS = ("true", "predicted", "right", "confidence", "cluster", "trust", "preserved", "stable")
_CORRECT = ("right", "wrong", "the network has no such class")


@dataclass(frozen=True, eq=False)
class Extras:
    """What is added to a finished map.

    Attributes
    ----------
    placed : tuple of Placed
    replay : bool
        Whether the browser asked for the frames of the run.
    overlap : ndarray, shape (N,), or None
        Stability of each image.
    """

    placed: tuple[Placed, ...] = ()
    replay: bool = False
    overlap: np.ndarray | None = None


def thumbnails(images: ImageSet) -> tuple[bytes, int, int]:
    """Return the sprite of all images, its number of columns and the side of a tile."""
    longest = longest_side(images)
    side = longest if longest <= SMALL else _SIDE
    sheet, columns = cached.contact_sheet(images.signature, side, images)
    return sheet, columns, side


def names(images: ImageSet, found: Sequence[tuple[Wanted, Laid]]) -> tuple[str, ...]:
    """Return the classes that occur on any of the maps, the data set's own first."""
    known = list(images.classes)
    for wanted, laid in found:
        classes = cached.model(wanted.model).classes
        if laid.features.predicted is not None:
            known += [classes[index] for index in np.unique(laid.features.predicted)]
    return tuple(dict.fromkeys(known))


def run_of(wanted: Wanted) -> str:
    """Return a short text that stands for one computation of a map."""
    return hashlib.sha256(key_text(wanted.key).encode()).hexdigest()[:16]


def panel(
    wanted: Wanted, images: ImageSet, known: tuple[str, ...], laid: Laid, extras: Extras
) -> Panel:
    """Return what the component shows of a finished map; ``known`` are the classes' names."""
    drawn, features = laid.embedding, laid.features
    frames = drawn.frames
    window = None
    if extras.replay and frames is not None:
        window = Window(frames.iterations, frames.points)
    return Panel(
        title=wanted.title,
        points=fit(drawn.points).quantise(drawn.points),
        neighbours=laid.neighbours,
        predicted=_seen(wanted, laid, known),
        confidence=features.confidence,
        colourings=colourings(wanted, images, known, laid, extras.overlap),
        placed=extras.placed,
        frames=window,
        run=run_of(wanted),
        replayable=frames is not None,
    )


def moving(wanted: Wanted, images: ImageSet, under: Underway) -> Panel:
    """Return what the component shows of a map on its way."""
    found: Moving | None = under.moving
    window = None
    if found is not None:
        steps = np.array(found.iterations, np.int32)
        window = Window(steps, np.stack(found.frames), found.first)
    points = _disc(len(images))
    if under.drawn is not None:
        points = fit(under.drawn.points).quantise(under.drawn.points)
    elif found is not None:
        points = found.frames[-1]
    return Panel(
        title=wanted.title,
        points=points,
        colourings=(true_classes(images),),
        frames=window,
        run=run_of(wanted),
        live=True,
    )


def _disc(count: int) -> np.ndarray:
    """Return points spread evenly over a disc, as in a sunflower: a map before its start."""
    turn, out = np.arange(count) * 2.399963, np.sqrt((np.arange(count) + 0.5) / count)
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1) * out[:, None]
    found: np.ndarray = (32767 * (1 + 0.9 * around)).astype(np.uint16)
    return found


def _seen(wanted: Wanted, laid: Laid, known: tuple[str, ...]) -> np.ndarray | None:
    """Return the predicted classes as places in ``known``."""
    predicted = laid.features.predicted
    if predicted is None:
        return None
    classes = cached.model(wanted.model).classes
    places = {name: index for index, name in enumerate(known)}
    return np.array([places[classes[index]] for index in predicted.tolist()], np.int64)


def colourings(
    wanted: Wanted,
    images: ImageSet,
    known: tuple[str, ...],
    laid: Laid,
    overlap: np.ndarray | None,
) -> tuple[Colouring, ...]:
    """Return every way to colour the points of a map."""
    answers = _answers(wanted, images, known, laid)
    return (true_classes(images), *answers, _clusters(laid.clusters), *_trust(laid, overlap))


def _answers(
    wanted: Wanted, images: ImageSet, known: tuple[str, ...], laid: Laid
) -> tuple[Colouring, ...]:
    """Return the colourings by what the network says, none if it says nothing."""
    features, seen = laid.features, _seen(wanted, laid, known)
    if seen is None or features.predicted is None or features.confidence is None:
        return ()
    return (
        _predicted(known, seen),
        _correct(images, cached.model(wanted.model).classes, features.predicted),
        _share(
            "confidence",
            "Confidence",
            features.confidence,
            ("unsure", "sure"),
            "Softmax of the predicted class. Sure is not the same as right.",
        ),
    )


def _trust(laid: Laid, overlap: np.ndarray | None) -> list[Colouring]:
    """Return the colourings by how far each image's place can be trusted."""
    drawn = laid.embedding
    found = [
        _share(
            "trust",
            "Trust: true neighbours",
            drawn.trust,
            ("false neighbours", "true neighbours"),
            "How rarely an image’s neighbours on the map are none in the layer’s own space.",
            # Most maps lie close to 1 everywhere, where a scale from 0 would show one colour.
            low=min(0.9, float(drawn.trust.min())),
        ),
        _share(
            "preserved",
            "Trust: neighbours kept",
            drawn.preserved,
            ("torn apart", "all near"),
            "Share of an image’s ten nearest that are still among its ten nearest on the map.",
        ),
    ]
    if overlap is not None:
        found.append(
            _share(
                "stable",
                "Stability over three runs",
                overlap,
                ("other neighbours", "same neighbours"),
                "Share of an image’s neighbours on the map that runs from other starts keep.",
            )
        )
    return found


def true_classes(images: ImageSet) -> Colouring:
    """Return the colouring by true class."""
    return Colouring(
        key="true",
        label="True class",
        values=images.labels,
        kind="category",
        names=images.classes,
        colours=_colours(len(images.classes)),
        explain="The class that the data set names.",
    )


def _colours(count: int) -> tuple[str, ...]:
    return tuple(colour_of(index) for index in range(count))


def _predicted(known: tuple[str, ...], seen: np.ndarray) -> Colouring:
    # A class has one colour on every map, so the names are those of all maps together.
    return Colouring(
        key="predicted",
        label="Predicted class",
        values=seen,
        kind="category",
        names=known,
        colours=_colours(len(known)),
        explain="The class that the network names.",
    )


def _correct(images: ImageSet, classes: tuple[str, ...], predicted: np.ndarray) -> Colouring:
    true = truth(images, classes)
    return Colouring(
        key="right",
        label="Right or wrong",
        values=np.where(true < 0, 2, np.where(true == predicted, 0, 1)),
        kind="category",
        names=_CORRECT,
        colours=(CLASS_COLOURS[8], CLASS_COLOURS[3], NEUTRAL),
        explain="Whether the network’s class is the true one.",
    )


def _clusters(labels: np.ndarray) -> Colouring:
    count = int(labels.max()) + 1
    return Colouring(
        key="cluster",
        label="Cluster",
        values=labels,
        kind="category",
        names=tuple(f"cluster {index + 1}" for index in range(count)),
        colours=_colours(count),
        explain=f"{count} groups, found by k-means in the layer’s own space without any labels.",
    )


def _share(
    key: str,
    label: str,
    values: np.ndarray,
    words: tuple[str, str],
    explain: str,
    low: float = 0.0,
) -> Colouring:
    return Colouring(
        key=key,
        label=label,
        values=values,
        kind="scale",
        colours=AMOUNT_STOPS,
        low=low,
        high=1.0,
        low_word=words[0],
        high_word=words[1],
        explain=explain,
    )
