"""Many small pictures as one.

A page that shows 512 channels or 10,000 digits sends one picture and a rule that says
where each of them is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import numpy as np

from xai.figures.pictures import picture


class Box(NamedTuple):
    """Where a tile is, in pixels of its sprite."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Sprite:
    """Tiles of one size in rows, from the top left.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 3) or (H, W, 4), uint8
        All tiles in one picture; with a fourth channel, gaps are transparent.
    count : int
        Number of tiles.
    columns : int
        Tiles in a row.
    width, height : int
        Of one tile, in pixels.
    gap : int
        Pixels between tiles.
    """

    pixels: np.ndarray
    count: int
    columns: int
    width: int
    height: int
    gap: int

    @property
    def rows(self) -> int:
        """Number of rows."""
        return -(-self.count // self.columns)

    def position(self, index: int) -> Box:
        """Return where a tile is.

        Raises
        ------
        ValueError
            If there is no such tile.
        """
        if not 0 <= index < self.count:
            raise ValueError(f"tile: expected 0 to {self.count - 1}, got {index}")
        row, column = divmod(index, self.columns)
        x, y = column * (self.width + self.gap), row * (self.height + self.gap)
        return Box(x, y, self.width, self.height)

    def tile(self, index: int) -> np.ndarray:
        """Return the pixels of one tile, a view."""
        x, y, width, height = self.position(index)
        return self.pixels[y : y + height, x : x + width]

    def webp(self, quality: int | None = 80, *, levels: int = 256) -> bytes:
        """Return the sprite as the bytes of a WebP file.

        Parameters
        ----------
        quality : int or None
            0 to 100; None keeps every pixel as it is, in a larger file.
        levels : int
            Values of each channel that are told apart, 2 to 256, black and white among
            them. For drawings: with ``quality`` None, 4 levels make 10,000 digits a
            third as large, and crisper than a lossy file of twice that size.

        Raises
        ------
        ValueError
            If a side is longer than the 16,383 pixels that WebP allows, or ``levels``
            is out of range.
        """
        from PIL import Image

        if not 2 <= levels <= 256:
            raise ValueError(f"levels: expected 2 to 256, got {levels}")
        if max(self.pixels.shape[:2]) > 16_383:
            raise ValueError(f"WebP: expected at most 16,383 pixels, got {self.pixels.shape[:2]}")
        buffer = BytesIO()
        options = {"lossless": True, "quality": 0} if quality is None else {"quality": quality}
        steps = np.rint(np.linspace(0, levels - 1, 256)) * (255 / (levels - 1))
        pixels = self.pixels if levels == 256 else np.rint(steps).astype(np.uint8)[self.pixels]
        Image.fromarray(pixels).save(buffer, "WEBP", method=1, **options)
        return buffer.getvalue()

    def png(self) -> bytes:
        """Return the sprite as the bytes of a PNG file."""
        from xai.images import encode_png

        return encode_png(self.pixels)


def sprite(
    tiles: np.ndarray | Sequence[np.ndarray],
    *,
    columns: int | None = None,
    gap: int = 0,
    background: tuple[int, ...] | None = None,
) -> Sprite:
    """Lay tiles of one size out in rows.

    Parameters
    ----------
    tiles : ndarray, shape (N, H, W), (N, H, W, 1) or (N, H, W, 3), uint8
        Or a sequence of such pictures.
    columns : int or None
        Tiles in a row; None makes the sprite about square.
    gap : int
        Pixels between tiles.
    background : tuple of int, or None
        Red, green and blue of gaps and empty places; None makes them transparent, if
        there are any. With an opacity (0 to 255) as fourth number it is the colour of
        gaps, and empty places are transparent.

    Raises
    ------
    TypeError, ValueError
        If there is no tile, the tiles are of other kind or of several sizes, or
        ``columns`` or ``gap`` is out of range.
    """
    stack = _stack(tiles)
    count, height, width = stack.shape[:3]
    columns = _columns(count, columns)
    if gap < 0:
        raise ValueError(f"gap: expected at least 0, got {gap}")
    rows = -(-count // columns)
    filled = rows * columns == count and gap == 0
    clear = not filled and (background is None or len(background) == 4)
    cells = np.zeros((rows * columns, height + gap, width + gap, 4 if clear else 3), np.uint8)
    if background is not None:
        cells[: count if clear else None] = background[: cells.shape[3]]
    cells[:count, :height, :width, :3] = stack
    if clear:
        cells[:count, :height, :width, 3] = 255
    grid = cells.reshape(rows, columns, height + gap, width + gap, -1).transpose(0, 2, 1, 3, 4)
    pixels = grid.reshape(rows * (height + gap), columns * (width + gap), -1)
    pixels = np.ascontiguousarray(pixels[: len(pixels) - gap, : pixels.shape[1] - gap])
    return Sprite(pixels, count, columns, width, height, gap)


def thumbnails(
    images: np.ndarray | Sequence[np.ndarray],
    *,
    side: int = 28,
    columns: int | None = None,
    background: tuple[int, int, int] = (0, 0, 0),
) -> Sprite:
    """Draw pictures of any size as tiles of ``side`` × ``side`` pixels.

    Parameters
    ----------
    images : ndarray or sequence of ndarray
        Pixels, uint8, shape (H, W), (H, W, 1) or (H, W, 3) each.
    side : int
        Of a tile, in pixels.
    columns : int or None
        As in :func:`sprite`.
    background : tuple of int
        Red, green and blue of the bars beside a picture that is not square.

    Raises
    ------
    ValueError
        If there is no picture, one is of another kind, or ``side`` is below 1.
    """
    if side < 1:
        raise ValueError(f"side: expected at least 1, got {side}")
    if len(images) == 0:
        raise ValueError("images: expected at least one, got none")
    whole = isinstance(images, np.ndarray) and images.dtype == np.uint8
    if whole and np.shape(images)[1:3] == (side, side):
        return sprite(images, columns=columns, background=background)
    tiles = np.empty((len(images), side, side, 3), np.uint8)
    tiles[:] = background
    for tile, image in zip(tiles, images, strict=True):
        if image.shape[:2] == (side, side):
            tile[:] = picture(image)
        else:
            _letter(tile, picture(image))
    return sprite(tiles, columns=columns, background=background)


def _letter(tile: np.ndarray, pixels: np.ndarray) -> None:
    from PIL import Image

    from xai.images import resize

    side, longer = len(tile), max(pixels.shape[:2])
    # Means of whole blocks first: resampling every pixel of a photograph takes thrice as long.
    if longer >= 4 * side:
        pixels = np.array(Image.fromarray(pixels).reduce(longer // (2 * side)))
        longer = max(pixels.shape[:2])
    height, width = (max(1, round(side * length / longer)) for length in pixels.shape[:2])
    top, left = (side - height) // 2, (side - width) // 2
    tile[top : top + height, left : left + width] = resize(pixels, (height, width))


def _stack(tiles: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    if len(tiles) == 0:
        raise ValueError("tiles: expected at least one, got none")
    shapes = {np.shape(tile) for tile in tiles}
    if len(shapes) > 1:
        raise ValueError(f"tiles: expected one size, got {', '.join(map(str, sorted(shapes)))}")
    stack = np.asarray(tiles)
    if stack.dtype != np.uint8:
        raise TypeError(f"tiles: expected uint8, got {stack.dtype}")
    if stack.ndim == 3:
        stack = stack[..., None]
    if stack.ndim != 4 or stack.shape[3] not in (1, 3) or stack.size == 0:
        raise ValueError(f"tiles: expected shape (N, H, W) or (N, H, W, 3), got {stack.shape}")
    return stack


def _columns(count: int, columns: int | None) -> int:
    if columns is None:
        return int(np.ceil(np.sqrt(count)))
    if columns < 1:
        raise ValueError(f"columns: expected at least 1, got {columns}")
    return min(columns, count)
