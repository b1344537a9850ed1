"""Weights files of unknown origin: nothing in them is run, nothing is inflated.

A ``.pth`` file is a zip with a pickle in it, and a pickle is a program. It is
read opcode by opcode first and refused unless it does nothing but list
tensors; then torch reads it with ``weights_only=True``.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from xai.downloads import megabytes

if TYPE_CHECKING:
    from torch import Tensor

#: Largest file that is looked at: VGG-19 in float32 and a little.
MAX_BYTES = 600 * 1024**2

#: A list of tensors is short; the numbers lie outside it.
_MAX_LISTING = 4 * 1024**2
_MAX_ENTRIES = 20_000
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_PROTOCOL = 2
#: What ``torch.save`` writes for a state dict, and no more: no opcode here can allocate
#: more than the listing is long.
_OPCODES = frozenset(
    {
        *("PROTO", "STOP", "MARK", "GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
        *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS"),
        *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    }
)
_STORAGES = ("Float", "Half", "BFloat16", "Double", "Byte", "Char", "Short", "Int", "Long", "Bool")
_GLOBALS = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(f"torch {kind}Storage" for kind in _STORAGES),
    }
)
#: Where a training script puts the state dict beside other things.
_NESTED = ("state_dict", "model_state_dict", "model", "net", "weights")
#: What wrappers put before every name.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.")


class RefusedError(ValueError):
    """A weights file that is not opened, and why."""


@dataclass(frozen=True, eq=False)
class StateFile:
    """A weights file that was looked at, before its numbers are read.

    Attributes
    ----------
    declared : dict of str to Tensor
        The tensors by name; their shapes count, their numbers may be missing.
    read : callable
        Gives the same with numbers.
    """

    declared: dict[str, Tensor]
    read: Callable[[], dict[str, Tensor]]


def inspect(content: bytes) -> StateFile:
    """Look at a weights file.

    Parameters
    ----------
    content : bytes
        A ``.safetensors`` file or a ``.pth`` file with a state dict, perhaps
        inside a dict under ``"state_dict"`` or ``"model"``; prefixes such as
        ``"module."`` are taken off.

    Raises
    ------
    TypeError
        If it is not bytes.
    RefusedError
        If it is refused; the reason is said.
    """
    if not isinstance(content, bytes):
        raise TypeError(f"weights: expected bytes, got {type(content).__name__}")
    if not content:
        raise _refused("the file is empty")
    if len(content) > MAX_BYTES:
        size, limit = megabytes(len(content)), megabytes(MAX_BYTES)
        raise _refused(f"it has {size}, the limit is {limit}")
    if content.startswith(b"PK\x03\x04"):
        _check_archive(content)
        return StateFile(_tensors(_load(content, "meta")), lambda: _tensors(_load(content, "cpu")))
    if content[8:9] == b"{":
        state = _tensors(_safetensors(content))
        return StateFile(state, lambda: state)
    if content.startswith(_LEGACY):
        raise _refused("it is in PyTorch's old format; load it and torch.save it once more")
    if content.startswith(b"\x80"):
        raise _refused("it is a bare pickle, which can run code when it is opened")
    raise _refused("it is neither a .safetensors file nor a .pth file with a state dict")


def _refused(reason: str) -> RefusedError:
    return RefusedError(f"weights: the file was refused: {reason}")


@contextmanager
def _reading(kind: str) -> Iterator[None]:
    """Turn whatever a damaged file makes of its reader into a sentence."""
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise _refused(f"it is a damaged {kind} file ({reason})") from error


# ------------------------------------------------------------------- safetensors
def _safetensors(content: bytes) -> dict[str, Tensor]:
    from safetensors.torch import load

    if int.from_bytes(content[:8], "little") > _MAX_LISTING:
        raise _refused("its header is too long for a list of weights")
    with _reading(".safetensors"):
        return load(content)


# -------------------------------------------------------------------------- .pth
def _check_archive(content: bytes) -> None:
    """Refuse a zip that is more than a list of tensors and their stored numbers.

    ``torch.save`` never compresses; a compressed entry is there to inflate.
    """
    with _reading(".pth"), zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        listing = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
        if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
            raise _refused("it is TorchScript, which is code; save model.state_dict() instead")
        if len(listing) != 1 or archive.comment or len(set(names)) != len(names):
            raise _refused("it is a zip file, but not one that torch.save writes")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise _refused("it is compressed, which torch.save never does")
        total = sum(entry.file_size for entry in entries)
        if total > len(content) or len(entries) > _MAX_ENTRIES:
            raise _refused("it claims to hold more than it does")
        if archive.getinfo(listing[0]).file_size > _MAX_LISTING:
            raise _refused("its list of tensors is too long for a state dict")
        _check_program(archive.read(listing[0]))


def _check_program(program: bytes) -> None:
    """Refuse a pickle that does anything but list tensors."""
    for opcode, argument, _ in pickletools.genops(program):
        if opcode.name == "GLOBAL" and argument not in _GLOBALS:
            thing = ".".join(str(argument).split())[:80]
            raise _refused(
                f"it holds Python objects ({thing}), and opening those can run code; "
                "save model.state_dict() alone"
            )
        if opcode.name not in _OPCODES or (opcode.name == "PROTO" and argument != _PROTOCOL):
            raise _refused(
                f"it holds more than tensors (pickle opcode {opcode.name}); "
                "save model.state_dict() with torch.save's defaults"
            )


def _load(content: bytes, device: str) -> Any:
    with _reading(".pth"):
        return torch.load(io.BytesIO(content), map_location=device, weights_only=True)


# ------------------------------------------------------------------------- names
def _tensors(loaded: Any) -> dict[str, Tensor]:
    """Find the state dict in what a file holds, and take prefixes off its names."""
    state = loaded
    if isinstance(loaded, Mapping):
        state = next((loaded[k] for k in _NESTED if isinstance(loaded.get(k), Mapping)), loaded)
    if not isinstance(state, Mapping) or not state:
        raise _refused("it holds no state dict")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise _refused(f"expected names and tensors, got {name!r}: {type(value).__name__}")
    named = {name: value.detach() for name, value in state.items()}
    # What torch.optim.swa_utils counts beside the averaged weights.
    named.pop("n_averaged", None)
    for prefix in _PREFIXES * 2:
        if named and all(name.startswith(prefix) for name in named):
            named = {name.removeprefix(prefix): value for name, value in named.items()}
    return named
