"""Where a download may come from, the connection to it, and its failures in words."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

#: Seconds without a byte after which a server counts as gone.
TIMEOUT = 20.0

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follow a redirect only to where a download may come from."""

    def __init__(self, plain: bool) -> None:
        self.plain = plain

    def redirect_request(self, req: Any, *answer: Any) -> Any:
        """Return the next request; its address comes last in the answer."""
        check_address(answer[-1], self.plain)
        return super().redirect_request(req, *answer)


def connect(url: str, plain: bool) -> Any:
    """Ask a server for a file and return its answer, to be read and closed.

    Raises
    ------
    ValueError
        If a redirect leads to where no download may come from.
    OSError, http.client.HTTPException
        Whatever the network does; :func:`failure` says it in words.
    """
    handlers: list[Any] = [_SafeRedirects(plain)]
    if urllib.parse.urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"User-Agent": "layerscope"})
    return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT)


def check_address(url: str, plain: bool) -> None:
    """Let through ``https``, and plain ``http`` from this very computer or with ``plain``.

    Raises
    ------
    ValueError
        If a download may not come from there.
    """
    parts = urllib.parse.urlsplit(url)
    local = plain or parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError(f"address: expected https://…, got {url!r}")


def failure(error: Exception) -> str:
    """Say what the network did, as the middle of a sentence."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} ({error.reason})"
    if isinstance(error, http.client.HTTPException):
        return "the connection broke"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"the server did not answer for {TIMEOUT:.0f} seconds"
    if isinstance(cause, ssl.SSLError):
        return f"the server's identity could not be verified ({cause.reason})"
    return f"no connection to the server ({cause})"
