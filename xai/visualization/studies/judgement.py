"""What a grown image's score hangs on, in a few sentences: detail, the exact place, neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xai.visualization.studies.reality import Trial

#: Two images keep differently much if their shares differ by more than this.
MARGIN = 0.15


def kept(found: Sequence[Trial], about: str) -> np.ndarray:
    """Return the mean share of its lead that each image keeps after the changes of a kind.

    Parameters
    ----------
    found : sequence of Trial
    about : str
        As in :class:`Change`.

    Returns
    -------
    ndarray, shape (M,), float64
        NaN where there is no change of the kind, or an image had no lead.
    """
    rows = [one.kept for one in found if one.about == about]
    return np.mean(rows, axis=0) if rows else np.full(len(found[0].scores), np.nan)


def verdict(found: Sequence[Trial]) -> str:
    """Say in a few sentences whether the first image is more fragile than the second.

    Parameters
    ----------
    found : sequence of Trial
        Of the grown image, the best real one and, if there is one, an adversarial pattern,
        in this order.

    Raises
    ------
    ValueError
        If there are fewer than two images.
    """
    if not found or len(found[0].scores) < 2:
        raise ValueError("found: expected trials of a grown and a real image")
    start = found[0].kept
    if not np.isfinite(start[0]):
        return (
            "The grown image scores no higher than the average real image: it has no lead that "
            "it could keep or lose."
        )
    detail, place = kept(found, "detail"), kept(found, "place")
    told = (
        f"Blurred or made smaller, the grown image keeps {in_percent(detail[0])} of its lead on "
        f"average, the best real one {in_percent(detail[1])}; moved by a few pixels, "
        f"{in_percent(place[0])} and {in_percent(place[1])}."
    )
    if len(start) > 2 and np.isfinite(start[2]):
        told += (
            f" An adversarial pattern, which is no shape at all, keeps {in_percent(detail[2])} and "
            f"{in_percent(place[2])}."
        )
    weaker = [bool(one[0] < one[1] - MARGIN) for one in (detail, place)]
    return f"{_judged(*weaker)} {told}{_still(found)}"


def _judged(detail: bool, place: bool) -> str:
    if detail and place:
        return (
            "**More a pattern than a shape.** Its score hangs on fine detail and on the exact "
            "place of its pixels, more than that of the best real image."
        )
    if detail:
        return (
            "**Part of it is a fine pattern**, a texture rather than an outline: its score hangs "
            "on fine detail more than that of the best real image, but not on the exact place."
        )
    if place:
        return (
            "**Made for this very frame.** Its score hangs on the exact place of its pixels more "
            "than that of the best real image, but not on fine detail."
        )
    return (
        "**Coarse enough to be a shape.** Its score stands small changes about as well as that of "
        "the best real image, or better; that does not make it look real to people."
    )


def _still(found: Sequence[Trial]) -> str:
    """Say whether the changed image is still ahead of the real one, untouched."""
    first, *others = found
    rest = [one for one in others if one.scores[0] > first.scores[1]]
    if not others or first.scores[0] <= first.scores[1] or not rest:
        return ""
    return (
        f" Its lead was large: after {len(rest)} of {len(others)} changes it still scores higher "
        "than the real image untouched."
    )


def in_percent(share: float) -> str:
    """Write a share of a lead for people; it may be above 1, below 0, or NaN."""
    if not np.isfinite(share):
        return "no lead"
    return f"{round(100 * share)}\u00a0%".replace("-", "−")
