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
from pages._ui.cached.courses import course, recalls
from pages._ui.cached.loaded import OwnModels, epochs, model, own_models, settle
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
from pages._ui.cached.runs import (
    RunsPlace,
    examples,
    make_room,
    pace,
    recipe,
    recorded,
    runs_place,
    shipped,
    tested,
)
from pages._ui.cached.work import (
    Presence,
    Probe,
    downloads,
    jobs,
    presence,
    shelf,
    store,
    trainings,
)

__all__ = [
    "OwnModels",
    "Presence",
    "Probe",
    "RunsPlace",
    "account",
    "channel_sheet",
    "contact_sheet",
    "course",
    "decoded",
    "downloads",
    "drawing",
    "epochs",
    "examples",
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
    "make_room",
    "model",
    "noise",
    "overview",
    "own_models",
    "pace",
    "pool",
    "prediction",
    "presence",
    "preview",
    "recalls",
    "recipe",
    "recorded",
    "reel",
    "runs_place",
    "sample",
    "settle",
    "shelf",
    "shipped",
    "store",
    "strip",
    "tested",
    "trainings",
]
