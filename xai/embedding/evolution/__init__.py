"""The film of a layer while the network learns: a map for each epoch, each from the one before.

==============  ====================================================================
``result``      ``Evolution``: the maps, on fixed axes, and what is measured of them
``continuing``  t-SNE that goes on from a given map until its points rest
``shooting``    one epoch after the other, each turned onto the one before
``keys``        films by key: recalled, or made and kept
``shipped``     the film that comes with the app
==============  ====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xai.embedding.evolution.result import Evolution
from xai.embedding.methods import METHODS
from xai.features.components import FEWEST, as_features
from xai.features.result import Features
from xai.types import Params, Progress, accepted_seed, find, make_params

__all__ = ["CONTINUABLE", "Evolution", "evolve"]

#: ``on_epoch(place, points)`` with points (N, 2) float32; what it raises reaches the caller.
OnEpoch = Callable[[int, np.ndarray], None]
#: The methods whose maps can go on from another. UMAP draws at random in each step and never
#: comes to rest: its points would move where nothing has changed.
CONTINUABLE = ("tsne", "pca")


def evolve(
    features: Sequence[Features | np.ndarray],
    *,
    method: str = "tsne",
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    on_epoch: OnEpoch | None = None,
) -> Evolution:
    """Lay the features of each epoch out, each map started from the one before.

    Parameters
    ----------
    features : sequence of Features or ndarray, shape (N, D)
        The same images in the same order at each epoch; D may differ. Each is taken
        once, in order, so that a sequence may make them as it is asked.
    method : str
        ``"tsne"`` or ``"pca"``.
    params : Params or mapping, optional
        Of the method's own class. ``iterations`` is also the most steps from one map to
        the next.
    seed : int
        Equal seeds give bit-equal films.
    names : sequence of str
        What the epochs are called in the notes; none given counts 1, 2, …
    progress : callable, optional
        ``progress(done, total, message)``, many times an epoch; may raise.
    on_epoch : callable, optional
        ``on_epoch(place, points)`` with each map as soon as it is there; may raise.

    Returns
    -------
    Evolution

    Raises
    ------
    TypeError
        If features, ``params`` or ``seed`` are of the wrong kind.
    ValueError
        If there is no epoch, the numbers of images differ or are below four, the method
        cannot go on from a map, a parameter is out of range, or no epoch's features are
        finite numbers that differ between images.

    Notes
    -----
    The first map goes on until its points rest. Each further one begins where the one
    before ended and takes steps in proportion to how far the neighbourhoods have changed;
    see :func:`xai.embedding.evolution.continuing.continued`. It is then turned, and mirrored
    if that fits better, onto the map before: with ``A' B = U S V'`` of the centred maps, A
    is replaced by ``A U V'`` (orthogonal Procrustes). It is not scaled, so that a map that
    spreads is seen to spread. The same features at two epochs in a row leave the points
    where they are; the same features with others in between need not, since t-SNE goes on
    from where it is and has many places to rest.

    References
    ----------
    P. H. Schönemann: A generalized solution of the orthogonal Procrustes problem, 1966.
    P. E. Rauber, A. X. Falcão, A. C. Telea: Visualizing time-dependent data using dynamic
    t-SNE, 2016.
    """
    row = find(METHODS, method, "method")
    if method not in CONTINUABLE:
        raise ValueError(
            f"method: expected one of {', '.join(CONTINUABLE)}; {row.label} never comes to rest, "
            "so its points would move where nothing has changed"
        )
    resolved = make_params(row.params, params)
    if not len(features):
        raise ValueError("features: expected at least one epoch, got none")
    if names and len(names) != len(features):
        raise ValueError(f"names: expected {len(features)}, got {len(names)}")
    called = tuple(names) or tuple(str(place + 1) for place in range(len(features)))
    from xai.embedding.evolution.shooting import Shooting

    shooting = Shooting(resolved, accepted_seed(seed), called, progress, on_epoch)
    return shooting.film(_given(features), method)


def _given(features: Sequence[Features | np.ndarray]) -> Iterator[Features]:
    """Yield the features of each epoch; refuse those of other images."""
    count = -1
    for item in features:
        given = as_features(item)
        if len(given) < FEWEST:
            raise ValueError(f"features: a map needs at least {FEWEST} images, got {len(given)}")
        if count not in (-1, len(given)):
            raise ValueError(
                f"features: expected {count} images at each epoch, got {len(given)} at one"
            )
        count = len(given)
        yield given
