"""Every cache of the app: models and image sets as resources, small results as data.

Keys are names, numbers and digests, never arrays: Streamlit hashes large arrays
by a sample of their elements, so one changed pixel could return a stale answer.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from xai import data, datasets, images, models
from xai.figures import sprites
from xai.jobs import Jobs
from xai.store import Store
from xai.store.shelf import Shelf
from xai.types import Prediction

if TYPE_CHECKING:
    from xai.attacks import AttackResult
    from xai.datasets import ImageSet
    from xai.figures.sheets import ChannelSheet
    from xai.images import DecodedImage
    from xai.models import LoadedModel
    from xai.network import ModelGraph


#: Seconds after which a session that polls nothing counts as gone.
_SILENCE = 600.0
#: Photographs held of a large data set.
_MOST = 1000
#: Thumbnails up to this many keep all their shades.
_FEW = 2000
#: Images of a data set that its map can show.
_POOL = 10_000


@dataclass(frozen=True)
class Probe:
    """Key of a tiny result that is kept to see whether anything can be kept."""

    purpose: str = "can results be kept?"


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the store of results under ``cache/``; its ``writable_error`` is known at once."""
    opened = Store(shipped=data.path("maps"))
    opened.save(Probe(), {"probe": np.zeros(1, np.float32)})
    return opened


@st.cache_resource(max_entries=2, show_spinner=False)
def shelf(own: bool = False) -> Shelf:
    """Return the store with its latest results in memory.

    What is made of somebody's ``own`` images or model is held in memory alone.
    """
    return Shelf(None if own else store())


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return the one queue of long work that all sessions share."""
    return _ending(Jobs(store(), abandon_after=_SILENCE))


@st.cache_resource(show_spinner=False)
def downloads() -> Jobs:
    """Return the queue of downloads: they wait for the network, computations must not."""
    return _ending(Jobs(workers=2))


def _ending(queue: Jobs) -> Jobs:
    # A thread that is inside a library's own code when the process ends would abort it.
    atexit.register(queue.shutdown, timeout=5.0)
    return queue


class Presence:
    """A browser tab that is open, as far as its long work is concerned.

    Parameters
    ----------
    queue : Jobs
        Where it asks for work.
    owner : str
        The name under which it does.

    Attributes
    ----------
    owner : str
        As given.
    gone : bool
        Whether the tab has been closed, or has lost its connection.
    """

    def __init__(self, queue: Jobs, owner: str) -> None:
        self._queue = queue
        self.owner = owner
        self.gone = False

    def leave(self) -> None:
        """Give up all that nobody else waits for. Runs on a thread of the server, at any time."""
        self.gone = True
        self._queue.release(self.owner)


@st.cache_resource(scope="session", on_release=Presence.leave, show_spinner=False)
def presence(owner: str) -> Presence:
    """Return the presence of the session that runs; it ends with its tab, not with its page.

    Downloads are not given up then: what has arrived is of use to the next visitor.
    """
    return Presence(jobs(), owner)


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


@st.cache_resource(max_entries=6, show_spinner=False)
def image_set(name: str, split: str) -> ImageSet:
    """Return a split of a data set, shared by all sessions; of the largest a sample."""
    spec = datasets.DATASETS[name]
    many = spec.kind == "download" and spec.image_size is None
    return datasets.load(name, split=split, n=_MOST if many else None)


@st.cache_resource(max_entries=4, show_spinner=False)
def pool(name: str) -> ImageSet:
    """Return all images of a data set that a map can show, those held out first."""
    return datasets.load_all(name, most=_POOL)


@st.cache_resource(max_entries=8, show_spinner=False)
def sample(signature: str, n: int, _pool: ImageSet) -> ImageSet:
    """Return a stratified sample of a pool; ``signature`` is the pool's."""
    return datasets.pool_sample(_pool, n)


@st.cache_resource(max_entries=6, show_spinner=False)
def contact_sheet(signature: str, side: int, _images: ImageSet) -> tuple[bytes, int]:
    """Return thumbnails of all images as one WebP, and its number of columns."""
    sheet = sprites.thumbnails(_images.images, side=side)
    if _images.images[0].shape[2] == 3:
        return sheet.webp(60), sheet.columns
    # Lossy files of thin strokes are both larger and worse than a few shades of grey.
    return sheet.webp(None, levels=256 if sheet.count <= _FEW else 8), sheet.columns


@st.cache_resource(max_entries=4, show_spinner="Unpacking the zip…")
def folder(digest: str, _data: bytes, name: str) -> ImageSet:
    """Return the images of an uploaded zip."""
    return datasets.load_folder(_data, name=name)


@st.cache_resource(max_entries=3, show_spinner=False)
def decoded(digest: str, name: str, _data: bytes) -> DecodedImage:
    """Return an uploaded picture, decoded."""
    return images.decode(_data, name=name)


@st.cache_data(max_entries=16, show_spinner=False)
def preview(digest: str, side: int, _pixels: np.ndarray) -> np.ndarray:
    """Return a picture scaled down to what a page shows, or as it is if it is small."""
    height, width = _pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return _pixels
    return images.resize(_pixels, (max(1, round(height * share)), max(1, round(width * share))))


@st.cache_data(max_entries=64, show_spinner=False)
def gallery(key: str, places: tuple[int, ...], side: int, _images: ImageSet) -> tuple[bytes, int]:
    """Return the thumbnails of some images as one PNG, and its number of columns.

    ``key`` names the image set: its name, split or digest.
    """
    sheet = sprites.thumbnails([_images.images[place] for place in places], side=side)
    return images.encode_png(sheet.pixels), sheet.columns


@st.cache_data(max_entries=256, show_spinner=False)
def prediction(name: str, digest: str, _image: np.ndarray) -> Prediction:
    """Return what a model says of a prepared image; ``digest`` is the prepared image's."""
    return model(name).predict(_image)


@st.cache_data(max_entries=16, show_spinner=False)
def feature_maps(name: str, digest: str, layer: str, _image: np.ndarray) -> np.ndarray:
    """Return what a layer answers to a prepared image: (C, H, W) or (D,), float32."""
    from xai import activations

    return activations.capture(model(name), _image, [layer])[layer][0]


@st.cache_data(max_entries=8, show_spinner=False)
def channel_sheet(key: tuple[str, ...], _draw: Callable[[], ChannelSheet]) -> tuple[bytes, int]:
    """Return a drawn layer as PNG, and how many of its channels are constant.

    ``key`` names everything that the drawing depends on.
    """
    drawn = _draw()
    return drawn.sprite.png(), len(drawn.constant)


@st.cache_resource(max_entries=8, show_spinner=False)
def graph(name: str) -> ModelGraph:
    """Return the computed graph of a model."""
    from xai import network

    return network.trace(model(name))


@st.cache_data(max_entries=32, show_spinner=False)
def noise(
    name: str, digest: str, label: int, sign: int, size: float, norm: str, _image: np.ndarray
) -> AttackResult:
    """Return what random noise of a size does to a prepared image."""
    from xai import attacks

    goal = attacks.Goal(label, sign)
    return attacks.random_noise(model(name), _image, goal=goal, eps=size, norm=norm)
