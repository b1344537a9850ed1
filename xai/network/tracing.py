"""From a model's traced steps to its graph."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xai.models.doors import checked_model
from xai.network.graph import TITLES, ModelGraph, Node, collected, with_depths

if TYPE_CHECKING:
    from xai.models import LoadedModel
    from xai.models.computation import Step


def trace(model: LoadedModel) -> ModelGraph:
    """Return the graph of a model's real computation, every step a node.

    Parameters
    ----------
    model : LoadedModel

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If the forward pass fails.

    Notes
    -----
    Residual, dense and inception connections are edges like all others; see
    :attr:`ModelGraph.shortcuts` for which is which. A module that is used twice
    is two nodes of the same path and layer. Of a module with several outputs, the
    first one's shape is the node's. Where the forward pass cannot be traced,
    :attr:`ModelGraph.problem` says why, and the nodes are the modules in the order
    in which one image meets them; see :func:`xai.models.outline.outline`.
    """
    steps = checked_model(model).steps
    kinds = _kinds(model.net)
    containers = {path: kind for path, kind in kinds.items() if _holds_others(path, kinds)}
    edges = tuple((source, step.name) for step in steps for source in dict.fromkeys(step.inputs))
    bare = ModelGraph(model.spec.name, (), (), MappingProxyType(containers), model.problem)
    # A rewritten forward pass is one long function: whose part it was is not recorded.
    recorded = not model.problem and not hasattr(model.net, "kinds")
    places = _recorded_paths(steps) if recorded else _guessed_paths(steps)
    modules = dict(model.net.named_modules())
    pickable = {layer.name for layer in model.layers}
    calls = Counter(step.module for step in steps if step.module)
    seen: Counter[str] = Counter()
    nodes = []
    for step in steps:
        seen[step.module] += 1
        module = modules.get(step.module)
        words = [_detail(module), _outputs(step)]
        if calls[step.module] > 1:
            words.append(f"call {seen[step.module]} of {calls[step.module]}")
            words.append("the same weights" if step.parameters else "")
        node = dataclasses.replace(
            _node(step, bare, places[step.name]),
            layer=step.module if step.module in pickable else "",
            detail=", ".join(word for word in words if word),
        )
        nodes.append(node)
    return dataclasses.replace(bare, nodes=with_depths(nodes, edges), edges=edges)


def _kinds(net: Any) -> dict[str, str]:
    """Return the class of every module by path; of a rewritten network the original's."""
    kinds = {path: type(module).__name__ for path, module in net.named_modules() if path}
    return {**kinds, **getattr(net, "kinds", {})}


def _holds_others(path: str, kinds: Mapping[str, str]) -> bool:
    return any(other.startswith(f"{path}.") for other in kinds)


def _recorded_paths(steps: tuple[Step, ...]) -> dict[str, str]:
    """Return a path for every step; a bare function lies in the module that calls it."""
    bare = {step.name: f"{step.owner}.{step.name}".lstrip(".") for step in steps}
    return {step.name: step.module or bare[step.name] for step in steps}


def _guessed_paths(steps: tuple[Step, ...]) -> dict[str, str]:
    """Return a path for every step; a bare function lies where its neighbours meet."""
    paths = {step.name: step.module for step in steps}
    targets = collected((source, step.name) for step in steps for source in step.inputs)
    for step in steps:
        if not step.module and step.inputs:
            near = [*step.inputs, *targets.get(step.name, ())]
            paths[step.name] = _common([paths[name] for name in near]) + step.name
    return paths


def _common(paths: list[str]) -> str:
    """Return the container that all paths share, with a trailing dot, or ``""``."""
    split = [path.split(".")[:-1] for path in paths]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}." for part in shared)


def _node(step: Step, graph: ModelGraph, path: str) -> Node:
    blocks = graph.blocks(path)
    return Node(
        name=step.name,
        label=TITLES.get(step.kind, step.kind),
        kind=step.kind,
        module=step.module,
        layer="",
        shape=step.shape,
        parameters=step.parameters,
        macs=step.macs,
        receptive_field=step.receptive_field,
        group=blocks[-1] if blocks else "",
        members=(step.name,),
    )


def _detail(module: Any) -> str:
    """Say kernel, stride, dilation and groups in a few words."""
    kernel = getattr(module, "kernel_size", None)
    if kernel is None:
        return ""
    words = [_sides(kernel)]
    for name, plain in (("stride", 1), ("dilation", 1)):
        value = getattr(module, name, plain)
        if value not in (plain, (plain, plain)):
            words.append(f"{name} {value if isinstance(value, int) else _sides(value, short=True)}")
    groups = getattr(module, "groups", 1)
    if groups > 1:
        each = groups == module.in_channels
        words.append("each channel by itself" if each else f"{groups} groups")
    return ", ".join(words)


def _outputs(step: Step) -> str:
    return f"{step.outputs} outputs, the first one is shown" if step.outputs > 1 else ""


def _sides(value: int | tuple[int, ...], *, short: bool = False) -> str:
    sides = (value, value) if isinstance(value, int) else value
    if short and len(set(sides)) == 1:
        return str(sides[0])
    return " × ".join(str(side) for side in sides)
