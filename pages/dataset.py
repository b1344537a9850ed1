"""Dataset map: where the images lie, as pixels or as a layer sees them."""

from __future__ import annotations

import streamlit as st

from pages._ui import atlas, controls, panels, workbench
from pages._ui.layer_picker import described
from xai.datasets import DATASETS
from xai.embedding import METHODS
from xai.figures import scatter

bench = workbench.current()

space, method, number = st.columns([2, 2, 1], vertical_alignment="bottom", gap="medium")
layers = {"pixels": "Pixels", **{layer.name: described(layer) for layer in bench.model.layers}}
with space:
    chosen = controls.select("space", "Seen by", layers, default=bench.model.layers[-2].name)
with method:
    names = {name: row.label for name, row in METHODS.items()}
    how = controls.segments("map", "Map", names, default="tsne")
with number:
    counts = {str(n): f"{n:,}" for n in atlas.COUNTS}
    n = int(controls.select("n", "Images", counts, default="1000"))
with st.expander("Settings of the map", icon=":material/tune:"):
    params = controls.params(METHODS[how].params, how)
    panels.about(METHODS[how])

layer = None if chosen == "pixels" else chosen
key = atlas.MapKey(
    bench.images_key,
    bench.model_name,
    bench.spec.sha256 or bench.spec.weights,
    n,
    layer,
    how,
    params,
)
found = atlas.compute(bench, key)
if found is None:
    st.skeleton(560)
    st.stop()
for sentence in found.notes:
    st.info(sentence, icon=":material/info:")

images = atlas.sample(bench, n)
figure = scatter.embedding(found.points, images.labels, images.classes, ids=images.ids)
st.plotly_chart(figure, key="scatter", alt=f"{how} map of {len(images)} images")
st.caption(
    f"One dot is one of {len(images):,} images of {DATASETS[bench.data].label}, coloured by its "
    "true class: what lies close together is alike "
    + ("in its pixels. " if layer is None else f"for the layer {layer}. ")
    + METHODS[how].summary
    + " Click a class in the legend to hide it."
)
for column, (name, value) in zip(st.columns(4), panels.quality(found), strict=False):
    column.metric(name, value, border=True, help=panels.QUALITY[name])
panels.download_arrays({"points": found.points, "labels": images.labels}, f"map-{how}", "map-file")
