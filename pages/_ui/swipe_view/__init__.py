"""Two images on top of each other: a divider wipes between them, or they take turns.

What differs by a few grey levels is not seen side by side. It is seen where an edge passes
over it, and best of all as flicker.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from pages._ui import carrier
from pages._ui.relevance_view import payload

_HERE = Path(__file__).parent
# Heights stand here only because the place on the page is taken before the style sheet is there.
_HTML = """
<div class="view swipe" role="group" hidden>
  <div class="words" style="min-height: 28px"><span></span><span></span></div>
  <div class="stage framed" style="position: relative; overflow: hidden">
    <canvas class="after" aria-hidden="true"></canvas>
    <canvas class="before" aria-hidden="true"></canvas>
    <div class="divider" role="slider" tabindex="0" aria-orientation="horizontal"
      aria-valuemin="0" aria-valuemax="100"><i></i></div>
  </div>
  <div class="foot" style="min-height: 46px">
    <button type="button" aria-pressed="false"></button>
  </div>
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(_HERE, _HTML)


@cache
def _engine() -> carrier.Part:
    """Return the script and the style sheet that draw."""
    scripts = (carrier.DRAWING, _HERE / "blinking.js", _HERE / "view.js")
    return carrier.engine(scripts, _HERE / "swipe.css")


def swipe_view(
    before: np.ndarray,
    after: np.ndarray,
    *,
    words: tuple[str, str] = ("clean", "attacked"),
    alt: str,
    key: str,
    start: float = 0.5,
) -> None:
    """Show two images in one place, as wide as the column, with a divider to be dragged.

    Parameters
    ----------
    before, after : ndarray, uint8, shape (H, W), (H, W, 1) or (H, W, 3)
        What is left of the divider, and what is right of it. Of one size.
    words : tuple of str
        What the two are called.
    alt : str
        What both show, for those who cannot see it.
    key : str
        Streamlit's key.
    start : float
        Where the divider stands at first: the share of the width, in [0, 1], that shows
        ``before``.

    Raises
    ------
    ValueError
        If the images differ in height or width, are no pictures, or ``start`` is outside of
        [0, 1].

    Notes
    -----
    The divider follows mouse, finger and keys (arrows, with Shift in larger steps, Home, End).
    The button below lets the images take turns twice a second, as long as it is held or from
    one press to the next; for readers who ask their system for less motion each press shows
    the other one. All of this is the browser's own: no run of the page. Where the divider was
    left is remembered for a pair of images as long as the browser's page is not loaded anew.
    """
    if not 0 <= start <= 1:
        raise ValueError(f"start: expected a share from 0 to 1, got {start}")
    pair = [_flat(image) for image in (before, after)]
    shape = pair[0].shape[:2]
    parts = {
        name: payload.image_part(image, shape)
        for name, image in zip(("before", "after"), pair, strict=True)
    }
    view = {name: one.digest for name, one in parts.items()}
    told = {"shape": shape, "words": words, "alt": alt, "start": float(start)}
    carrier.show(
        _mount,
        key=key,
        height="content",
        view=view | told,
        engine=_engine(),
        parts=parts,
        names=(),
    )


def _flat(image: np.ndarray) -> np.ndarray:
    """Drop the axis of a single channel."""
    image = np.asarray(image)
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
