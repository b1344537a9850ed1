"""Units masked for good, and what that costs: choosing them, pruning, the price.

Importing this package loads no torch; the first pass does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xai.models.doors import checked_model
from xai.training.pruning.price import DRAWS, SHARES, Price, PriceKey
from xai.training.pruning.ranking import RULES, Ranking, Rule, Usage, choose, rank
from xai.types import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from xai.datasets import ImageSet
    from xai.models import LoadedModel

__all__ = [
    "DRAWS",
    "RULES",
    "SHARES",
    "Price",
    "PriceKey",
    "Ranking",
    "Rule",
    "Usage",
    "choose",
    "maskable",
    "price",
    "prune",
    "rank",
    "weights_file",
]


def prune(model: LoadedModel, units: Mapping[str, Sequence[int] | np.ndarray]) -> LoadedModel:
    """Return a model in which some units are 0 for every image.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    units : mapping of str to sequence of int
        Channels or neurons by layer. A layer is a convolution or dense layer, or an
        activation, pooling or normalisation behind one; see :func:`maskable`.

    Returns
    -------
    LoadedModel
        With weights of its own where they differ; the rest is shared. Its ``spec.name`` is
        ``"own-"`` and a digest of its weights, so that its results are never mixed up with
        those of ``model``.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model, or ``units`` no mapping of names to whole numbers.
    ValueError
        If there is no such layer or unit, or units of that layer cannot be masked: it gives
        the scores of the classes, several layers add up in it, another layer reads what is
        before the activation, or the activation turns 0 into something else, as the sigmoid.

    Notes
    -----
    In the convolution or dense layer that makes a unit, its weights and bias become 0, and
    scale and shift of a batch norm behind it. So the unit is exactly 0 before its
    activation, and behind it as well. A unit that was 0 on some images behind ReLU, and is
    masked, changes no number behind it on these images.
    """
    from xai.training.pruning.masking import pruned

    return pruned(checked_model(model), units)


def maskable(model: LoadedModel) -> dict[str, int]:
    """Return the activations whose units can be masked, in forward order, and how many each has.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    """
    from xai.training.pruning.producers import activations

    return activations(checked_model(model))


def weights_file(model: LoadedModel) -> bytes:
    """Return a model's weights as a ``.safetensors`` file.

    :func:`xai.models.load_checkpoint` takes it back for the architecture that it belongs to.
    """
    from xai.training.pruning.masking import content

    return content(checked_model(model).net)


def price(
    model: LoadedModel,
    images: ImageSet,
    ranking: Ranking,
    shares: Sequence[float] = SHARES,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
    on_price: Callable[[Price], None] | None = None,
) -> Price:
    """Measure what masking more and more units costs, beside as many at random.

    Parameters
    ----------
    model : LoadedModel
        Its shared network is not touched.
    images : ImageSet
        With true classes; those of a class that the model does not have are left out.
    ranking : Ranking
        From :func:`rank`: which units are masked, and in which order.
    shares : sequence of float, in [0, 1]
        Of all units in the ranking's layers. Shares that come to the same number of units
        are one.
    draws : int
        How many random orders are tried beside it.
    seed : int
        Of these.
    progress : callable, optional
        ``progress(done, total, message)`` in passes over the images; may raise.
    on_price : callable, optional
        Given what is known after each pass; NaN is not known yet.

    Returns
    -------
    Price

    Raises
    ------
    TypeError, ValueError
        If a parameter is of another kind or out of range, a layer's units cannot be masked
        (see :func:`prune`), or no image has a class that the model knows.

    Notes
    -----
    Random orders run over all units of the ranking's layers, also where the ranking ends
    before, as that of the dead units. Images are prepared once and held meanwhile. An image
    with a score that is NaN or infinite counts as wrong.
    """
    from xai.training.pruning.pricing import measure

    return measure(
        checked_model(model),
        images,
        ranking,
        shares,
        draws=draws,
        seed=seed,
        progress=progress,
        on_price=on_price,
    )
