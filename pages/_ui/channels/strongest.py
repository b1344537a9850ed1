"""The images of the data set that excite a channel most, with the crops that do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui import cached, link, panels, progress
from pages._ui.channel_grid import channel_grid
from pages._ui.channels import surveying
from pages._ui.workbench import Bench
from xai import activations
from xai.figures import pictures, sprites
from xai.figures.wording import number
from xai.jobs import Report

if TYPE_CHECKING:
    from pages._ui.channels.choices import Unit
    from xai.activations.strongest import Strongest
    from xai.datasets import ImageSet
    from xai.types import Layer

_MOST = 10
_TILE = 128
# Of a row of ten on a laptop, in CSS pixels.
_SHOWN, _HEIGHT = 64, 124


@dataclass(frozen=True)
class StrongestKey:
    """Everything that the strongest images of a layer depend on."""

    data: str
    model: str
    layer: str
    k: int = _MOST


@dataclass(frozen=True, eq=False)
class Row:
    """The images that excite one channel most, the strongest first, and their pictures.

    Attributes
    ----------
    data : ImageSet
        Where they come from.
    places : tuple of int
        Their positions in it.
    values : ndarray, shape (k,), float32
        The maximum of the channel's map.
    spots : tuple of (int, int)
        Row and column of each maximum.
    named : tuple of str
        Their true classes.
    whole, crops : Sprite
        Each image with a frame around what its strongest unit sees, and what is inside it.
    partial : bool
        Whether a crop is less than its image.
    """

    data: ImageSet
    places: tuple[int, ...]
    values: np.ndarray
    spots: tuple[tuple[int, int], ...]
    named: tuple[str, ...]
    whole: sprites.Sprite
    crops: sprites.Sprite
    partial: bool

    @property
    def mix(self) -> list[tuple[str, int]]:
        """The classes and how many of the images are of each, the most frequent first."""
        return Counter(self.named).most_common()


def show(bench: Bench, unit: Unit) -> None:
    """Show the images that excite the unit's channel most."""
    data = surveying.images(bench)
    st.markdown(f"#### What excites it most, among {len(data):,} images")
    found = search(bench, unit.layer, data)
    if found is None:
        return
    row = row_of(bench, unit.layer, unit.channel, data, found)
    if row is None:
        st.info("No image gives this channel a finite value.", icon=":material/block:")
        return
    draw(bench, row, f"{unit.layer.name}-{unit.channel}")
    common, times = row.mix[0]
    st.caption(
        "Above: each image as the network receives it, the frame around what the strongest unit "
        f"sees; click one to put it on the workbench. Below: what is inside the frame. Values from "
        f"{number(float(row.values[0]))} down to {number(float(row.values[-1]))}."
        + (
            f" {times} of {len(row.named)} are of the class {panels.plain(common)}."
            if times > 1
            else ""
        )
    )


def row_of(
    bench: Bench, layer: Layer, channel: int, data: ImageSet, found: Strongest
) -> Row | None:
    """Return one channel's images and their pictures; None if no image gives a finite value."""
    places = tuple(int(place) for place in found.index[channel] if place >= 0)
    values = found.value[channel][: len(places)]
    if not places or not np.isfinite(values[0]):
        return None
    rows, columns = (side[channel][: len(places)].tolist() for side in (found.row, found.column))
    spots = tuple(zip(rows, columns, strict=True))
    named = tuple(data.classes[int(data.labels[place])] for place in places)
    neuron = None if layer.spatial else channel
    fields = [cached.field(bench.model_name, layer.name, *spot, neuron) for spot in spots]
    boxes = [(field.top, field.left, field.bottom, field.right) for field in fields]
    partial = any(box != (0, 0, *bench.spec.input_size) for box in boxes)
    whole, crops = _pictures(bench, data, places, boxes)
    return Row(data, places, values, spots, named, whole, crops, partial)


