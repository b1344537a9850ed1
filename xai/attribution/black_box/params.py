"""The parameters of the methods that only ask the model for scores."""

from __future__ import annotations

from dataclasses import dataclass

from xai.types import Params, choice, number

#: What can stand where a part of the image is hidden; see :mod:`xai.attribution.black_box.fills`.
FILLS = ("mean", "black", "grey", "blur")


@dataclass(frozen=True)
class OcclusionParams(Params):
    """Parameters of occlusion."""

    window: int = number(
        0,
        0,
        1024,
        1,
        unit="pixels",
        help="Side of the square that hides a part of the image; 0 takes a seventh of the "
        "image's longer side. Small windows miss what is only lost as a whole.",
    )
    stride: int = number(
        0,
        0,
        1024,
        1,
        unit="pixels",
        help="How far the window moves; 0 takes half of the window. Half the stride makes the "
        "map finer and takes four times as long.",
    )
    fill: str = choice(
        "mean",
        FILLS,
        help="What the window is filled with: the image's mean colour, black, grey, or the "
        "image itself, blurred. No fill is neutral: each one is a new pattern to the network.",
    )


@dataclass(frozen=True)
class RiseParams(Params):
    """Parameters of RISE."""

    n: int = number(
        500,
        2,
        20000,
        1,
        unit="masks",
        help="Random masks that the image is seen through; four times as many halve the noise "
        "of the map.",
    )
    grid: int = number(
        7,
        2,
        32,
        1,
        unit="cells",
        help="Cells along each side of a mask: more cells can point at smaller parts, and need "
        "more masks.",
    )
    p: float = number(
        0.5,
        0.01,
        1.0,
        0.05,
        help="Probability that a cell is shown. Where the model gives up as soon as anything is "
        "hidden, show more.",
    )
    fill: str = choice(
        "black",
        FILLS,
        help="What is seen where the mask hides the image: black as in the paper, the image's "
        "mean colour, grey, or the image itself, blurred.",
    )
