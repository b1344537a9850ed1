"""One further image on a map that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai.embedding.methods import METHODS
from xai.embedding.params import UmapParams
from xai.embedding.results import Embedding
from xai.features.components import accepted, scaling
from xai.features.neighbourhoods import Near
from xai.features.result import Features
from xai.types import Progress, find

if TYPE_CHECKING:
    from xai.models import LoadedModel

#: Neighbours of a placed image that pull it, about; the default of openTSNE.
_PERPLEXITY = 5
#: Steps that a placed image takes on a t-SNE map, and at most how far each pulls.
_STEPS, _PULL = 250, 0.25
#: Beyond this ratio of distances an image is called far from all others: of held-out digits
#: one in a hundred comes to 1.5, noise to 1.9.
_FAR = 1.75
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a further image belongs on a map.

    Attributes
    ----------
    point : ndarray, shape (2,), float32
        In the map's unit.
    neighbours : ndarray, shape (k,), int32
        The nearest images of the map in the features' own space, nearest first, ties
        to the lower index. An image that is on the map is its own first neighbour.
    distances : ndarray, shape (k,), float32
        How far they are there.
    notes : tuple of str
        What the reader should be told, one sentence each.
    """

    point: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray
    notes: tuple[str, ...] = ()


def place(
    model: LoadedModel,
    image: np.ndarray,
    features: Features,
    embedding: Embedding,
    *,
    k: int = 10,
    progress: Progress | None = None,
) -> Placement:
    """Place a further image on a map, which stays as it is.

    Parameters
    ----------
    model : LoadedModel
        The one that the features come from.
    image : ndarray, shape (C, H, W), float32 in [0, 1]
        As ``model.prepare`` gives it.
    features : Features
        Of the images on the map, from memory or from disk.
    embedding : Embedding
        The map, from memory or from disk.
    k : int
        How many neighbours to name; all there are if there are fewer.
    progress : callable, optional
        ``progress(done, total, message)`` several times a second while another UMAP
        runs, and before the first use of UMAP compiles; may raise.

    Raises
    ------
    TypeError
        If ``k`` is not a whole number.
    ValueError
        If the image does not fit the model, the features are not of this model, the
        map is not one of these features or by no known method, or UMAP is asked for
        and not installed.

    Notes
    -----
    Nothing of the computation that made the map is needed. t-SNE: the image is
    pulled by its neighbours of perplexity 5 and pushed by all points, from the
    median of its neighbours on, for 250 steps, as openTSNE's ``transform`` does;
    the push is summed over all points instead of approximated. UMAP: as
    ``umap.UMAP.transform``, with neighbours searched exactly. PCA: the projection
    that made the map.
    """
    _check_count(k)
    given = accepted(features)
    if model.spec.name != given.model:
        got = given.model or "rows from elsewhere"
        raise ValueError(f"features: expected those of {model.spec.name}, got {got}")
    _check(embedding, given)
    from xai.features.extraction import extract

    layer = given.layer
    raw = extract(model, np.asarray(image)[None], [layer], grid=given.grid).values[layer]
    return place_row(raw[0], given, embedding, k=k, progress=progress)


def place_row(
    raw: np.ndarray,
    features: Features,
    embedding: Embedding,
    *,
    k: int = 10,
    progress: Progress | None = None,
) -> Placement:
    """Place a further image of which the layer's answer is known; see :func:`place`.

    Parameters
    ----------
    raw : ndarray, shape (raw_dim,), float32
        The answer of the features' layer, averaged to the features' grid, as
        ``xai.features.extraction.extract`` gives it: one pass serves all layers.
    features, embedding, k, progress
        As :func:`place` takes them.

    Raises
    ------
    TypeError, ValueError
        As :func:`place`, and if the answer is of another width.
    """
    _check_count(k)
    given = accepted(features)
    _check(embedding, given)
    if not np.isfinite(raw).all():
        raise ValueError("image: the layer's answer to it holds NaN or infinity")
    row = given.project(raw[None])[0]
    lengths = _lengths(given.values, row)
    order = np.argsort(lengths, kind="stable")
    point = _WAYS[embedding.method](given.values, row, order, lengths, embedding, progress)
    first = order[: int(k)]
    return Placement(
        point=point.astype(np.float32),
        neighbours=first.astype(np.int32),
        distances=lengths[first].astype(np.float32),
        notes=_notes(given, raw[None], order, lengths),
    )


def _check_count(k: Any) -> None:
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise TypeError(f"k: expected a whole number, got {k!r}")
    if k < 1:
        raise ValueError(f"k: expected at least 1, got {k}")


def _check(embedding: Embedding, features: Features) -> None:
    """Refuse a map of other images or of other features, as far as it knows of which."""
    find(METHODS, embedding.method, "embedding.method")
    if len(embedding.points) != len(features) or embedding.ids != features.ids:
        raise ValueError("embedding: expected a map of these features, got one of other images")
    own = (features.model, features.layer, features.reduce)
    made = (embedding.model, embedding.layer, embedding.reduce)
    if embedding.model and made != own:
        expected, got = (
            f"{model}, {layer or 'pixels'}, {way}" for model, layer, way in (own, made)
        )
        raise ValueError(f"embedding: expected a map of these features ({expected}), got {got}")


