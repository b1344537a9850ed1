"""Tables as CSV text that a spreadsheet takes for text and numbers, and for nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

#: What makes a spreadsheet take a text for a formula, in wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(name: str) -> str:
    """Return a name with an apostrophe before what a spreadsheet would take for a formula.

    Names of files and folders come from whoever packed them.
    """
    return f"'{name}" if name.lstrip(" ").startswith(_FORMULA) else name


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    r"""Write a table.

    Parameters
    ----------
    columns : sequence of str
        The head line.
    rows : iterable of sequence
        Names, which are made :func:`plain`; numbers, of which a fraction has up to six
        significant digits; None for what is unknown.

    Returns
    -------
    str
        As of RFC 4180, lines ended by ``"\n"``.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
