"""A browser session without a browser: Streamlit's own protocol over one websocket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(script: Path, port: int, cache: Path) -> subprocess.Popen[bytes]:
    """Start ``streamlit run`` on a script and return at once."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.fileWatcherType=none"]
    return subprocess.Popen(
        command,
        cwd=script.parent,
        env={**os.environ, "LAYERSCOPE_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_healthy(port: int, timeout: float = 60.0) -> None:
    """Wait until the server answers.

    Raises
    ------
    TimeoutError
        If it does not in ``timeout`` seconds.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(f"no answer on port {port}")


@contextmanager
def running(script: Path, cache: Path) -> Iterator[int]:
    """Serve a script while the block runs; yield the port."""
    port = free_port()
    process = start(script, port, cache)
    try:
        wait_healthy(port)
        yield port
    finally:
        process.terminate()
        process.wait()


class Session:
    """One visitor of a running app.

    Parameters
    ----------
    port : int
        Where the app listens on this machine.
    """

    def __init__(self, port: int) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        )

    def run(self, page: str = "", query: str = "") -> float:
        """Run the script once; return the seconds until the server says that it has finished.

        Parameters
        ----------
        page : str
            File name of the page without ``.py``; empty for the default page.
        query : str
            Query string of the address.
        """
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        begin = time.perf_counter()
        self._socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(self._socket.recv(timeout=120))
            ended = answer.WhichOneof("type") == "script_finished"
            # A run that asks for another one also says that it has finished.
            if ended and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return time.perf_counter() - begin

    def close(self) -> None:
        """Leave."""
        self._socket.close()
