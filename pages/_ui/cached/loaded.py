"""The loaded models: those of the registry, shared by all, and checkpoints that users brought."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import streamlit as st

from xai import models

if TYPE_CHECKING:
    from xai.models import LoadedModel


class OwnModels:
    """The checkpoints that users brought, the latest few; only their own session knows a name."""

    def __init__(self, most: int = 3) -> None:
        self._most = most
        self._held: OrderedDict[str, LoadedModel] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> LoadedModel | None:
        """Return a checkpoint by its spec's name, or None if it is no longer held."""
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def put(self, loaded: LoadedModel) -> None:
        """Hold a checkpoint; the oldest makes room."""
        with self._lock:
            self._held[loaded.spec.name] = loaded
            self._held.move_to_end(loaded.spec.name)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


@st.cache_resource(show_spinner=False)
def own_models() -> OwnModels:
    """Return the shelf of users' own checkpoints."""
    return OwnModels()


def model(name: str) -> LoadedModel:
    """Return a loaded model, shared by all sessions; or a checkpoint of the user's own."""
    own = own_models().get(name)
    if own is None and name not in models.MODELS:
        raise ValueError("Your checkpoint was put away to save memory: please load it again.")
    return own or _registered(name)


@st.cache_resource(max_entries=4, show_spinner=False)
def _registered(name: str) -> LoadedModel:
    loaded = models.load(name)
    settle("model")
    return loaded


@st.cache_resource(max_entries=16, show_spinner=False)
def settle(stage: str) -> None:
    """Freeze what has been imported so far, once for each stage.

    The collector walks every object after each script run unless they are
    frozen: with everything imported that takes most of a second.
    """
    gc.collect()
    gc.freeze()
