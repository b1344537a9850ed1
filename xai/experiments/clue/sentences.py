"""What an experiment with a planted clue comes to, in words."""

from __future__ import annotations

from collections.abc import Sequence

from xai.experiments.clue.result import CLUE, CONTROL, TIMES, Clue, Score

#: Difference of two shares below which the tag counts as making none.
_SEEN = 0.05


def used(clue: Clue) -> str:
    """Say whether the network uses the tag, which is a question of its answers alone."""
    ours, control = clue.usage[CLUE], clue.usage[CONTROL]
    name = clue.classes[clue.key.label]
    missed = ours.stamped - ours.recall - (control.stamped - control.recall)
    turned = ours.turned - control.turned
    numbers = (
        f"without the tag it still reads {_share(ours.recall)} of the class “{name}” right "
        f"(with it {_share(ours.stamped)}), and the tag makes it read {_share(ours.turned)} of "
        f"the other images as “{name}”. For the control these are {_share(control.recall)}, "
        f"{_share(control.stamped)} and {_share(control.turned)}."
    )
    if missed >= _SEEN or turned >= _SEEN:
        return f"The network uses the tag: {numbers}"
    return f"The answers hardly show that the network uses the tag: {numbers}"


def verdict(clue: Clue) -> str:
    """Say how many methods have found the tag, and how many see one where none was learned."""
    found, wrong = clue.found(CLUE), clue.found(CONTROL)
    times = f"{TIMES:.0f} times more positive evidence into it than random would"
    first = f"With the tag, {len(found)} of {len(clue.methods)} methods put at least {times}."
    second = (
        f"For the control network, too, some do: {_listed(wrong)}. What they say of the tag is "
        "not what the network has learned."
        if wrong
        else "For the control network, which has never seen the tag in training, none does."
    )
    return f"{first} {second}"


def _share(part: float) -> str:
    # A number and its sign stay on one line.
    return "none" if part != part else f"{100 * part:.0f}\u00a0%"


def _listed(scores: Sequence[Score]) -> str:
    return ", ".join(one.label for one in scores)
