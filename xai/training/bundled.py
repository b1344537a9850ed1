"""The recipes of the models that ship, so that anyone can train them again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xai.training import train
from xai.training.examples import examples
from xai.training.params import TrainingParams
from xai.training.runs.files.sharing import share
from xai.training.shipped import FOLDER

if TYPE_CHECKING:
    from xai.training import Epoch

DATASET = "mnist"
SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How one bundled model is made.

    Attributes
    ----------
    params : TrainingParams
    every_epoch : bool
        Whether its run ships, too, for the training page.
    """

    params: TrainingParams
    every_epoch: bool = False


RECIPES: dict[str, Recipe] = {
    "lenet5-mnist": Recipe(TrainingParams(epochs=40, rate=4e-3), every_epoch=True),
    "vgg16-mnist": Recipe(TrainingParams(epochs=60, rate=2e-3)),
}


def train_bundled(
    name: str, folder: Path, *, on_epoch: Callable[[Epoch], None] | None = None
) -> float:
    """Train a bundled model on the train split of the digits and write its weights.

    Parameters
    ----------
    name : str
        A key of :data:`RECIPES`.
    folder : Path
        Where ``<name>.safetensors`` goes, and, if the recipe keeps every epoch, the folder
        ``runs/<name>``, its weights rounded to float16. What is there is replaced.
    on_epoch : callable, optional
        Called after each epoch.

    Returns
    -------
    float
        Share of the test split that the model gets right.
    """
    from safetensors.torch import save_file

    recipe = RECIPES[name]
    data, test = examples(DATASET)
    run = train(name, data, test=test, params=recipe.params, seed=SEED, on_epoch=on_epoch)
    state = run.load().net.state_dict()
    save_file(
        {key: value.contiguous() for key, value in state.items()}, folder / f"{name}.safetensors"
    )
    if recipe.every_epoch:
        place = folder / FOLDER / name
        if place.exists():
            shutil.rmtree(place)
        share(run, place)
    return run.accuracy()
