"""Settings of all tests."""

from __future__ import annotations

import os

# Before torch is imported: several threads to a small network only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
