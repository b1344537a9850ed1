"""Tamper detective: two data sets, one class of one of them altered, and how to find it.

Two networks are trained by one recipe on different digits. Over every image of one class of one
set lies a pattern too faint for the eye. Importing this package loads no torch.

==============  =========================================================================
``pattern``     the faint pattern, and a data set with one class altered
``answer``      what was altered, and the envelope that it lies in until all have voted
``case``        two data sets and two runs: the shipped pair, and fresh ones
``inspection``  what a detective may look at: means, neurons at work
``suspicion``   the statistic that would have told
``reliance``    whether a network uses the pattern
==============  =========================================================================
"""

from __future__ import annotations

from xai.experiments.tamper.answer import NOBODY, SIDES, Answer, Envelope, draw
from xai.experiments.tamper.case import SHIPPED_SEED, Case, make_case, shipped_case
from xai.experiments.tamper.inspection import class_means, image_means, share_at_work
from xai.experiments.tamper.pattern import STRENGTH, pattern, tampered
from xai.experiments.tamper.reliance import Reliance, reliance
from xai.experiments.tamper.suspicion import THRESHOLD, Suspicion, suspicion

__all__ = [
    "NOBODY",
    "SHIPPED_SEED",
    "SIDES",
    "STRENGTH",
    "THRESHOLD",
    "Answer",
    "Case",
    "Envelope",
    "Reliance",
    "Suspicion",
    "class_means",
    "draw",
    "image_means",
    "make_case",
    "pattern",
    "reliance",
    "share_at_work",
    "shipped_case",
    "suspicion",
    "tampered",
]
