"""Class visualisation: the image that a part of a network would most like to see.

:data:`OBJECTIVES` lists what an image can be grown for, :func:`run` grows one by gradient
ascent. Importing this package loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xai.types import Method, Paper, Progress, lazy
from xai.visualization.parameters import REGULARIZERS, VisualizationParams, off, only, used
from xai.visualization.presets import preset
from xai.visualization.result import Frame, Index, Sight, State, Step, Visualization

if TYPE_CHECKING:
    import numpy as np

    from xai.models.loaded import LoadedModel

__all__ = [
    "OBJECTIVES",
    "REGULARIZERS",
    "Frame",
    "Index",
    "Sight",
    "State",
    "Step",
    "Visualization",
    "VisualizationParams",
    "named",
    "off",
    "only",
    "preset",
    "run",
    "settled",
    "used",
]

_SIMONYAN = Paper(
    "K. Simonyan, A. Vedaldi, A. Zisserman",
    "Deep inside convolutional networks: visualising image classification models and saliency maps",
    2013,
    "1312.6034",
)
_ERHAN = Paper(
    "D. Erhan, Y. Bengio, A. Courville, P. Vincent",
    "Visualizing higher-layer features of a deep network",
    2009,
)
_OLAH = Paper("C. Olah, A. Mordvintsev, L. Schubert", "Feature visualization", 2017)

_aim = lazy("xai.visualization.aims:aim")

#: What an image can be grown for, in display order; ``function(model, objective, layer,
#: index)`` checks it.
OBJECTIVES: dict[str, Method] = {
    "class": Method(
        label="Class",
        function=_aim,
        params=VisualizationParams,
        paper=_SIMONYAN,
        summary="The image with the highest score of one class, before the softmax: a "
        "probability could also be raised by lowering all other classes.",
        formula=r"\max_x\; S_c(x) - \lambda R(x)",
    ),
    "channel": Method(
        label="Channel",
        function=_aim,
        params=VisualizationParams,
        paper=_ERHAN,
        summary="The image that one channel of a layer answers to most, on average over its map.",
        formula=r"\max_x\; \tfrac{1}{|P|} \sum_{p \in P} a_{k,p}(x) - \lambda R(x)",
    ),
    "unit": Method(
        label="Unit",
        function=_aim,
        params=VisualizationParams,
        paper=_ERHAN,
        summary="The image that one place of a channel's map answers to most: it grows only "
        "where that place can see.",
        formula=r"\max_x\; a_{k,p}(x) - \lambda R(x)",
    ),
    "layer": Method(
        label="Layer",
        function=_aim,
        params=VisualizationParams,
        paper=Paper(
            "A. Mordvintsev, C. Olah, M. Tyka",
            "Inceptionism: going deeper into neural networks",
            2015,
        ),
        summary="Whatever a layer sees already, more of it: the mean square of all that it gives.",
        formula=r"\max_x\; \tfrac{1}{n} \|a(x)\|_2^2 - \lambda R(x)",
    ),
    "contrast": Method(
        label="2 classes",
        function=_aim,
        params=VisualizationParams,
        paper=_SIMONYAN,
        summary="The image with the largest lead of one class over another: what tells them "
        "apart, and not what they share.",
        formula=r"\max_x\; S_a(x) - S_b(x) - \lambda R(x)",
    ),
    "mix": Method(
        label="2 channels",
        function=_aim,
        params=VisualizationParams,
        paper=_OLAH,
        summary="The image that two channels of a layer answer to together.",
        formula=r"\max_x\; \bar a_k(x) + \bar a_l(x) - \lambda R(x)",
    ),
}


def named(model: LoadedModel, objective: str, layer: str | None = None, index: Any = None) -> str:
    """Say what an image is grown for, for people: ``"channel 4 of relu2, before its ReLU"``.

    Raises
    ------
    TypeError, ValueError
        As :func:`run`, if the model does not have it.
    """
    from xai.visualization.aims import aim

    return aim(model, objective, layer, index).label(model.classes)


def settled(
    model: LoadedModel,
    objective: str,
    params: VisualizationParams | Mapping[str, Any] | None = None,
) -> VisualizationParams:
    """Return complete settings: what a mapping leaves out, the model's preset fills in.

    Raises
    ------
    TypeError, ValueError
        If a setting is unknown, of another kind or out of range.
    """
    from xai.types import make_params

    if params is None or isinstance(params, VisualizationParams):
        return params or preset(model, objective)
    if not isinstance(params, Mapping):
        return make_params(VisualizationParams, params)
    make_params(VisualizationParams, params)
    return replace(preset(model, objective), **params)


def run(
    model: LoadedModel,
    objective: str,
    *,
    layer: str | None = None,
    index: Any = None,
    params: VisualizationParams | Mapping[str, Any] | None = None,
    seed: int = 0,
    image: np.ndarray | None = None,
    resume: State | Visualization | None = None,
    progress: Progress | None = None,
    on_step: Callable[[Sight], None] | None = None,
) -> Visualization:
    """Grow an image that a part of a network answers to strongly.

    Parameters
    ----------
    model : LoadedModel
    objective : str
        A key of :data:`OBJECTIVES`.
    layer : str, optional
        Name of one of ``model.layers``; for a class or two classes None. Channels and units
        of an activation function are taken before it, so that one that is silent still has
        a gradient; a layer that dreams is taken as it is.
    index : int or sequence of int, optional
        A class or channel; two of them for ``"contrast"`` and ``"mix"``; channel, row and
        column for ``"unit"`` (of a dense layer its number alone); None for ``"layer"``.
    params : VisualizationParams or mapping, optional
        Settings; what a mapping leaves out is taken from :func:`preset`, as is everything
        if there is none. ``params.steps`` counts from the start of the run, also of one
        that is resumed.
    seed : int
        Of the run's own generators: start, shifts, turns.
    image : ndarray, shape (C, H, W), in [0, 1], optional
        Where it begins if ``params.start`` is ``"image"``.
    resume : State or Visualization, optional
        Goes on from there; with the same settings the end is that of an unbroken run, bit
        for bit. All settings may have changed but the start, which then means nothing.
    progress : callable, optional
        ``progress(done, total, message)`` after each step; may raise to stop.
    on_step : callable, optional
        Receives a :class:`Sight`, the first before the first step, then up to ten times a
        second; may raise to stop. Its state can be resumed.

    Returns
    -------
    Visualization
        If the learning rate was too high, ``diverged`` and the best image before.

    Raises
    ------
    TypeError, ValueError
        If something is not what it should be, or the model does not have it.

    Notes
    -----
    Each step: shift, turn and scale the image at random; gradient of the score with respect
    to the image; clip it, keep what is coarse (octaves), subtract the slope of the total
    variation; move the pixels or waves along it, keeping part of the last step (momentum);
    fade, blur, clip to [0, 1].

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks, 2013, arXiv
    1312.6034. J. Yosinski, J. Clune, A. Nguyen, T. Fuchs, H. Lipson: Understanding neural
    networks through deep visualization, 2015, arXiv 1506.06579. C. Olah, A. Mordvintsev,
    L. Schubert: Feature visualization, 2017, Distill.
    """
    from xai.visualization.aims import aim
    from xai.visualization.ascent import grow

    wanted = aim(model, objective, layer, index)
    state = resume.state if isinstance(resume, Visualization) else resume
    if state is not None and not isinstance(state, State):
        raise TypeError(f"resume: expected a State, got {type(state).__name__}")
    (found,) = grow(
        model,
        (wanted,),
        settled(model, objective, params),
        (seed,),
        image=image,
        states=None if state is None else (state,),
        progress=progress,
        on_step=None if on_step is None else lambda sights: on_step(sights[0]),
    )
    return found
