"""What is true of a grown image, judged anew when the run is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from xai.visualization.result import State, Visualization

if TYPE_CHECKING:
    from torch import Tensor

    from xai.types import Prediction
    from xai.visualization.aims import Aim
    from xai.visualization.ascent import Ascent

#: Activation functions behind which everything below 0 is silent.
_SILENT = ("ReLU", "ReLU6")


def conclude(ascent: Ascent, seeds: Sequence[int]) -> tuple[Visualization, ...]:
    """Score and classify the last image of every row, of one that diverged its best."""
    with torch.no_grad():
        x = ascent.image.clamp(0, 1)
        scores, output = ascent.score(x)
        said = ascent.model.predict_batch(x)
    return tuple(
        _concluded(ascent, row, seed, x[row], float(scores[row]), said[row], output[row])
        for row, seed in enumerate(seeds)
    )


def _concluded(
    ascent: Ascent,
    row: int,
    seed: int,
    x: Tensor,
    score: float,
    prediction: Prediction,
    output: Tensor,
) -> Visualization:
    model, wanted, why = ascent.model, ascent.aims[row], ascent.ended[row]
    image, state = x.cpu().numpy().copy(), ascent.climb.state(row)
    image.setflags(write=False)
    start = state.history[0].score if state.history else score
    return Visualization(
        image=image,
        score=score,
        prediction=prediction,
        history=state.history,
        state=state,
        objective=wanted.objective,
        layer=wanted.layer,
        index=wanted.index,
        params=ascent.params,
        seed=seed,
        model=model.spec.name,
        rate=state.rate,
        proposed=state.proposed,
        start_score=start,
        notes=_notes(wanted, model.classes, why, score - start, state, output),
        diverged=why == "diverged",
    )


def _notes(
    wanted: Aim,
    classes: tuple[str, ...],
    why: str,
    gain: float,
    state: State,
    output: Tensor,
) -> tuple[str, ...]:
    name = wanted.label(classes)
    if why == "diverged" and not state.history:
        return ("the network answers to this start with no number; try another one",)
    if why == "diverged":
        rate, proposed = state.rate, state.proposed
        calmer = min(rate / 10, 4 * proposed) if proposed else rate / 10
        return (
            f"the learning rate {rate:.3g} is too high: steps threw the image about without "
            f"raising the score. The best image before is kept; try {calmer:.3g}",
        )
    if why == "vanished" and not state.history:
        return (
            f"{name} is dead here: from this start no change of any pixel moves it. Try another "
            "start, or another channel",
        )
    found = []
    if why == "vanished":
        found.append("the gradient vanished on the way, so that the image stands still")
    elif gain <= 0:
        found.append("the score did not rise: the regularisers pull harder than the objective")
    if wanted.before and wanted.kind in _SILENT and _highest(wanted, output) <= 0:
        found.append(
            f"even for this image nothing gets above 0, so that behind its {wanted.kind} it stays "
            "silent: a dead channel, as far as this search can tell"
        )
    return tuple(found)


def _highest(wanted: Aim, output: Tensor) -> float:
    """Return the largest value that the aim is about; ``output`` is that of one image."""
    if wanted.objective == "unit":
        return float(output[wanted.places])
    return max(float(output[place].max()) for place in wanted.places)
