"""A film as one picture for a slide or a page: chosen frames in a row, the step under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xai.figures.mosaic import mosaic


def chosen(count: int, most: int) -> tuple[int, ...]:
    """Return which of ``count`` frames stand in a strip of ``most``: evenly, both ends included.

    Raises
    ------
    ValueError
        If there is no frame, or ``most`` is below 1.
    """
    if count < 1 or most < 1:
        raise ValueError(f"frames: expected at least 1 of at least 1, got {most} of {count}")
    if most == 1:
        return (count - 1,)
    places = np.rint(np.linspace(0, count - 1, min(count, most))).astype(int)
    return tuple(places.tolist())


def filmstrip(
    frames: Sequence[np.ndarray],
    steps: Sequence[int],
    scores: Sequence[float],
    *,
    most: int = 8,
    side: int = 224,
) -> np.ndarray:
    """Draw frames of a film in a row, with step and score under each.

    Parameters
    ----------
    frames : sequence of ndarray, uint8, shape (H, W), (H, W, 1) or (H, W, 3)
        All of one size, the first one first.
    steps : sequence of int
        Steps behind each frame.
    scores : sequence of float
        The objective of each frame.
    most : int
        Frames that are drawn: the first, the last, and others evenly between them.
    side : int
        Smaller frames are enlarged by a whole factor to about this many pixels.

    Returns
    -------
    ndarray, shape (H', W', 3), uint8
        On white.

    Raises
    ------
    ValueError
        If there is no frame, the three differ in number, the frames in size, or ``most``
        is below 1.
    """
    if not len(frames) == len(steps) == len(scores):
        got = f"{len(frames)} frames, {len(steps)} steps, {len(scores)} scores"
        raise ValueError(f"frames: expected a step and a score each, got {got}")
    places = chosen(len(frames), most)
    # Pillow's own font has no raised digits.
    lines = [(f"step {steps[place]:,}", f"score {scores[place]:.3g}") for place in places]
    drawn = [frames[place] for place in places]
    return mosaic(drawn, lines, columns=len(places), side=side)
