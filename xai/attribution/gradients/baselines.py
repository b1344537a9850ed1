"""Baselines: the images that stand for 'nothing there'.

The module loads no torch; its functions do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from xai.models import LoadedModel
    from xai.types import Params

#: What a path of integrated gradients may start from, the default first.
BASELINES = ("black", "white", "blurred", "noise", "mean")

#: Pixel value of the even ones, in [0, 1].
_EVEN = {"black": 0.0, "white": 1.0}
#: Standard deviation of the blur, as a share of the longer side: 22 of 224 pixels.
_BLUR = 0.1


def baseline(
    model: LoadedModel,
    image: np.ndarray,
    params: Params | Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> np.ndarray:
    """Return the image that integrated gradients start from, to be looked at.

    Parameters
    ----------
    model : LoadedModel
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    params : Params or mapping, optional
        Of integrated gradients, as for :func:`xai.attribution.run`.
    seed : int
        Of the noise, as for :func:`xai.attribution.run`.

    Returns
    -------
    ndarray, shape (C, H, W), float32, in [0, 1]

    Raises
    ------
    TypeError, ValueError
        If an argument is not among what is possible.
    """
    from xai.attribution.explanation import check_model, check_seed
    from xai.attribution.gradients.params import IntegratedGradientsParams
    from xai.types import make_params

    check_model(model)
    chosen = make_params(IntegratedGradientsParams, params)
    start = baseline_of(model.single(image), chosen.baseline, check_seed(seed))
    return start[0].detach().cpu().contiguous().numpy()


def baseline_of(x: Tensor, kind: str, seed: int) -> Tensor:
    """Return the baseline of an image.

    Parameters
    ----------
    x : Tensor, shape (1, C, H, W), in [0, 1]
    kind : str
        One of :data:`BASELINES`.
    seed : int
        Of the noise, which is the same on every device.

    Returns
    -------
    Tensor, shape (1, C, H, W), in [0, 1] where the image is

    Notes
    -----
    ``blurred`` is a Gaussian mean with a standard deviation of a tenth of the longer
    side: what is left is where the image is light and dark, but nothing that has a
    shape. ``noise`` is uniform in [0, 1], for each pixel and channel. ``mean`` is one
    value a channel.

    References
    ----------
    P. Sturmfels, S. Lundberg, S.-I. Lee: Visualizing the impact of feature
    attribution baselines, 2020, Distill.
    """
    import torch

    from xai.attribution.black_box.fills import filling

    if kind in _EVEN:
        return torch.full_like(x, _EVEN[kind])
    if kind == "noise":
        generator = torch.Generator().manual_seed(seed)
        return torch.rand(x.shape, generator=generator).to(x.device)
    if kind == "mean":
        return filling(x, "mean", 0.0).clone()
    # A filling's blur has half of the scale it is given.
    return filling(x, "blur", 2 * _BLUR * max(x.shape[2:]))
