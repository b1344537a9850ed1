"""An edge detector: the map of somebody who has seen the image and no network."""

from __future__ import annotations

import numpy as np

# ITU-R 601-2, as the models' own grey.
_LUMA = np.array([0.299, 0.587, 0.114])


def edge_map(image: np.ndarray) -> np.ndarray:
    """Return how steep the grey image is at each pixel.

    Parameters
    ----------
    image : ndarray, shape (C, H, W), in [0, 1]
        C is 1 or 3.

    Returns
    -------
    ndarray, shape (H, W), float32
        Not negative; 0 where the image is flat.

    Raises
    ------
    ValueError
        If it has another shape, or holds NaN or infinity.

    Notes
    -----
    The length of the gradient by Sobel's two 3 by 3 filters, per pixel (divided by 8); at
    the border the outermost pixels are repeated. An explanation that is no more like the
    clean one than this map is tells where the image has edges, whatever was learned.
    """
    array = np.asarray(image, np.float64)
    if array.ndim != 3 or array.shape[0] not in (1, 3) or array.size == 0:
        raise ValueError(f"image: expected shape (1 or 3, H, W), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("image: expected finite numbers, got NaN or infinity")
    # Pixel by pixel: a matrix product rounds equal colours to unequal grey, and a flat part
    # of the image would get an order.
    grey = array[0] if len(array) == 1 else (_LUMA[:, None, None] * array).sum(axis=0)
    padded = np.pad(grey, 1, mode="edge")
    across = _smoothed(padded[:, 2:] - padded[:, :-2])
    down = _smoothed((padded[2:] - padded[:-2]).T).T
    return (np.hypot(across, down) / 8).astype(np.float32)


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Weigh each row with its neighbours, 1 to 2 to 1."""
    return values[:-2] + 2 * values[1:-1] + values[2:]