def draw(bench: Bench, row: Row, key: str, *, height: int = _HEIGHT, crops: bool = True) -> None:
    """Draw the images and, below them, what is inside the frames; a click chooses an image.

    Parameters
    ----------
    bench : Bench
    row : Row
    key : str
        Of each channel its own: a click on one must not be taken for a click on the next.
    height : int
        Of each of the two rows, in CSS pixels.
    crops : bool
        Whether the second row is drawn.
    """
    facts = {
        "image": [row.data.ids[place] for place in row.places],
        "class": list(row.named),
    }
    here = _here(bench, row.data)
    chosen = row.places.index(here) + 1 if here in row.places else None
    key = f"{bench.model_name}-{key}"
    picked = _row(row.whole, row.values, facts, chosen, f"strongest-{key}", "Image", height)
    if picked is not None and picked != chosen:
        _use(bench, row.data.ids[row.places[picked - 1]])
    if crops:
        _row(row.crops, row.values, facts, None, f"crops-{key}", "Crop", height)


def _row(
    sheet: sprites.Sprite,
    values: np.ndarray,
    facts: dict[str, list[str]],
    chosen: int | None,
    key: str,
    noun: str,
    height: int,
) -> int | None:
    """Draw a row of tiles, numbered from the strongest; return the one that is chosen."""
    return channel_grid(
        sheet.png(),
        columns=sheet.columns,
        tile=sheet.width,
        order=range(1, sheet.count + 1),
        captions=[number(float(value)) for value in values],
        facts={"value": [number(float(value)) for value in values], **facts},
        selected=chosen,
        key=key,
        height=height,
        shown=_SHOWN,
        label=f"{noun}s, the strongest first",
        noun=noun,
    )


def _here(bench: Bench, data: ImageSet) -> int:
    """Return the place of the workbench's image in the data, or -1."""
    name = bench.chosen.id
    return data.index(name) if name is not None and name in data else -1


def _use(bench: Bench, name: str) -> None:
    """Put an image on the workbench, if it can be browsed."""
    if name not in bench.images:
        st.info(f"{name} is not among the images of the sidebar, so it stays here.")
        return
    link.ask(image=name, source="browse")
    st.rerun()


def search(
    bench: Bench, layer: Layer, data: ImageSet, *, slot: str = "strongest"
) -> Strongest | None:
    """Return the strongest images of every channel of a layer, or show how far the search is."""
    name = layer.name
    key = StrongestKey(data.signature, bench.model_name, name)
    shelf = cached.shelf(bench.own)
    held: Strongest | None = shelf.load(key)
    if held is not None:
        return held
    label = f"Search {len(data):,} images for the strongest of {name}"
    if not surveying.agreed(bench, len(data), label, "One pass over the data set for each layer."):
        return None
    model = bench.model

    def work(report: Report) -> Strongest:
        made = activations.strongest(model, data, name, k=_MOST, progress=report)
        shelf.save(key, made)
        return made

    found: Strongest | None = progress.result(
        key, work, label=f"Strongest images of {name}", keep=False, slot=slot
    )
    return found


def _pictures(
    bench: Bench, data: ImageSet, places: Sequence[int], boxes: Sequence[tuple[int, int, int, int]]
) -> tuple[sprites.Sprite, sprites.Sprite]:
    """Return the images with their frames, and what is inside the frames, as two sheets."""
    whole, crops = [], []
    for place, box in zip(places, boxes, strict=True):
        pixels = pictures.picture(bench.model.prepare(data.images[place]))
        if box[0] >= box[2] or box[1] >= box[3]:  # it answers to padding alone
            whole.append(pixels)
            crops.append(np.zeros((1, 1, 3), np.uint8))
            continue
        crops.append(pixels[box[0] : box[2], box[1] : box[3]])
        factor = max(1, _TILE // max(pixels.shape[:2]))
        large = pictures.enlarge(pixels, factor)
        whole.append(pictures.framed(large, tuple(side * factor for side in box)))
    columns = len(places)
    return (
        sprites.thumbnails(whole, side=_TILE, columns=columns),
        sprites.thumbnails([_square(crop) for crop in crops], side=_TILE, columns=columns),
    )


def _square(crop: np.ndarray) -> np.ndarray:
    """Enlarge a small crop by a whole factor, so that its pixels stay squares."""
    return pictures.enlarge(crop, max(1, _TILE // max(crop.shape[:2])))
