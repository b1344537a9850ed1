"""An attacked image as an 8-bit file can hold it, without leaving the allowed ball."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

#: Slack, in grey levels, for numbers that are on the grid but for float32.
_SLACK = 1e-4


def quantize(image: np.ndarray, original: np.ndarray, norm: str, eps: float) -> np.ndarray:
    """Round an attacked image to multiples of 1/255 within a ball around the original.

    Parameters
    ----------
    image, original : ndarray, float32, in [0, 1]
        Of equal shape; ``image`` is within ``eps`` of ``original``.
    norm : {"linf", "l2"}
        The norm of the ball.
    eps : float
        Its radius; infinity for an attack without a bound.

    Returns
    -------
    ndarray, float32, in [0, 1]

    Notes
    -----
    Each pixel goes to the nearest level that the ball allows. In the
    L-infinity norm that is known pixel by pixel. In the L2 norm rounding to the
    nearest may lengthen the perturbation beyond ``eps``; then the pixels whose
    rounding was the coarsest are rounded towards the original instead, as few as
    are needed.

    A pixel stays as it is where no level is allowed, which happens only if the
    original was not on the grid. An original that came from an 8-bit image
    therefore always gives a result that survives being written to a file.
    """
    return _ROUNDING[norm](image, original, eps)


def held(
    images: np.ndarray, originals: np.ndarray, norm: str, radii: Sequence[float]
) -> np.ndarray:
    """Round a batch of attacked images, each within a ball of its own radius.

    Parameters
    ----------
    images, originals : ndarray, shape (N, C, H, W), float32, in [0, 1]
    norm : {"linf", "l2"}
    radii : sequence of N float

    Returns
    -------
    ndarray, shape (N, C, H, W), float32, in [0, 1]
        What :func:`quantize` makes of each.
    """
    if len(set(radii)) == 1 and norm == "linf":
        return quantize(images, originals, norm, radii[0])
    rounded = [
        quantize(image, original, norm, eps)
        for image, original, eps in zip(images, originals, radii, strict=True)
    ]
    return np.stack(rounded)


def _round_linf(image: np.ndarray, original: np.ndarray, eps: float) -> np.ndarray:
    origin = original.astype(np.float64) * 255
    low = np.maximum(np.ceil(origin - eps * 255 - _SLACK), 0)
    high = np.minimum(np.floor(origin + eps * 255 + _SLACK), 255)
    nearest = np.clip(np.rint(image.astype(np.float64) * 255), low, high)
    return np.where(low <= high, _pixels(nearest), image)


def _round_l2(image: np.ndarray, original: np.ndarray, eps: float) -> np.ndarray:
    level, origin = image.astype(np.float64) * 255, original.astype(np.float64) * 255
    nearest = np.rint(level)
    rounded = _pixels(nearest).ravel()
    inner = _towards(image, level, origin).ravel()
    before, after = _squares(rounded, original), _squares(inner, original)
    excess = before.sum() - eps**2
    if excess <= 0:
        return rounded.reshape(image.shape)
    gain = before - after
    coarseness = np.where(gain > 0, np.abs(nearest - level).ravel(), -1)
    order = np.argsort(-coarseness, kind="stable")
    count = int(np.searchsorted(np.cumsum(np.maximum(gain[order], 0)), excess)) + 1
    chosen = order[:count]
    chosen = chosen[gain[chosen] > 0]
    rounded[chosen] = inner[chosen]
    return rounded.reshape(image.shape)


def _towards(image: np.ndarray, level: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Round towards the original; keep a pixel that has no level on its way there."""
    brighter = level >= origin
    inner = np.where(brighter, np.floor(level + _SLACK), np.ceil(level - _SLACK))
    passed = np.where(brighter, inner < origin - _SLACK, inner > origin + _SLACK)
    return np.where(passed, image, _pixels(inner))


def _pixels(levels: np.ndarray) -> np.ndarray:
    return levels.astype(np.float32) / np.float32(255)


def _squares(image: np.ndarray, original: np.ndarray) -> np.ndarray:
    return np.square(image.astype(np.float64).ravel() - original.astype(np.float64).ravel())


_ROUNDING: Mapping[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "linf": _round_linf,
    "l2": _round_l2,
}
