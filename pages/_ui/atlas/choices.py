"""What is mapped: which images, seen by which layer of which model, laid out how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from pages._ui import cached, controls, fetching, link, panels
from pages._ui.atlas import seeing
from pages._ui.layer_picker import described
from pages._ui.workbench import Bench
from xai.datasets import ImageSet
from xai.embedding import FEWEST, METHODS
from xai.embedding.maps import MapKey
from xai.features.keys import FeaturesKey
from xai.models import MODELS, ModelSpec
from xai.models.spec import weights_of
from xai.types import Params

#: How many images a map can show, as far as the data set goes.
COUNTS = (100, 300, 600, 1000, 2000, 5000, 10_000)
_USUAL = 1000
_PIXELS = "pixels"
_SHARES = {"none": "everything", "pca50": "50 %", "pca75": "75 %", "pca90": "90 %"} | {
    f"pca{share}": f"{share} %" for share in (95, 99)
}
_GRIDS = {"1": "1 × 1", "2": "2 × 2", "4": "4 × 4", "7": "7 × 7"}


@dataclass(frozen=True)
class Wanted:
    """One map that was asked for: primitives only, so that two can be compared.

    Attributes
    ----------
    data : str
        Signature of the images.
    model, weights : str
        Name of the model, and the checksum of its file or its name where the
        publisher checks it.
    layer : str or None
        None stands for the pixels.
    method : str
        A key of ``xai.embedding.METHODS``.
    params : Params
    reduce, grid : str, int
        As :func:`xai.embedding.features` takes them.
    own : bool
        Whether the images or the model are somebody's own: nothing of them goes to disk.
    name : str
        What tells it from the map beside it, if anything must.
    """

    data: str
    model: str
    weights: str
    layer: str | None
    method: str
    params: Params
    reduce: str
    grid: int
    own: bool = False
    name: str = ""

    @property
    def features(self) -> FeaturesKey:
        """Key of the numbers that the map is made of."""
        return FeaturesKey(self.data, self.model, self.weights, self.layer, self.reduce, self.grid)

    @property
    def key(self) -> MapKey:
        """Key of the map."""
        return MapKey(self.features, self.method, self.params)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        seen = "pixels" if self.layer is None else self.layer
        return f"{METHODS[self.method].label} of {seen}" + (f", {self.name}" if self.name else "")


def count(bench: Bench) -> int:
    """Draw the choice of how many images; return it."""
    chosen = controls.amount(
        "n", COUNTS, len(bench.pool), usual=_USUAL, least=FEWEST, most=COUNTS[-1]
    )
    if chosen < FEWEST:
        raise ValueError(
            f"A map needs at least {FEWEST} different images; this data set has {chosen}."
        )
    return chosen


def first(
    bench: Bench,
    data: ImageSet,
    seen: st.delta_generator.DeltaGenerator,
    method: st.delta_generator.DeltaGenerator,
) -> Wanted:
    """Draw the choices of the map of the workbench's model, in two columns."""
    return _wanted(bench, bench.spec, data, "", (seen, method))


def beside() -> bool:
    """Draw the choice of a second map; return whether there is to be one."""
    link.restore("beside", {"True": True, "False": False}.get, what="second map", default=False)
    chosen = st.toggle(
        "Second map",
        key="beside",
        persist_state="session",
        help="Beside the first, of the same images: what you point at or select in one is marked "
        "in the other.",
    )
    link.publish("beside", chosen or None)
    return chosen


def second(bench: Bench, data: ImageSet) -> Wanted | None:
    """Draw the choices of the map beside it; None while its model is not there."""
    model, seen, method = st.columns([1.7, 1.9, 2.6], vertical_alignment="bottom", gap="small")
    fitting = {name: spec.label for name, spec in MODELS.items() if bench.data in spec.fits}
    fitting |= {bench.spec.name: bench.spec.label}
    with model:
        name = controls.select("b.model", "Model beside", fitting, default=bench.spec.name)
    spec = bench.spec if name == bench.spec.name else MODELS[name]
    if spec is not bench.spec and not fetching.model_ready(spec):
        return None
    return _wanted(bench, spec, data, "b.", (seen, method))


def told_apart(wanted: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """Return two maps with names that tell them apart, where their titles do not."""
    if len(wanted) < 2:
        return tuple(wanted)
    one, other = wanted
    if one.model != other.model:
        return tuple(replace(item, name=_label(item.model)) for item in wanted)
    if one.title != other.title:
        return one, other
    said = [
        vars(item.params) | {"grid": item.grid, "keeps": _SHARES[item.reduce]} for item in wanted
    ]
    names = [name for name in said[0] if said[0][name] != said[1].get(name)]
    if not names:
        return one, other
    words = [", ".join(f"{name} {each[name]}" for name in names).replace("_", " ") for each in said]
    return replace(one, name=words[0]), replace(other, name=words[1])


def _label(model: str) -> str:
    return cached.model(model).spec.label


def _wanted(
    bench: Bench,
    spec: ModelSpec,
    data: ImageSet,
    prefix: str,
    places: tuple[st.delta_generator.DeltaGenerator, st.delta_generator.DeltaGenerator],
) -> Wanted:
    place, beside = places
    model = cached.model(spec.name)
    layers = {_PIXELS: "Pixels", **{layer.name: described(layer) for layer in model.layers}}
    with place:
        if prefix:
            seen = controls.select(f"{prefix}space", "Seen by", layers, default=_PIXELS)
        else:
            seen = seeing.choose(bench, layers)
    with beside.container(horizontal=True, vertical_alignment="bottom"):
        labels = {name: row.label for name, row in METHODS.items()}
        method = controls.segments(f"{prefix}map", "Map", labels, default="tsne")
        with st.popover("Recipe", icon=":material/tune:"):
            reduce, grid = _recipe(prefix, pixels=seen == _PIXELS)
            params = controls.params(METHODS[method].params, f"{prefix}{method}")
            panels.about(METHODS[method])
    layer = None if seen == _PIXELS else seen
    return Wanted(
        data.signature,
        spec.name,
        weights_of(spec),
        layer,
        method,
        params,
        reduce,
        grid,
        own=bench.data == "folder" or spec.name not in MODELS,
    )


def _recipe(prefix: str, *, pixels: bool) -> tuple[str, int]:
    """Draw how images become numbers: averaging, then principal components."""
    st.markdown("**1 · From an image to numbers**")
    grid = 4
    if not pixels:
        grid = int(controls.select(f"{prefix}grid", "Average each map to", _GRIDS, default="4"))
    reduce = controls.select(
        f"{prefix}reduce", "Keep principal components with", _SHARES, default="pca90"
    )
    st.caption("of the variance. Less variance is less noise and faster; “everything” skips it.")
    st.markdown("**2 · From numbers to the plane**")
    return reduce, grid
