"""From images to a flow graph in one call; what was made before is recalled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xai.datasets import ImageSet
from xai.features.gathering import features_of_all
from xai.features.result import Features
from xai.flow.answers import alike
from xai.flow.arrangement.ordering import order
from xai.flow.building import build
from xai.flow.clustering.clusters import Clusters
from xai.flow.clustering.methods import METHODS
from xai.flow.columns import default_layers
from xai.flow.graph import FlowGraph
from xai.flow.keys import ClustersKey, clusters_of, features_key
from xai.models.doors import checked_model
from xai.store.keeping import Keeper
from xai.types import Params, Progress, accepted_seed, find, make_params

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: How a layer is left out that answers all images alike; here it is one cluster.
_ALIKE = "no variance"
#: The classes of images that have none; see :func:`xai.datasets.load_folder`.
_NO_CLASSES = ("unlabelled",)


@dataclass(frozen=True, eq=False)
class Run:
    """A data set's way through a network.

    Attributes
    ----------
    graph : FlowGraph
        Ordered.
    left_out : mapping of str to str
        Layers that have no column, and why, as a part of a sentence.
    """

    graph: FlowGraph
    left_out: Mapping[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should be told, one sentence each."""
        return tuple(f"{name} was left out ({why})." for name, why in self.left_out.items())


def flow_of(
    model: LoadedModel,
    images: ImageSet,
    layers: Sequence[str] | None = None,
    *,
    method: str = "optics",
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    reduce: str = "pca90",
    store: Keeper | None = None,
    progress: Progress | None = None,
    on_layer: Callable[[FlowGraph], object] | None = None,
) -> FlowGraph:
    """Return how images travel through a network: the graph of :func:`run`."""
    return run(
        model,
        images,
        layers,
        method=method,
        params=params,
        seed=seed,
        reduce=reduce,
        store=store,
        progress=progress,
        on_layer=on_layer,
    ).graph


def run(
    model: LoadedModel,
    images: ImageSet,
    layers: Sequence[str] | None = None,
    *,
    method: str = "optics",
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    reduce: str = "pca90",
    store: Keeper | None = None,
    progress: Progress | None = None,
    on_layer: Callable[[FlowGraph], object] | None = None,
) -> Run:
    """Cluster what each layer answers to images, and order the flows between the clusters.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet
        At least two.
    layers : sequence of str, optional
        Columns from left to right, ``"pixels"`` for the images themselves; none gives
        :func:`xai.flow.columns.default_layers`.
    method, params, seed
        As :func:`xai.flow.cluster` takes them.
    reduce : str
        As :func:`xai.embedding.features` takes it.
    store : Keeper, optional
        Where features and clusters are kept as soon as there are any of a layer, so that
        work that was stopped goes on there. None keeps nothing.
    progress : callable, optional
        ``progress(done, total, message)``, in layers: the first half while the network
        answers, the second while clusters are sought; may raise.
    on_layer : callable, optional
        Called with the graph so far, in raw order, after each layer; may raise.

    Returns
    -------
    Run

    Raises
    ------
    TypeError
        If a parameter is of another kind.
    ValueError
        If there is no such layer or method, a layer comes twice, a value is out of range,
        there are fewer than two images, or no layer gives an array an image.

    Notes
    -----
    A layer that answers all images alike is one cluster. A layer whose answers are no
    array, or not finite, is left out.
    """
    checked_model(model)
    if not isinstance(images, ImageSet):
        raise TypeError(f"images: expected an image set, got {type(images).__name__}")
    if len(images) < 2:
        raise ValueError(f"images: expected at least 2, got {len(images)}")
    _check_reduce(reduce)
    names = _columns(default_layers(model) if layers is None else layers)
    settled, seed = make_params(find(METHODS, method, "method").params, params), accepted_seed(seed)
    keys = {
        name: ClustersKey(features_key(model, images, name, reduce), method, settled, seed)
        for name in names
    }
    told = _Layers(progress, len(names))
    features, left_out = _features(keys, model, images, store, told.passing)
    if not features:
        why = "; ".join(f"{name} {reason}" for name, reason in left_out.items())
        raise ValueError(f"layers: expected one that can be clustered, got none: {why}")
    found: dict[str, Clusters] = {}
    for name, one in features.items():
        told.clustering(len(found), len(features), name)
        found[name] = clusters_of(keys[name], model, images, store, features=one)
        if on_layer is not None:
            on_layer(build(found))
    told.clustering(len(features), len(features), "")
    return Run(order(build(found)), left_out)


def _check_reduce(reduce: str) -> None:
    """Refuse what the features would refuse of each layer in turn."""
    from xai.features.description import share_of

    share_of(reduce)


def _columns(layers: Sequence[str]) -> tuple[str, ...]:
    given = isinstance(layers, Sequence) and not isinstance(layers, str)
    if not given or not all(isinstance(name, str) for name in layers):
        raise TypeError(f"layers: expected a list of names, got {layers!r}")
    if not layers:
        raise ValueError("layers: expected at least one, got none")
    twice = [name for place, name in enumerate(layers) if name in layers[:place]]
    if twice:
        raise ValueError(f"layers: expected each layer once, got {twice[0]!r} twice")
    return tuple(layers)


def _features(
    keys: Mapping[str, ClustersKey],
    model: LoadedModel,
    images: ImageSet,
    store: Keeper | None,
    progress: Progress,
) -> tuple[dict[str, Features], dict[str, str]]:
    """Return the features of the layers that have any, in order, and why others have none."""
    wanted = {name: key.features for name, key in keys.items()}
    gathered = features_of_all(list(wanted.values()), model, images, store, progress=progress)
    left_out = dict(gathered.left_out)
    same = [name for name, why in left_out.items() if why == _ALIKE]
    made = alike(same, model, images) if same else {}
    found: dict[str, Features] = {}
    for name, key in wanted.items():
        if key in gathered.features:
            found[name] = gathered.features[key]
        elif name in made:
            found[name] = made[name]
            del left_out[name]
    if images.classes == _NO_CLASSES:
        # Clusters cannot agree or disagree with what nobody knows.
        found = {name: replace(one, labels=None, classes=()) for name, one in found.items()}
    return found, left_out


class _Layers:
    """Progress in layers, of work that counts images and layers by turns."""

    def __init__(self, progress: Progress | None, count: int) -> None:
        self._progress = progress
        self._count = count
        self._done = 0

    def passing(self, done: int, total: int, message: str) -> None:
        """Say how far the passes of the network are; several of them never go back."""
        if self._progress is not None:
            self._done = max(self._done, self._count * done // max(total, 1))
            self._progress(self._done, 2 * self._count, message)

    def clustering(self, done: int, total: int, name: str) -> None:
        """Say which layer is clustered."""
        if self._progress is not None:
            said = f"Clusters of {name}" if name else "Order of the flows"
            self._progress(self._count + self._count * done // total, 2 * self._count, said)
