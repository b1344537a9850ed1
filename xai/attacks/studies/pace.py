"""How fast a model can be attacked, so that long work can say beforehand how long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from xai.attacks.goal import Goal
from xai.attacks.parameters import BimParams

if TYPE_CHECKING:
    from xai.datasets import ImageSet
    from xai.models.loaded import LoadedModel

#: Images in the batch whose time is taken, and its steps.
_TIMED, _TIMED_STEPS = 32, 4


def pace(model: LoadedModel, images: ImageSet) -> float:
    """Measure how long one gradient step takes for one image among others, in seconds.

    Parameters
    ----------
    model : LoadedModel
    images : ImageSet
        A batch of these is attacked in a few steps, after another that is not timed.

    Raises
    ------
    ValueError
        If there is no image.
    """
    from xai.attacks import volley

    count = min(len(images), volley.most(model), _TIMED)
    batch = np.stack([model.prepare(image) for image in images.images[:count]])
    goals = [Goal.untargeted(0)] * count
    begun = 0.0
    for steps in (1, _TIMED_STEPS):
        settings = BimParams(steps=steps).resolved(model.spec)
        begun = time.perf_counter()
        volley.volley(model, batch, goals, "bim", settings, seeds=range(count))
    return (time.perf_counter() - begun) / (count * _TIMED_STEPS)
