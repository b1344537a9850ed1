"""Attribution: which parts of the image the decision for a class rests on.

Importing this package loads no torch; :func:`run` does. A new method is one function
in the folder of its family and a row in :mod:`xai.attribution.methods`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xai.attribution.cam.strip import STRIP_METHODS, Stage, Strip, strip
from xai.attribution.gradients.baselines import BASELINES, baseline
from xai.attribution.lrp.channels import ChannelRelevance, channel_relevance
from xai.attribution.lrp.composites import assignment
from xai.attribution.lrp.ledger import Entry, Ledger, ledger
from xai.attribution.methods import METHODS
from xai.attribution.reporting import OnMap, Reporter
from xai.attribution.result import Attribution
from xai.attribution.units import (
    BACKPROJECTIONS,
    Backprojection,
    backproject,
    backprojection_blocked,
)
from xai.types import Params, Progress, find

if TYPE_CHECKING:
    import numpy as np

    from xai.models import LoadedModel

__all__ = [
    "BACKPROJECTIONS",
    "BASELINES",
    "METHODS",
    "STRIP_METHODS",
    "Attribution",
    "Backprojection",
    "ChannelRelevance",
    "Entry",
    "Ledger",
    "Stage",
    "Strip",
    "assignment",
    "backproject",
    "backprojection_blocked",
    "baseline",
    "blocked",
    "channel_relevance",
    "ledger",
    "run",
    "strip",
]


def run(
    model: LoadedModel,
    image: np.ndarray,
    method: str,
    *,
    target: int | None = None,
    contrast: int | None = None,
    params: Params | Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    on_map: OnMap | None = None,
) -> Attribution:
    """Explain the score of one class for one image, or why it and not another.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    method : str
        A key of :data:`METHODS`.
    target : int, optional
        Index of the class; None explains the predicted one.
    contrast : int, optional
        Index of another class, whose score is taken off: what sets the two apart.
    params : Params or mapping, optional
        An instance of the method's parameter class, or its fields by name.
    seed : int
        Of methods that draw random numbers; the process's own are not touched.
    progress : callable, optional
        ``progress(done, total, message)``. May raise, which stops the work and
        leaves the model clean.
    on_map : callable, optional
        Takes the map as it is so far, a relevance of the final shape, from methods
        whose map grows while they work. It may raise, too.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If the method, target, image or a parameter is not among what is
        possible, if the model lacks what the method needs (see
        :func:`blocked`), or if its scores or the relevance are not finite.

    Notes
    -----
    Gradients are taken with respect to the image in [0, 1]: the normalization
    belongs to the model. LRP's relevance is that of the normalised image,
    pixel by pixel the same place; relevance is a share, not a slope, and needs
    no factor.
    """
    row = find(METHODS, method, "method")
    from xai.attribution.explanation import explain

    return explain(
        model,
        image,
        method,
        row,
        aim=(target, contrast),
        params=params,
        seed=seed,
        report=Reporter(progress, on_map),
    )


def blocked(model: LoadedModel, method: str) -> str:
    """Say why a model cannot be explained by a method, before it is offered.

    Parameters
    ----------
    model : LoadedModel
    method : str
        A key of :data:`METHODS`.

    Returns
    -------
    str
        ``""`` if all is fine, else a sentence that names the module in the way.

    Raises
    ------
    TypeError, ValueError
        If there is no such method.
    """
    row = find(METHODS, method, "method")
    from xai.attribution.requirements import first_missing

    return first_missing(model, row)
