"""One thread of computing for a training, whatever the process has otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone.

    Notes
    -----
    Sums over a batch that several threads share come in another order, so their number
    would change the weights; and to small networks several are slower. torch keeps a number
    for each thread, and one for threads to come: the latter is set back at once by a thread
    that does nothing else.
    """
    with _lock:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        aside = threading.Thread(target=torch.set_num_threads, args=(before,))
        aside.start()
        aside.join()
    try:
        yield
    finally:
        torch.set_num_threads(before)
