"""Robust accuracy as tables to take away: comma-separated text with a head line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from xai.attacks.studies.robust_accuracy import Robustness


def accuracy_table(found: Robustness) -> str:
    """Write a row for each method and strength: accuracy, its 95 % interval, the counts.

    Strengths are for pixels from 0 to 1.
    """
    head = ("method", "norm", "strength", "accuracy", "low", "high", "right", "images")
    rows = [
        (method, found.norm, f"{size:.6g}", f"{share:.6f}", *between, int(hits), found.done)
        for method in found.methods
        for size, share, hits, between in zip(
            found.strengths,
            found.accuracy(method),
            found.hits(method),
            [[f"{bound:.6f}" for bound in pair] for pair in found.interval(method)],
            strict=True,
        )
    ]
    return _text(head, rows)


def answer_table(found: Robustness, ids: Sequence[str]) -> str:
    """Write a row for each image that is done: its name, its class, and every answer.

    Parameters
    ----------
    found : Robustness
    ids : sequence of str
        Names of all images of the set, as :attr:`ImageSet.ids` has them.
    """
    each = [
        (f"{method} {size:.6g}", found.predicted[row, turn])
        for row, method in enumerate(found.methods)
        for turn, size in enumerate(found.strengths)
    ]
    rows = [
        (
            ids[found.places[image]],
            found.classes[found.labels[image]],
            found.classes[found.clean[image]],
            *(found.classes[answers[image]] for _, answers in each),
        )
        for image in range(found.done)
    ]
    return _text(("image", "true", "clean", *(name for name, _ in each)), rows)


def _text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell: object) -> object:
    """Keep a spreadsheet from taking a name for a formula."""
    risky = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if risky else cell
