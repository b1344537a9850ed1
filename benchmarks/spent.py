"""Time that some work takes, beside other work in the same run, against the budget for it."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

#: What work may take: so many times the forward pass that it needs, and so many seconds.
FACTOR, GRACE = 1.5, 0.2


class Spent(NamedTuple):
    """Seconds on the clock, and of processor time: less misled by whoever shares the machine.

    The latter is NaN where it is another process's.
    """

    seconds: float
    busy: float

    def __add__(self, other: object) -> Spent:
        """Return the time of both."""
        if not isinstance(other, Spent):
            return NotImplemented
        return Spent(self.seconds + other.seconds, self.busy + other.busy)


def timed(work: Callable[[], Any]) -> Spent:
    """Return the time that work takes."""
    begin, busy = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - begin, time.process_time() - busy)


def judge(base: str, bases: Sequence[Spent], own: str, owns: Sequence[Spent]) -> None:
    """Print two kinds of work that were timed in turn, their ratio and the budget."""
    for word in Spent._fields:
        if math.isnan(getattr(owns[0], word)):
            continue
        one, other = ([getattr(part, word) for part in parts] for parts in (bases, owns))
        ratios = [after / before for before, after in zip(one, other, strict=True)]
        what = "on the clock" if word == "seconds" else "processor"
        print(
            f"  {what:12s} {base} {spread(one, 1000)}; {own} {spread(other, 1000)} = "
            f"{spread(ratios, form='{:.2f}')} x"
        )
        if word == "busy":
            continue
        inside = [
            after <= FACTOR * before + GRACE for before, after in zip(one, other, strict=True)
        ]
        allowed = [FACTOR * of(one) + GRACE for of in (statistics.median, min)]
        print(
            f"  {'':12s} budget {FACTOR} x + {1000 * GRACE:.0f} ms = {1000 * allowed[0]:.0f} of the"
            f" median, {1000 * allowed[1]:.0f} of the least; {sum(inside)} of {len(inside)} within"
        )


def compare(
    base: str,
    first: Callable[[], Any],
    own: str,
    second: Callable[[], Any],
    runs: int,
    limit: float | None = None,
) -> None:
    """Run two things in turn and print their ratio and the limit for it, if there is one."""
    first(), second()
    tell(base, own, [(timed(first), timed(second)) for _ in range(runs)], limit)


def tell(
    base: str, own: str, pairs: Sequence[tuple[Spent, Spent]], limit: float | None = None
) -> None:
    """Print the ratio of two things that were timed in turn, and the limit, if there is one."""
    for word in Spent._fields:
        bases, owns = ([getattr(one[place], word) for one in pairs] for place in (0, 1))
        ratios = [after / before for before, after in zip(bases, owns, strict=True)]
        verdict = "" if word == "busy" or not limit else f", limit {limit}: {_kept(ratios, limit)}"
        print(
            f"    {'on the clock' if word == 'seconds' else 'processor':12s} "
            f"{base} {spread(bases, 1000, '{:.2f}')} ms; "
            f"{own} {spread(owns, 1000, '{:.2f}')} ms = {spread(ratios, form='{:.2f}')} x{verdict}"
        )


def _kept(ratios: list[float], limit: float) -> str:
    return "kept" if statistics.median(ratios) <= limit else "EXCEEDED"


def spread(values: Sequence[float], unit: float = 1.0, form: str = "{:.0f}") -> str:
    """Write the median of some values and between which all of them lie."""
    words = [form.format(unit * value) for value in (min(values), max(values))]
    return f"{form.format(unit * statistics.median(values))} ({words[0]} to {words[1]})"


def load() -> str:
    """Say how busy the machine is, which the figures depend on."""
    if not hasattr(os, "getloadavg"):
        return f"{os.cpu_count()} cores"
    return f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def threads(number: int | None) -> None:
    """Let torch use so many threads, here and in servers started from here; None is its own.

    One thread waits for no other. On a busy machine two take several times as long as one.
    """
    import torch

    if number is not None:
        torch.set_num_threads(number)
        os.environ["OMP_NUM_THREADS"] = str(number)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
