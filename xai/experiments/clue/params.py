"""What an experiment with a planted clue depends on."""

from __future__ import annotations

from dataclasses import dataclass

from xai.attribution import METHODS
from xai.experiments.clue.tag import Tag
from xai.types import Params, number


@dataclass(frozen=True)
class ClueParams(Params):
    """How much is trained, and how much is explained."""

    tagged: float = number(
        1.0,
        0.05,
        1.0,
        0.05,
        unit="of the class",
        help="How many of the class's training images carry the tag: with all of them the tag "
        "alone tells the class, with few of them the network still has to learn its shape.",
    )
    epochs: int = number(3, 1, 10, 1, help="How often each network sees all training images.")
    explained: int = number(
        20,
        2,
        100,
        1,
        unit="images",
        help="Test images of the class, all with the tag, that every method explains: more give "
        "narrower intervals, and take longer.",
    )


@dataclass(frozen=True)
class ClueKey:
    """Everything that the result of :func:`~xai.experiments.clue.experiment` depends on.

    Attributes
    ----------
    architecture : str
        What is trained.
    data, test : str
        Signatures of the training and of the test images.
    label : int
        Index of the class with the tag.
    tag : Tag
    params : ClueParams
    seed : int
    methods : tuple of str
        Who is asked, in this order: with another registry it is another experiment.
    version : int
        Of the way it is made: what was kept by an earlier one is not served.
    """

    architecture: str
    data: str
    test: str
    label: int
    tag: Tag
    params: ClueParams
    seed: int
    methods: tuple[str, ...] = tuple(METHODS)
    version: int = 1
