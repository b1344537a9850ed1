"""The server's side of the page of the dataset map: first and second visits, and their bytes.

:mod:`benchmarks.map_page` runs it.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.session import Session

FEW = 100
BUDGET = 0.3
#: Begins the caption that stands under a map once it is finished.
THERE = "One point is one of {:,} images of MNIST"


class Visit(NamedTuple):
    """One run of the page: seconds until the server has finished, and bytes sent.

    ``busy`` is the processor time that the server took for it, in seconds: what is left of
    ``seconds`` when nobody else uses the machine. NaN where there is no /proc.
    """

    seconds: float
    busy: float
    received: int
    finished: bool


class Server(NamedTuple):
    """A running app."""

    port: int
    pid: int

    def busy(self) -> float:
        """Return the processor time of the process until now, in seconds."""
        file = Path(f"/proc/{self.pid}/stat")
        if not file.exists():
            return math.nan
        fields = file.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Ear:
    """A websocket that remembers what arrived."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.heard: list[bytes] = []

    def send(self, message: bytes) -> None:
        self.heard.clear()
        self._socket.send(message)

    def recv(self, timeout: float | None = None) -> bytes:
        self.heard.append(self._socket.recv(timeout=timeout))
        return self.heard[-1]

    def close(self) -> None:
        self._socket.close()


class Reader:
    """A session whose runs are measured, at the map of some number of digits.

    It opens links and nothing else: a browser would send what its widgets show with each run.
    """

    def __init__(self, server: Server, count: int) -> None:
        self._server = server
        self._session = Session(server.port)
        # Entered, since newer clients warn of a connection that is used without.
        self._ear = _Ear(self._session._socket.__enter__())
        self._session._socket = self._ear  # type: ignore[assignment]
        self._query = address(count)
        self._there = THERE.format(count).encode()

    def visit(self) -> Visit:
        """Open the link of the map."""
        before = self._server.busy()
        seconds = self._session.run("dataset", self._query)
        busy = self._server.busy() - before
        heard = self._ear.heard
        finished = any(self._there in message for message in heard)
        return Visit(seconds, busy, sum(map(len, heard)), finished)

    def leave_page(self) -> None:
        """Go to another page."""
        self._session.run("architecture", "data=mnist")

    def close(self) -> None:
        """Leave."""
        self._session.close()


def address(count: int, marks: str = "dots") -> str:
    """Return the query of the map of the pixels of some digits."""
    return f"data=mnist&model=lenet5-mnist&space=pixels&n={count}&marks={marks}"


def make(server: Server, count: int) -> float:
    """Have a map made by the server; return the seconds until it was there.

    The first reader stays, since work that nobody waits for is given up; others look.
    """
    begin = time.perf_counter()
    first = Reader(server, count)
    finished = first.visit().finished
    while not finished:
        time.sleep(1.0)
        other = Reader(server, count)
        finished = other.visit().finished
        other.close()
    seconds = time.perf_counter() - begin
    first.close()
    return seconds


def second_visits(server: Server, counts: list[int], runs: int) -> None:
    """Print the server's time and bytes: of a new visitor, and of one who opens it again."""
    new: dict[int, list[Visit]] = {count: [] for count in counts}
    back: dict[int, list[Visit]] = {count: [] for count in counts}
    for _ in range(runs):
        for count in counts:
            reader = Reader(server, count)
            new[count].append(reader.visit())
            reader.leave_page()
            back[count].append(reader.visit())
            reader.close()
    print(f"A map that is there already, median of {runs} (budget {1000 * BUDGET:.0f} ms)")
    print("   digits   a new visitor" + 42 * " " + "the link again, from another page")
    for count in counts:
        cells = []
        for each in (new, back):
            assert all(one.finished for one in each[count])
            seconds = statistics.median(one.seconds for one in each[count])
            base = statistics.median(one.seconds for one in each[counts[0]])
            worst = max(one.seconds for one in each[count])
            received = statistics.median(one.received for one in each[count])
            busy = statistics.mean(one.busy for one in each[count])  # counted in 10 ms
            cells.append(
                f"{1000 * seconds:4.0f} ms, worst {1000 * worst:4.0f} = {seconds / base:.2f} x; "
                f"processor {1000 * busy:3.0f} ms; {received / 1e6:5.3f} MB"
            )
        print(f"  {count:7,}   " + "    ".join(cells))
