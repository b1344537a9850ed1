"""Every cache of the app: models and image sets as resources, small results as data.

Keys are names, numbers and digests, never arrays: Streamlit hashes large arrays
by a sample of their elements, so one changed pixel could return a stale answer.
"""

from __future__ import annotations

from pages._ui.cached.answers import (
    account,
    channel_sheet,
    extent,
    feature_maps,
    noise,
    overview,
    prediction,
)
from pages._ui.cached.loaded import OwnModels, model, own_models, settle
from pages._ui.cached.networks import (
    drawing,
    field,
    graph,
    graph_sketch,
    kernel_sheet,
    levels,
    strip,
)
from pages._ui.cached.pictures import (
    contact_sheet,
    decoded,
    folder,
    gallery,
    image_set,
    knob_picture,
    pool,
    preview,
    reel,
    sample,
)
from pages._ui.cached.work import Presence, Probe, downloads, jobs, presence, shelf, store

__all__ = [
    "OwnModels",
    "Presence",
    "Probe",
    "account",
    "channel_sheet",
    "contact_sheet",
    "decoded",
    "downloads",
    "drawing",
    "extent",
    "feature_maps",
    "field",
    "folder",
    "gallery",
    "graph",
    "graph_sketch",
    "image_set",
    "jobs",
    "kernel_sheet",
    "knob_picture",
    "levels",
    "model",
    "noise",
    "overview",
    "own_models",
    "pool",
    "prediction",
    "presence",
    "preview",
    "reel",
    "sample",
    "settle",
    "shelf",
    "store",
    "strip",
]
