"""The images of the data set that excite a channel most, with the crops that do."""

from __future__ import annotations

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


def show(bench: Bench, unit: Unit) -> None:
    """Show the images that excite the unit's channel most."""
    data = surveying.images(bench)
    st.markdown(f"#### What excites it most, among {len(data):,} images")
    found = _found(bench, unit, data)
    if found is None:
        return
    places = [int(place) for place in found.index[unit.channel] if place >= 0]
    values = found.value[unit.channel][: len(places)]
    if not places or not np.isfinite(values[0]):
        st.info("No image gives this channel a finite value.", icon=":material/block:")
        return
    whole, crops = _pictures(bench, unit, data, found, places)
    named = [data.classes[int(data.labels[place])] for place in places]
    facts = {"image": [data.ids[place] for place in places], "class": named}
    chosen = places.index(here) + 1 if (here := _here(bench, data)) in places else None
    # Of each channel its own: a click on one must not be taken for a click on the next.
    key = f"{bench.model_name}-{unit.layer.name}-{unit.channel}"
    picked = _row(whole, values, facts, chosen, f"strongest-{key}", "Image")
    if picked is not None and picked != chosen:
        _use(bench, data.ids[places[picked - 1]])
    _row(crops, values, facts, None, f"crops-{key}", "Crop")
    common = max(set(named), key=named.count)
    st.caption(
        "Above: each image as the network receives it, the frame around what the strongest unit "
        f"sees; click one to put it on the workbench. Below: what is inside the frame. Values from "
        f"{number(float(values[0]))} down to {number(float(values[-1]))}."
        + (
            f" {named.count(common)} of {len(named)} are of the class {panels.plain(common)}."
            if named.count(common) > 1
            else ""
        )
    )


def _row(
    sheet: sprites.Sprite,
    values: np.ndarray,
    facts: dict[str, list[str]],
    chosen: int | None,
    key: str,
    noun: str,
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
        height=_HEIGHT,
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


def _found(bench: Bench, unit: Unit, data: ImageSet) -> Strongest | None:
    layer = unit.layer.name
    key = StrongestKey(data.signature, bench.model_name, layer)
    shelf = cached.shelf(bench.own)
    held: Strongest | None = shelf.load(key)
    if held is not None:
        return held
    label = f"Search {len(data):,} images for the strongest of {layer}"
    if not surveying.agreed(bench, len(data), label, "One pass over the data set for each layer."):
        return None
    model = bench.model

    def work(report: Report) -> Strongest:
        made = activations.strongest(model, data, layer, k=_MOST, progress=report)
        shelf.save(key, made)
        return made

    found: Strongest | None = progress.result(
        key, work, label=f"Strongest images of {layer}", keep=False, slot="strongest"
    )
    return found


def _pictures(
    bench: Bench, unit: Unit, data: ImageSet, found: Strongest, places: list[int]
) -> tuple[sprites.Sprite, sprites.Sprite]:
    """Return the images with their frames, and what is inside the frames, as two sheets."""
    whole, crops = [], []
    for rank, place in enumerate(places):
        row, column = int(found.row[unit.channel][rank]), int(found.column[unit.channel][rank])
        neuron = None if unit.layer.spatial else unit.channel
        field = cached.field(bench.model_name, unit.layer.name, row, column, neuron)
        box = (field.top, field.left, field.bottom, field.right)
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
