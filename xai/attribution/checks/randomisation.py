"""Whether a map changes when the network forgets what it learned.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.types import Prediction, Progress

if TYPE_CHECKING:
    from xai.attribution.result import Attribution
    from xai.models import LoadedModel

#: In which order layers are reset: all down to this one, or this one alone.
ORDERS = ("cascade", "independent")
#: Ways to say how alike two maps are: names of fields of :class:`Randomisation`.
MEASURES = ("spearman_abs", "spearman", "ssim")


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike maps are, in three ways.

    Attributes
    ----------
    spearman : ndarray, float64
        Rank correlation of the values, in [-1, 1].
    spearman_abs : ndarray, same shape
        Rank correlation of the absolute values: whether the same places count, for or
        against.
    ssim : ndarray, same shape
        Structural similarity, see :func:`xai.attribution.checks.likeness.ssim`.
    """

    spearman: np.ndarray
    spearman_abs: np.ndarray
    ssim: np.ndarray

    def __post_init__(self) -> None:
        for values in (self.spearman, self.spearman_abs, self.ssim):
            values.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Randomisation:
    """Maps of a network that forgets, M methods at S + 1 steps, the first the trained one's.

    Attributes
    ----------
    labels : tuple of str
        Names of the M maps.
    signed : tuple of bool
        Whether their negative values carry meaning.
    order : str
        One of :data:`ORDERS`.
    layers : tuple of tuple of str, length S + 1
        What is reset at each step (in a cascade, in addition to all before); empty for
        the first.
    done : int
        Steps that are made; what lies beyond them is NaN in the measures and 0 in the maps.
    maps : ndarray, shape (M, S + 1, H, W), float32, read-only
        Relevance summed over the channels.
    spearman, spearman_abs, ssim : ndarray, shape (M, S + 1), float64, read-only
        How like the trained network's map each map is, as :class:`Likeness` has it; NaN
        where there is nothing to compare (``remarks`` say why).
    edges : Likeness, shapes (M,)
        How like the trained network's map an edge detector's is; structural similarity to
        the absolute map.
    predictions : tuple of Prediction, length done + 1
    kept, signs : ndarray, shape (M,), float64, read-only
        Mean of ``spearman_abs``, and of the absolute ``spearman``, while the upper half of
        the steps is made; NaN until all are done.
    verdicts : tuple of str, length M
        What to think of each method; empty until all steps are done.
    remarks : tuple of str
        Maps that could not be compared, or made.
    seed : int
    model, digest : str
        Name of the model's spec; SHA-256 of the image.
    """

    labels: tuple[str, ...]
    signed: tuple[bool, ...]
    order: str
    layers: tuple[tuple[str, ...], ...]
    done: int
    maps: np.ndarray
    spearman: np.ndarray
    spearman_abs: np.ndarray
    ssim: np.ndarray
    edges: Likeness
    predictions: tuple[Prediction, ...]
    kept: np.ndarray
    signs: np.ndarray
    verdicts: tuple[str, ...]
    remarks: tuple[str, ...]
    seed: int
    model: str
    digest: str

    @property
    def complete(self) -> bool:
        """Whether all steps are made."""
        return self.done == len(self.layers) - 1

    def __post_init__(self) -> None:
        for name in ("maps", "spearman", "spearman_abs", "ssim", "kept", "signs"):
            getattr(self, name).setflags(write=False)


def randomisation(
    model: LoadedModel,
    image: np.ndarray,
    found: Sequence[Attribution],
    *,
    order: str = "cascade",
    steps: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    on_step: Callable[[Randomisation], None] | None = None,
) -> Randomisation:
    """Make maps again while the network forgets, layer by layer from the output down.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
    found : sequence of Attribution
        Explanations of this image by this model, at most 16.
    order : str
        ``"cascade"``: each step resets more layers; ``"independent"``: each step resets
        its own layers alone.
    steps : int, optional
        The most steps, 1 to 24, to which neighbouring layers are gathered; None is 12.
    seed : int
        Of the new weights.
    progress : callable, optional
        ``progress(done, total, message)``. May raise, which stops the work.
    on_step : callable, optional
        Takes the result as it is after each step. It may raise, too.

    Returns
    -------
    Randomisation

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of its range, an explanation is of
        another image or model, or the network has no layer with weights. A method that
        fails on a changed network is no error: see ``remarks``.

    Notes
    -----
    A map that stays as it is when the layers that decide have forgotten everything cannot
    be about the decision. Reset layers have the weights of a network before training:
    N(0, 2 / fan-in) for convolutions and dense layers, no bias, norms that do nothing.
    Class, parameters and seed of each explanation stay.

    Rank correlation is told with the sign and without: a random last layer may turn a map
    around, which is another statement about the same places. Where a map is zero because
    the image is black, as with input x gradient, it stays zero: compare with the edge
    detector, which has seen no network at all.

    Guided backpropagation is known to stay, and so is LRP with rules that see only
    positive contributions (Sixt et al.); Grad-CAM, the gradient and LRP-epsilon change.

    Deviation: Adebayo et al. reset to their networks' own initialisations, and one layer
    at a time whatever their number.

    References
    ----------
    J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim: Sanity checks for
    saliency maps, 2018, arXiv 1810.03292.

    L. Sixt, M. Granz, T. Landgraf: When explanations lie: why many modified BP
    attributions fail, 2020, arXiv 1912.09818.
    """
    from xai.attribution.checks.forgetting import compare

    return compare(
        model, image, found, order=order, steps=steps, seed=seed, progress=progress, on_step=on_step
    )
