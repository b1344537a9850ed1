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


#: Of users' models in memory, together; an upload may have 600 MB.
_MOST_BYTES = 1200 * 2**20
#: What the modules of a small network take beside their numbers.
_MODULES = 2**18


class OwnModels:
    """Models by name, the latest as far as there is room; only their own session knows a name.

    Parameters
    ----------
    most_bytes : int
        Size of the weights together. The latest model is always held.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._held: OrderedDict[str, LoadedModel] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> LoadedModel | None:
        """Return a model by its name, or None if it is no longer held."""
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def put(self, loaded: LoadedModel, *more: str) -> None:
        """Hold a model under its spec's name, and under more names; the oldest make room."""
        with self._lock:
            for name in (loaded.spec.name, *more):
                self._held[name] = loaded
                self._held.move_to_end(name)
            while self._bytes() > self._most and self._held[next(iter(self._held))] is not loaded:
                self._held.popitem(last=False)

    def _bytes(self) -> int:
        return sum(
            _size(loaded) for loaded in {id(one): one for one in self._held.values()}.values()
        )


def _size(loaded: LoadedModel) -> int:
    """Return the bytes of a model's weights, and some for the modules around them."""
    state = loaded.net.state_dict().values()
    return _MODULES + sum(value.numel() * value.element_size() for value in state)


@st.cache_resource(show_spinner=False)
def own_models() -> OwnModels:
    """Return the shelf of users' own checkpoints, and of the epochs they put on the workbench."""
    return OwnModels()


@st.cache_resource(show_spinner=False)
def epochs() -> OwnModels:
    """Return the shelf of the networks of single epochs, as scrubbing through a run leaves them."""
    return OwnModels(_MOST_BYTES // 4)


def model(name: str) -> LoadedModel:
    """Return a loaded model, shared by all sessions; or a checkpoint of the user's own."""
    own = own_models().get(name) or epochs().get(name)
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
