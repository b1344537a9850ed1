"""Resident memory of the app: at rest, and after each page was opened with its defaults.

Run it with ``python benchmarks/memory.py``. The baseline in the same run is an empty Streamlit
app; torch's own share depends on its build.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.session import ROOT, Session, free_port, start, wait_healthy

PAGES = ("", "architecture", "feature_maps", "attribution", "adversarial", "dataset")
EMPTY = 'import streamlit as st\nst.title("Empty")\n'


def resident(pid: int) -> float:
    """Return the resident memory of a process in MiB, from Linux's /proc."""
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def tour(script: Path, pages: tuple[str, ...], cache: Path) -> list[float]:
    """Open pages one after another; return the memory after each."""
    port = free_port()
    process = start(script, port, cache)
    found = []
    try:
        wait_healthy(port)
        session = Session(port)
        for page in pages:
            for _ in range(10):
                session.run(page)
                time.sleep(0.5)
            found.append(resident(process.pid))
        session.close()
    finally:
        process.terminate()
        process.wait()
    return found


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        (base,) = tour(empty, ("",), Path(folder))
        print(f"empty app      {base:6.0f} MiB")
        for page, size in zip(PAGES, tour(ROOT / "Home.py", PAGES, Path(folder)), strict=True):
            print(f"{page or 'start':14s} {size:6.0f} MiB = {size / base:4.1f} x")


if __name__ == "__main__":
    main()
