"""Whether several maps of one image say the same, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai.attribution.checks.likeness import spearman_matrix
from xai.attribution.checks.naming import labels
from xai.attribution.result import Attribution


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far M maps of one image agree.

    Attributes
    ----------
    labels : tuple of str
        Names of the maps.
    spearman : ndarray, shape (M, M), float64, read-only
        Rank correlation of each pair: of the values where both have a sign, else of the
        absolute values. NaN for a constant map.
    spearman_abs : ndarray, shape (M, M), float64, read-only
        The same of the absolute values for all pairs.
    consensus : ndarray, shape (H, W), float32, read-only
        Share of the maps that have the pixel among their strongest, in [0, 1].
    fraction : float
        How many of its pixels are a map's strongest.
    counted : int
        Maps that take part in ``consensus``: all that are not constant.
    digest : str
        SHA-256 of the image, in hexadecimal.
    """

    labels: tuple[str, ...]
    spearman: np.ndarray
    spearman_abs: np.ndarray
    consensus: np.ndarray
    fraction: float
    counted: int
    digest: str

    def __post_init__(self) -> None:
        for values in (self.spearman, self.spearman_abs, self.consensus):
            values.setflags(write=False)

    @property
    def shared(self) -> float:
        """Share of the pixels that are among the strongest of every map that counts."""
        return float((self.consensus == 1).mean()) if self.counted else 0.0

    @property
    def chance(self) -> float:
        """What ``shared`` would be for maps that have nothing to do with each other."""
        return self.fraction**self.counted if self.counted else 0.0

    @property
    def sentence(self) -> str:
        """What a reader should take with them."""
        if self.counted < 2:
            return "Fewer than two maps have a strongest part, so there is nothing to agree on."
        dull = len(self.labels) - self.counted
        left_out = f" {dull} constant left out." if dull else ""
        return (
            f"All {self.counted} maps have {_percent(self.shared)} of the image among their "
            f"strongest {_percent(self.fraction)}; by chance it would be "
            f"{_percent(self.chance)}.{left_out}"
        )


def agreement(found: Sequence[Attribution], *, fraction: float = 0.2) -> Agreement:
    """Compare several explanations of one image.

    Parameters
    ----------
    found : sequence of Attribution
        At least two, of any methods, classes and parameters.
    fraction : float
        How many of its pixels count as a map's strongest, above 0 and below 1.

    Returns
    -------
    Agreement

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two, they are of different images, or the fraction is out
        of its range.

    Notes
    -----
    All maps are summed over their channels first. A pair in which one has no sign (the CAM
    family, and RISE but for a contrast) is compared by absolute values: such a map says
    where, not which way. Strongest are the largest absolute values; a pixel counts if fewer
    than ``fraction`` of all are stronger and it is not zero, so that equal pixels count
    alike, and a map that is zero nearly everywhere marks less than its fraction. Methods
    that agree may all be wrong together: those that multiply by the image agree on where
    it is black.

    References
    ----------
    C. Spearman: The proof and measurement of association between two things, 1904.
    """
    maps, signed = _checked(found, fraction)
    sizes = np.abs(maps)
    absolute = spearman_matrix(sizes)
    both = np.logical_and.outer(signed, signed)
    marked = [_strongest(size, fraction) for size in sizes if size.min() != size.max()]
    consensus = np.mean(marked, axis=0) if marked else np.zeros(maps[0].shape)
    return Agreement(
        labels=labels(found),
        spearman=np.where(both, spearman_matrix(maps), absolute),
        spearman_abs=absolute,
        consensus=consensus.astype(np.float32),
        fraction=float(fraction),
        counted=len(marked),
        digest=found[0].digest,
    )


def _checked(found: Sequence[Attribution], fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps (M, H, W), and which of them have a sign (M,)."""
    if isinstance(found, Attribution) or not isinstance(found, Sequence):
        raise TypeError(f"found: expected a sequence, got {type(found).__name__}")
    for one in found:
        if not isinstance(one, Attribution):
            raise TypeError(f"found: expected Attributions, got {type(one).__name__}")
    if len(found) < 2:
        raise ValueError(f"found: expected at least two explanations, got {len(found)}")
    if len({one.digest for one in found}) > 1:
        raise ValueError("found: expected maps of one image, got those of several")
    if not 0 < fraction < 1:
        raise ValueError(f"fraction: expected above 0 and below 1, got {fraction}")
    maps = np.stack([one.relevance.sum(axis=0, dtype=np.float64) for one in found])
    return maps, np.array([one.signed for one in found])


def _strongest(size: np.ndarray, fraction: float) -> np.ndarray:
    """Return which pixels (H, W) have fewer than a fraction of all above them."""
    few = max(1, round(fraction * size.size))
    least = np.partition(size.ravel(), -few)[-few]
    return (size >= least) & (size > 0)


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "less than 0.1 %"
    return f"{100 * share:.3g} %"
