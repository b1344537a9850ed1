"""What a network computes, as far as one real pass shows it: for those that cannot be traced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from xai.hooks import alias, recording
from xai.models.computation import Step, made_step, tensors
from xai.models.tracer import Leaves
from xai.models.windows import POINT, UNKNOWN, Window, function_window, module_window


@dataclass(frozen=True)
class _Origin:
    """Where a tensor comes from.

    ``steps`` are the last modules on its way; ``straight`` says that no bare
    function since then moved it along rows or columns, ``entered`` the same but
    for the function that made it.
    """

    steps: tuple[str, ...]
    straight: bool = True
    entered: bool = True


def outline(net: nn.Module, input_shape: tuple[int, int, int]) -> tuple[Step, ...]:
    """List the modules of a network in the order in which one image meets them.

    Parameters
    ----------
    net : nn.Module
        In eval mode; an alias of it is run once, on a picture of zeros.
    input_shape : (C, H, W)
        Shape of one image.

    Returns
    -------
    tuple of Step
        The image, then one step for each call of a module of torch's own or
        without parts. Its inputs are the modules whose outputs reach it; where
        that got lost on the way, the module that was called before.

    Raises
    ------
    ValueError
        If the forward pass fails.

    Notes
    -----
    Where the network chooses its way, this is the way of an image whose every
    number is zero behind the normalization: the mean of the training data.
    Bare functions are no steps. The receptive field is 0 behind a function that
    may look around, such as a bare pooling, and behind a module whose geometry
    is not known.
    """
    private = alias(net).eval()
    names = _leaves(private)
    places = (*private.parameters(), *private.buffers())
    image = torch.zeros((1, *input_shape), device=places[0].device if places else None)
    pass_ = _Pass(private, image)
    try:
        with torch.no_grad(), recording(private, names, pass_.take), pass_:
            private(image)
    except Exception as error:
        raise ValueError(f"network: the forward pass fails ({error})") from error
    return tuple(pass_.found.values())


def _leaves(net: nn.Module) -> list[str]:
    """Return the paths of the modules that are steps: torch's own, and those without parts."""
    found: list[str] = []
    for name, module in net.named_modules():
        childless = next(module.children(), None) is None
        inside = any(name.startswith(f"{path}.") for path in found)
        if name and not inside and (childless or Leaves().is_leaf_module(module, "")):
            found.append(name)
    return found


class _Pass(TorchFunctionMode):
    """One forward pass: which modules were called, and where their inputs came from."""

    def __init__(self, net: nn.Module, image: Tensor) -> None:
        super().__init__()
        self._modules = dict(net.named_modules())
        step = made_step("x", None, "input", (), tuple(image.shape[1:]), POINT)
        self.found: dict[str, Step] = {"x": step}
        self._origins: Any = WeakTensorKeyDictionary()
        self._origins[image] = _Origin(("x",))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function and note where its outputs come from."""
        named = kwargs or {}
        known = [t for t in tensors((args, named)) if t in self._origins]
        result = func(*args, **named)
        made = list(tensors(result))
        if known and made:
            self._note(func, args, named, known, made)
        return result

    def _note(
        self, func: Any, args: Any, named: dict[str, Any], known: list[Tensor], made: list[Tensor]
    ) -> None:
        origins = [self._origins[tensor] for tensor in known]
        entered = all(origin.straight for origin in origins)
        name = getattr(func, "__name__", "")
        before, after = [_shape(tensor) for tensor in known], _shape(made[0])
        straight = entered and function_window(name, args, named, before, after) == POINT
        steps = tuple(dict.fromkeys(name for origin in origins for name in origin.steps))
        for tensor in made:
            self._origins[tensor] = _Origin(steps, straight, entered)

    def take(self, path: str, output: Any) -> None:
        """Make a step of a module's call."""
        made = list(tensors(output))
        if not made:
            return
        module, shape = self._modules[path], _shape(made[0])
        # Tensors that took a way around torch have no origin: the call before stands in.
        lost = _Origin((next(reversed(self.found)),), straight=False, entered=False)
        origin = self._origins.get(made[0], lost)
        sources = [self.found[name] for name in origin.steps]
        window = _window(module, origin, sources, shape)
        name = self._free(path.replace(".", "_"))
        step = made_step(name, module, type(module).__name__, sources, shape, window)
        self.found[name] = replace(step, module=path, owner=path, outputs=len(made))
        for tensor in made:
            self._origins[tensor] = _Origin((name,))

    def _free(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.found:
            count += 1
            name = f"{wanted}_{count}"
        return name


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(int(side) for side in tensor.shape[1:])


def _window(
    module: nn.Module, origin: _Origin, sources: Sequence[Step], shape: tuple[int, ...]
) -> Window:
    """Return a module's window; of one that torch does not know, what its functions say."""
    before = [source.shape for source in sources]
    if Leaves().is_leaf_module(module, ""):
        return module_window(module, before, shape) if origin.entered else UNKNOWN
    return POINT if origin.straight else UNKNOWN
