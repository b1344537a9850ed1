"""What several explanations are called, so that a reader can tell them apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from xai.attribution.methods import METHODS
from xai.attribution.result import Attribution


def labels(found: Sequence[Attribution], classes: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return a name for each explanation: its method, and what it differs in.

    Parameters
    ----------
    found : sequence of Attribution
    classes : sequence of str, optional
        Names of the model's classes; without them a class is called by its index.

    Returns
    -------
    tuple of str
        All different: equal explanations are counted, ``"LRP"``, ``"LRP (2)"``.
    """
    aims = {(one.target, one.contrast) for one in found}
    names: list[str] = []
    for one in found:
        like = [other for other in found if other.method == one.method]
        words = [*_aim(one, classes if len(aims) > 1 else None, len(aims) > 1), *_own(one, like)]
        name = METHODS[one.method].label + (f" ({', '.join(words)})" if words else "")
        count = sum(1 for known in names if known == name or known.startswith(f"{name} (no. "))
        names.append(f"{name} (no. {count + 1})" if count else name)
    return tuple(names)


def _aim(one: Attribution, classes: Sequence[str] | None, told: bool) -> list[str]:
    """Return the classes in words, where not all explanations have the same."""
    if not told:
        return []
    named = [
        f"class {index}" if classes is None else classes[index]
        for index in (one.target, one.contrast)
        if index is not None
    ]
    return [" rather than ".join(named)]


def _own(one: Attribution, like: Sequence[Attribution]) -> list[str]:
    """Return the parameters, and the seed, that differ among explanations of one method."""
    infos = one.params.infos()
    words = []
    for item in dataclasses.fields(one.params):
        value = getattr(one.params, item.name)
        if len({getattr(other.params, item.name) for other in like}) == 1:
            continue
        name = item.name.replace("_", " ")
        if item.name in infos and infos[item.name].options:
            # One of a few words tells by itself what it is.
            words.append(str(value).replace("_", " "))
        elif isinstance(value, bool):
            words.append(name if value else f"not {name}")
        else:
            words.append(f"{name} {value if value not in ('', None) else 'automatic'}")
    return words + ([f"seed {one.seed}"] if len({other.seed for other in like}) > 1 else [])
