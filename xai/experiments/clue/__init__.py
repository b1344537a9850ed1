"""The planted clue: explanations whose right answer is known.

A small tag is stamped on the training images of one class, and a network is trained with
it. Whatever explains its decisions should then point at the tag, and should not with a
control network that has never seen the tag in training.

Importing this package loads no torch; :func:`experiment` does.
"""

from __future__ import annotations

from xai.experiments.clue.evidence import Factor, factor, inside
from xai.experiments.clue.params import ClueKey, ClueParams
from xai.experiments.clue.result import CLUE, CONTROL, TIMES, Clue, Score, Usage
from xai.experiments.clue.running import experiment
from xai.experiments.clue.sentences import used, verdict
from xai.experiments.clue.tag import PLACES, Tag, stamp

__all__ = [
    "CLUE",
    "CONTROL",
    "PLACES",
    "TIMES",
    "Clue",
    "ClueKey",
    "ClueParams",
    "Factor",
    "Score",
    "Tag",
    "Usage",
    "experiment",
    "factor",
    "inside",
    "stamp",
    "used",
    "verdict",
]
