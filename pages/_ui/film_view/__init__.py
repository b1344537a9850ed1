"""A film of a picture that grows: large, with a bar to scrub it, step and score of each frame.

While a run lasts the same view is given more and more frames: it follows the newest one until a
reader goes back, and then stays where that reader is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from pages._ui import cached, carrier
from xai import images
from xai.figures.wording import number

#: Frames that a film has at most.
MOST_FRAMES = 240

_HERE = Path(__file__).parent
# Frames of one file. Those behind it are sent once, however many are still to come.
_REEL = 12
# Of the picture's longer side in CSS pixels; below so many pixels of its own, they are squares.
_SIDE, _SMALL = 420, 128
# Heights stand here only because the place on the page is taken before the style sheet is there.
_HTML = f"""
<div class="view film" role="group" hidden>
  <div class="stage framed"><canvas aria-hidden="true"></canvas></div>
  <div class="words" style="height: 42px">
    <span class="step"></span><span class="score"></span></div>{carrier.bar("Frame")}
</div>
"""
# Registered here and not on each run: Streamlit would start the component anew.
_mount = carrier.component(_HERE, _HTML)


@cache
def _engine() -> carrier.Part:
    """Return the script and the style sheet that draw."""
    scripts = (carrier.DRAWING, carrier.PLAYING, _HERE / "reels.js", _HERE / "view.js")
    return carrier.engine(scripts, carrier.BAR, _HERE / "film.css")


def film_view(
    frames: Sequence[np.ndarray],
    steps: Sequence[int],
    scores: Sequence[float],
    *,
    alt: str,
    key: str,
    total: int | None = None,
    live: bool = False,
) -> None:
    """Show a film, up to 420 pixels wide, that is scrubbed, played, and stepped through.

    Parameters
    ----------
    frames : sequence of ndarray, uint8, shape (H, W), (H, W, 1) or (H, W, 3)
        Of one size, the first one first.
    steps : sequence of int
        Steps behind each frame, rising.
    scores : sequence of float
        A number that stands beside the step, in three digits.
    alt : str
        What the film shows, for those who cannot see it. Films of one first frame and one
        ``alt`` are the same film to the reader's place in it.
    key : str
        Streamlit's key.
    total : int, optional
        Steps of the whole run, said beside the step.
    live : bool
        Whether more is to come: the view follows the newest frame.

    Raises
    ------
    ValueError
        If there is no frame or more than :data:`MOST_FRAMES`, the three differ in number,
        the frames in size, the steps do not rise, or a frame is no picture.

    Notes
    -----
    Playing, scrubbing and the keys (arrows, Page up and down, Home, End; Space plays) are the
    browser's own: no run of the page. Where the reader was is kept from run to run, also when the
    view goes and comes back, and found again by its step when frames are added or left out.
    Frames travel as WebP files of twelve, without loss if they are small.
    """
    pixels = _checked(frames, steps, scores)
    reels = [_reel(pixels[first : first + _REEL]) for first in range(0, len(pixels), _REEL)]
    height, width = pixels[0].shape[:2]
    view = {
        "name": f"{images.digest(pixels[0])[:16]} {alt}",
        "alt": alt,
        "shape": (height, width),
        "side": _width(height, width),
        "crisp": max(height, width) < _SMALL,
        "reel": _REEL,
        "reels": [reel.digest for reel in reels],
        "steps": [int(step) for step in steps],
        "scores": [number(float(score)) for score in scores],
        "total": total,
        "live": bool(live),
    }
    carrier.show(
        _mount,
        key=key,
        height="content",
        view=view,
        engine=_engine(),
        parts={f"reel{turn}": reel for turn, reel in enumerate(reels)},
        names=(),
    )


def _checked(
    frames: Sequence[np.ndarray], steps: Sequence[int], scores: Sequence[float]
) -> list[np.ndarray]:
    """Return frames of shape (H, W, C)."""
    if not 1 <= len(frames) <= MOST_FRAMES:
        raise ValueError(f"frames: expected 1 to {MOST_FRAMES}, got {len(frames)}")
    if not len(frames) == len(steps) == len(scores):
        got = f"{len(frames)} frames, {len(steps)} steps, {len(scores)} scores"
        raise ValueError(f"frames: expected a step and a score each, got {got}")
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError("steps: expected rising ones, got others")
    pixels = [frame[..., None] if frame.ndim == 2 else frame for frame in frames]
    shapes = {frame.shape for frame in pixels}
    if len(shapes) > 1 or pixels[0].ndim != 3 or pixels[0].shape[2] not in (1, 3):
        raise ValueError(f"frames: expected one size, got {', '.join(map(str, sorted(shapes)))}")
    return pixels


def _reel(frames: list[np.ndarray]) -> carrier.Part:
    """Return frames as one file; a whole reel is encoded once, however often it is shown."""
    stack = np.stack(frames)
    if stack.dtype != np.uint8 or not stack.size:
        raise ValueError(f"frames: expected uint8 pixels, got {stack.dtype} of {stack.shape}")
    small = max(stack.shape[1:3]) < _SMALL
    picture, columns = cached.reel(images.digest(stack), None if small else 90, stack)
    height, width = stack.shape[1:3]
    return carrier.part({"columns": columns, "width": width, "height": height}, picture)


def _width(height: int, width: int) -> int:
    """Return how wide the picture is in CSS pixels; small ones by a whole factor."""
    longer = max(height, width)
    if longer < _SMALL:
        return max(1, round(_SIDE / longer)) * width
    return max(1, round(_SIDE * width / longer))
