"""The books of a propagation: where the score went on its way to the pixels.

Importing this module loads no torch; :func:`ledger` does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xai.attribution.lrp.account import RULES, percent, sentence
from xai.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from xai.attribution.lrp.params import LrpParams
    from xai.models import LoadedModel

__all__ = ["PIXELS", "Entry", "Ledger", "Stream", "ledger", "percent", "sentence"]

#: What streams into the image are called; no module can have this name.
PIXELS = "(pixels)"


@dataclass(frozen=True)
class Stream:
    """What a module hands to one of its inputs.

    Attributes
    ----------
    source : str
        Name of the row that it goes to, or :data:`PIXELS`.
    positive, negative : float
        Sums of the positive and of the negative relevance.
    """

    source: str
    positive: float
    negative: float

    @property
    def amount(self) -> float:
        """The sum of both."""
        return self.positive + self.negative


@dataclass(frozen=True)
class Entry:
    """One row: what came to a module's output, and where it went.

    Attributes
    ----------
    name : str
        Dotted path of the module, as in ``model.steps``; of a module that is called
        several times, with the number of the call behind it.
    kind : str
        Class of the module.
    rule : str
        A key of :data:`xai.attribution.lrp.account.RULES`.
    positive, negative : float
        Sums of the positive and of the negative relevance at its output.
    streams : tuple of Stream
        What it handed to its inputs. Of a sum the way through more layers comes first,
        so that a shortcut is the last.
    bias : float
        What its bias took as the share of its own contribution.
    stabilizer : float
        What the small number in the denominator took.
    lost : float
        What could be given to nobody, as no contribution had the sign that the rule asks for.
    other : float
        What a module without a rule did not hand on: relevance of padding.

    Notes
    -----
    An amount below 0 came into being there: a bias that speaks against the class, or
    a rule that takes off the negative part where there is none.
    """

    name: str
    kind: str
    rule: str
    positive: float
    negative: float
    streams: tuple[Stream, ...]
    bias: float = 0.0
    stabilizer: float = 0.0
    lost: float = 0.0
    other: float = 0.0

    @property
    def label(self) -> str:
        """The rule for people."""
        return RULES[self.rule]

    @property
    def received(self) -> float:
        """The relevance that arrived at its output."""
        return self.positive + self.negative

    @property
    def handed(self) -> float:
        """The relevance that its inputs got."""
        return math.fsum(stream.amount for stream in self.streams)

    @property
    def absorbed(self) -> float:
        """What went neither on nor astray: bias, stabilizer, lost and other together."""
        return math.fsum((self.bias, self.stabilizer, self.lost, self.other))

    @property
    def gap(self) -> float:
        """What the row fails to explain: rounding, unless a rule is wrong."""
        return self.received - self.handed - self.absorbed

    @property
    def to(self) -> tuple[tuple[str, float], ...]:
        """The amount of each stream by the name of its row."""
        return tuple((stream.source, stream.amount) for stream in self.streams)


@dataclass(frozen=True, eq=False)
class Ledger:
    """Where a score went, module by module, from the output down to the pixels.

    Attributes
    ----------
    target : int
        Index of the class.
    contrast : int or None
        Index of the class whose score was taken off.
    score : float
        What was handed back: the logit of the class, or the difference of the two, of the
        network in canonical form.
    rows : tuple of Entry
        From the output to the input.
    positive, negative : float
        Sums of the positive and of the negative relevance of the pixels.
    params : LrpParams
        Composite and its numbers, defaults included.
    model : str
        Name of the model's spec.
    digest : str
        SHA-256 of the image, in hexadecimal.
    """

    target: int
    contrast: int | None
    score: float
    rows: tuple[Entry, ...]
    positive: float
    negative: float
    params: LrpParams
    model: str
    digest: str

    @property
    def reached(self) -> float:
        """The sum of the relevance of the pixels."""
        return self.positive + self.negative

    @property
    def share(self) -> float | None:
        """What of the score reached the pixels; None if the score is 0."""
        return self.reached / self.score if self.score else None

    @property
    def absorbed(self) -> dict[str, float]:
        """What all rows took together: bias, stabilizer, lost and other."""
        return {
            "bias": math.fsum(row.bias for row in self.rows),
            "stabilizer": math.fsum(row.stabilizer for row in self.rows),
            "lost": math.fsum(row.lost for row in self.rows),
            "other": math.fsum(row.other for row in self.rows),
        }

    @property
    def gap(self) -> float:
        """What the books fail to explain, in units of the score."""
        return self.score - self.reached - math.fsum(self.absorbed.values())

    @property
    def skips(self) -> tuple[Entry, ...]:
        """The sums: the last stream of each went by the shortcut."""
        return tuple(row for row in self.rows if row.kind == "Sum")


def ledger(
    model: LoadedModel,
    image: np.ndarray,
    *,
    target: int | None = None,
    contrast: int | None = None,
    params: LrpParams | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Keep the books of layer-wise relevance propagation for one image.

    Parameters
    ----------
    model : LoadedModel
        May be in use by other threads; nothing of it changes. Must have a rule
        for every module: ``blocked(model, "lrp")`` says.
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        As :meth:`LoadedModel.prepare` makes it.
    target, contrast : int, optional
        As for :func:`xai.attribution.run`.
    params : LrpParams or mapping, optional
        As for the method ``"lrp"`` of :func:`xai.attribution.run`.
    progress : callable, optional
        ``progress(done, total, message)``. May raise, which stops the work.

    Raises
    ------
    TypeError, ValueError
        As :func:`xai.attribution.run`.

    Notes
    -----
    A rule hands unit ``j``'s relevance to its inputs as ``(z_ij / d_j) R_j`` with ``d_j =
    sum_i z_ij + b_j + e_j``: contributions, bias and stabilizer. The bias takes ``(b_j /
    d_j) R_j`` and the stabilizer ``(e_j / d_j) R_j``; where contributions and bias add up
    to nothing, ``d_j`` is the stabilizer alone and all of ``R_j`` is lost. These formulas
    are worked out from the recorded inputs and relevances, apart from the code of the
    rules, so that ``gap`` also audits it: for every row received = handed + bias +
    stabilizer + lost + other, and over the network score = reached + all that was absorbed.

    A layer is taken together with the batch norm that is folded into it, so its bias
    holds the norm's shift. Rows that only reshape are left out.

    References
    ----------
    S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller, W. Samek: On
    pixel-wise explanations for non-linear classifier decisions by layer-wise
    relevance propagation, PLOS ONE 10 (7), 2015.
    """
    from xai.attribution.lrp.bookkeeping import balanced

    return balanced(model, image, aim=(target, contrast), params=params, progress=progress)
