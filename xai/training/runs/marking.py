"""After which steps the weights are kept."""

from __future__ import annotations

#: Share of the first epoch after which there are marks too: most is learned there.
_EARLY = (0.1, 0.25, 0.5)
#: Points of the trace in an epoch.
_POINTS = 20


def marks(epochs: int, per_epoch: int) -> dict[int, float]:
    """Return the marks of a training by steps done, in order.

    Parameters
    ----------
    epochs : int
    per_epoch : int
        Steps of one epoch.

    Returns
    -------
    dict of int to float
        Steps to epochs: 0.0, 0.1, 0.25, 0.5, 1.0, 2.0 and so on. Where an epoch has few
        steps, early marks that fall on none of their own are left out.
    """
    early = {round(share * per_epoch): share for share in _EARLY}
    inside = {step: share for step, share in early.items() if step}
    whole = {epoch * per_epoch: float(epoch) for epoch in range(1, epochs + 1)}
    return {0: 0.0, **inside, **whole}


def is_point(done: int, per_epoch: int) -> bool:
    """Tell whether the trace has a point after so many steps: about twenty an epoch."""
    place = (done - 1) % per_epoch + 1
    return place * _POINTS // per_epoch > (place - 1) * _POINTS // per_epoch