def _lengths(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the distances of a row to all rows of a table, in float64."""
    own = row.astype(np.float64)
    blocks = [values[at : at + _BLOCK] - own for at in range(0, len(values), _BLOCK)]
    return np.sqrt(np.concatenate([(block**2).sum(axis=1) for block in blocks]))


def _notes(
    features: Features, raw: np.ndarray, order: np.ndarray, lengths: np.ndarray
) -> tuple[str, ...]:
    """Say so if the image is much farther from its neighbours than they are from theirs.

    What the features leave out of an image counts: noise may lie in the middle of
    what they keep.
    """
    values = features.values
    k = min(10, len(values) - 1)
    others = [np.sort(_lengths(values, values[at]))[1 : k + 1] for at in order[:k]]
    typical = float(np.median([(row**2).mean() for row in others]))
    far = float((lengths[order[:k]] ** 2).mean())
    if features.basis is not None and features.mean is not None:
        held = values.astype(np.float64).var(axis=0).sum()
        typical += held * (1.0 / features.explained_variance - 1.0)
        whole = ((raw[0].astype(np.float64) - features.mean) ** 2).sum()
        far += max(0.0, whole - (features.project(raw)[0].astype(np.float64) ** 2).sum())
    if far <= _FAR**2 * typical:
        return ()
    times = (
        f", {np.sqrt(far / typical):.1f} times as far as they are from theirs" if typical else ""
    )
    return (f"This image is far from all others{times}: its place means little.",)


def _tsne(
    values: np.ndarray,
    row: np.ndarray,
    order: np.ndarray,
    lengths: np.ndarray,
    map_: Embedding,
    progress: Progress | None,
) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import Affinities, joint_probabilities_nn
    from openTSNE.tsne import PartialTSNEEmbedding
    from scipy.sparse import csr_matrix

    points = map_.points.astype(np.float64)
    near = order[: 3 * _PERPLEXITY]
    pulls = joint_probabilities_nn(
        near[None],
        lengths[near][None] / scaling(values).factor,
        [min(_PERPLEXITY, len(near) / 3)],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(points),
    )
    # The affinities among the images of the map are not needed, only that there are some.
    affinities = Affinities()
    affinities.P = csr_matrix((len(points), len(points)))
    placed = PartialTSNEEmbedding(
        np.median(points[near], axis=0)[None],
        TSNEEmbedding(points, affinities),
        pulls,
        negative_gradient_method=_gradient,
    )
    placed.optimize(
        _STEPS,
        learning_rate=0.1,
        exaggeration=1.5,
        momentum=0.8,
        max_grad_norm=_PULL,
        inplace=True,
    )
    found: np.ndarray = np.asarray(placed)[0]
    return found


def _gradient(
    embedding: np.ndarray, affinities: Any, reference_embedding: np.ndarray, **_: Any
) -> tuple[float, np.ndarray]:
    """Return the objective (not needed, 0) and the exact gradient for one point."""
    apart = np.asarray(embedding) - np.asarray(reference_embedding)
    kernel = 1.0 / (1.0 + (apart**2).sum(axis=1))
    force = -kernel / kernel.sum()
    force[affinities.indices] += affinities.data
    return 0.0, ((force * kernel) @ apart)[None]


def _umap(
    values: np.ndarray,
    row: np.ndarray,
    order: np.ndarray,
    lengths: np.ndarray,
    map_: Embedding,
    progress: Progress | None,
) -> np.ndarray:
    from xai.embedding.umap import transform

    if not isinstance(map_.params, UmapParams):
        raise ValueError("embedding: expected a map by UMAP with its parameters")
    near = order[: map_.params.neighbours]
    own = Near(near[None].astype(np.int32), lengths[near][None] / scaling(values).factor)
    return transform(map_.points, own, map_.params, map_.seed, progress)


def _pca(
    values: np.ndarray,
    row: np.ndarray,
    order: np.ndarray,
    lengths: np.ndarray,
    map_: Embedding,
    progress: Progress | None,
) -> np.ndarray:
    """Project as the map was: scores are uncorrelated, so each gives its direction back."""
    scale = scaling(values)
    scores = map_.points.astype(np.float64) / scale.factor
    products = np.zeros((values.shape[1], 2))
    for start in range(0, len(values), _BLOCK):
        rows = slice(start, start + _BLOCK)
        products += scale.apply(values[rows]).T @ scores[rows]
    squares = (scores**2).sum(axis=0)
    directions = products / np.where(squares > 0, squares, 1.0)
    return scale.apply(row[None])[0] @ directions * scale.factor


_WAYS = {"tsne": _tsne, "umap": _umap, "pca": _pca}
