"""Following a forward pass with torch.fx, and saying what stopped it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from torch import fx, nn

from xai.models.nets import Concat, Sum


class UntraceableError(ValueError):
    """The forward pass cannot be traced; the text says which module stopped it, and why."""


#: Layers that stay one step in a class that is made of them.
_WEIGHTED = (
    *(nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear),
    *(nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm),
)
#: torch.fx replaces ``nn.Module.__call__`` of the whole process while it traces.
_TRACING = threading.Lock()


class Leaves(fx.Tracer):
    """Trace into everything but torch's own layers, classes made of them, Sum and Concat.

    Attributes
    ----------
    stopped : nn.Module or None
        The innermost module whose forward pass failed in the last trace.

    Notes
    -----
    While a trace runs, the forward passes of all other threads come through
    its :meth:`call_module`; they are let past. Two traces at once would leave
    the process patched, so they queue.
    """

    stopped: nn.Module | None = None

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Trace a network, one thread at a time."""
        with _TRACING:
            self._owner = threading.get_ident()
            self.stopped = None
            return super().trace(root, concrete_args)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Record a call of the traced network; leave other threads' calls alone."""
        if threading.get_ident() != self._owner:
            return forward(*args, **kwargs)
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.stopped = self.stopped or m
            raise

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Record an attribute of the traced network; leave other threads' alone."""
        if threading.get_ident() != self._owner:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Treat additions, joins and layers with weights as single steps.

        Of somebody's own ``class Scaled(nn.Conv2d)`` the bare functions inside would be
        all that is left: no layer to pick, no parameters, no operations.
        """
        if isinstance(m, Sum | Concat):
            return True
        if isinstance(m, _WEIGHTED) and next(m.children(), None) is None:
            return True
        return super().is_leaf_module(m, module_qualified_name)


#: What torch.fx says where it stops, and the same for people.
_REASONS: Mapping[str, str] = {
    "inputs to control flow": "chooses its way by numbers that are known only when an image comes",
    "cannot be iterated": "takes its input apart in a loop",
    "'len' is not supported": "asks how many parts its input has",
    "interpreted as an integer": "counts by the size of its input",
    "argument of type 'Proxy'": "searches in its input",
    "number, not 'Proxy'": "takes single numbers out of the computation",
    "got Proxy": "leaves torch on its way, for numpy or for a library that torch does not know",
    "meta tensor": "takes single numbers out of the computation",
    "data-independent": "makes something whose size is known only when an image comes",
}


def problem(net: nn.Module, stopped: nn.Module | None, error: Exception) -> str:
    """Say in one sentence which module stopped the tracer, and why."""
    path = next((name for name, module in net.named_modules() if module is stopped), "")
    kind = type(net if stopped is None else stopped).__name__
    who = f"its module {path} ({kind})" if path else f"the network itself ({kind})"
    said = " ".join(str(error).split()) or type(error).__name__
    reason = next((plain for words, plain in _REASONS.items() if words in said), "")
    if not reason:
        words = f"{said[:159]}…" if len(said) > 160 else said.rstrip(".")
        reason = f"does what cannot be followed: {words}"
    return f"The forward pass cannot be traced, since {who} {reason}."
