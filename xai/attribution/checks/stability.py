"""Whether a map stays the same when the image is a little different.

Importing this module loads no torch; its function does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xai.attribution.checks.naming import labels
from xai.attribution.result import Attribution
from xai.types import Progress

if TYPE_CHECKING:
    from xai.models import LoadedModel


@dataclass(frozen=True, eq=False)
class Wobble:
    """How one map changes over noisy images.

    Attributes
    ----------
    name : str
        Key of the method.
    label : str
        Name for people.
    correlation : ndarray, shape (n,), float64, read-only
        Spearman's rank correlation of each noisy image's map with the clean image's, both
        summed over the channels; NaN if one of the two is constant.
    distance : ndarray, shape (n,), float64, read-only
        Length of the difference of the two, divided by that of the clean one; NaN if the
        clean one is zero everywhere.
    mean : ndarray, shape (H, W), float32, read-only
        Mean of the noisy images' maps.
    deviation : ndarray, shape (H, W), float32, read-only
        Standard deviation of each pixel over them.
    """

    name: str
    label: str
    correlation: np.ndarray
    distance: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    def __post_init__(self) -> None:
        for values in (self.correlation, self.distance, self.mean, self.deviation):
            values.setflags(write=False)

    @property
    def median_correlation(self) -> float:
        """Median of the rank correlations that exist; NaN if none does."""
        return _median(self.correlation)

    @property
    def median_distance(self) -> float:
        """Median of the distances that exist; NaN if none does."""
        return _median(self.distance)


@dataclass(frozen=True, eq=False)
class Stability:
    """How several maps change over the same noisy images.

    Attributes
    ----------
    maps : tuple of Wobble
        In the order given.
    sigma : float
        Standard deviation of the noise, in units of the range [0, 1].
    predicted : tuple of int
        Class predicted for each noisy image.
    clean : int
        Class predicted for the image itself.
    seed : int
        Of the noise.
    """

    maps: tuple[Wobble, ...]
    sigma: float
    predicted: tuple[int, ...]
    clean: int
    seed: int

    @property
    def changed(self) -> tuple[bool, ...]:
        """For each noisy image, whether the network predicts another class."""
        return tuple(label != self.clean for label in self.predicted)


def stability(
    model: LoadedModel,
    image: np.ndarray,
    found: Sequence[Attribution],
    *,
    n: int = 8,
    sigma: float = 0.02,
    seed: int = 0,
    progress: Progress | None = None,
) -> Stability:
    """Make maps again for slightly noisy images, and compare.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        The explained image.
    found : sequence of Attribution
        Maps of this image and model.
    n : int
        Noisy images, 1 to 100; the same for all maps.
    sigma : float
        Standard deviation of the noise, 0 to 1.
    seed : int
        Of the noise. A larger ``n`` begins with the same images.
    progress : callable, optional
        ``progress(done, total, message)``. May raise, which stops the work.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a map is of another image or model, a number is out of range, or a score or a
        map is not finite.

    Notes
    -----
    Gaussian noise, clipped to [0, 1] so that each is an image still. Class, parameters
    and seed of a map stay: a random method draws the same numbers again, so that what
    changes is the image alone. A stable map is not a faithful one: an edge detector is
    stable. An unstable map may follow an unstable network; see ``changed``. What the
    authors take the maximum of, the distance of two maps, is here divided by the length
    of the clean one, and the values of all images are kept.

    References
    ----------
    D. Alvarez-Melis, T. S. Jaakkola: On the robustness of interpretability methods, 2018,
    arXiv 1806.08049.

    C.-K. Yeh, C.-Y. Hsieh, A. S. Suggala, D. I. Inouye, P. Ravikumar: On the
    (in)fidelity and sensitivity of explanations, 2019, arXiv 1901.09392.
    """
    from xai.attribution.checks.repeating import again, between, checked, real

    x = checked(model, image, found)
    count = between(n, 1, 100, "n")
    spread = real(sigma, 0.0, 1.0, "sigma")
    rng = np.random.default_rng(between(seed, 0, 2**63 - 1, "seed"))
    clean = x[0].cpu().numpy()
    noisy = [_noisy(clean, spread, rng) for _ in range(count)]
    names = labels(found, model.classes)
    maps = []
    for place, (one, label) in enumerate(zip(found, names, strict=True)):
        total = len(found) * count
        new = (
            again(model, each, one, progress, (place * count + turn, total))
            for turn, each in enumerate(noisy)
        )
        maps.append(_wobble(one, label, new))
    predictions = [model.predict(each).label for each in (clean, *noisy)]
    return Stability(tuple(maps), spread, tuple(predictions[1:]), predictions[0], int(seed))


def _noisy(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    return (image + np.float32(sigma) * noise).clip(0, 1)


def _wobble(found: Attribution, label: str, new: Iterable[Attribution]) -> Wobble:
    """Compare maps with a clean one, and keep of them no more than sums."""
    from xai.attribution.checks.likeness import spearman

    clean = found.relevance.sum(0, dtype=np.float64)
    length = float(np.linalg.norm(clean))
    offsets, squares = np.zeros_like(clean), np.zeros_like(clean)
    correlation, distance = [], []
    for one in new:
        values = one.relevance.sum(0, dtype=np.float64)
        offset = values - clean
        correlation.append(spearman(clean, values))
        distance.append(float(np.linalg.norm(offset)) / length if length else np.nan)
        # Around the clean map, not around 0: so small differences keep their digits.
        offsets += offset
        squares += offset**2
    mean = offsets / len(distance)
    variance = (squares / len(distance) - mean**2).clip(min=0)
    return Wobble(
        name=found.method,
        label=label,
        correlation=np.array(correlation),
        distance=np.array(distance),
        mean=(clean + mean).astype(np.float32),
        deviation=np.sqrt(variance).astype(np.float32),
    )


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
