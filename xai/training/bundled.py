"""The recipes of the models that ship, so that anyone can train them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from xai import datasets
from xai.models import MODELS
from xai.models.computation import steps
from xai.models.folding import batch_norm_pairs, fold_batch_norms
from xai.models.loaded import LoadedModel
from xai.models.nets import LeNet5, NarrowVGG16
from xai.training.loop import Epoch, TrainingParams, fit

if TYPE_CHECKING:
    from xai.datasets import ImageSet

SEED = 0


@dataclass(frozen=True)
class Recipe:
    """How one bundled model is made.

    Attributes
    ----------
    build : callable
        Makes the untrained network.
    params : TrainingParams
    every_epoch : bool
        Whether the weights after each epoch are kept, for the training page.
    """

    build: Callable[[], nn.Module]
    params: TrainingParams
    every_epoch: bool = False


RECIPES: dict[str, Recipe] = {
    "lenet5-mnist": Recipe(LeNet5, TrainingParams(epochs=40, rate=4e-3), every_epoch=True),
    "vgg16-mnist": Recipe(
        partial(NarrowVGG16, batch_norm=True), TrainingParams(epochs=60, rate=2e-3)
    ),
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
        Where ``<name>.safetensors`` goes, and ``<name>-epochs.safetensors`` if
        the recipe keeps every epoch: float16, named ``"<epoch>/<tensor>"``,
        epoch 0 being the untrained network.
    on_epoch : callable, optional
        Called after each epoch.

    Returns
    -------
    float
        Share of the test split that the model gets right.
    """
    from safetensors.torch import save_file

    recipe = RECIPES[name]
    net = _untrained(recipe)
    model = LoadedModel(MODELS[name], net)
    images, labels = _batch(model, datasets.load("mnist", split="train"))
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    history: dict[str, Tensor] = {}

    def keep(number: int) -> None:
        if recipe.every_epoch:
            state = {key: value.half() for key, value in net.state_dict().items()}
            history.update({f"{number:02d}/{key}": value for key, value in state.items()})

    def after(epoch: Epoch) -> None:
        keep(epoch.number)
        if on_epoch is not None:
            on_epoch(epoch)

    keep(0)
    fit(net, model.normalize(images), labels, recipe.params, seed=SEED, on_epoch=after)
    fold_batch_norms(net, batch_norm_pairs(steps(net, model.input_shape)))
    save_file(
        {key: value.contiguous() for key, value in net.state_dict().items()},
        folder / f"{name}.safetensors",
    )
    if history:
        save_file(history, folder / f"{name}-epochs.safetensors")
    return accuracy(model, datasets.load("mnist", split="test"))


def accuracy(model: LoadedModel, images: ImageSet) -> float:
    """Return the share of labelled images that a model gets right, in [0, 1]."""
    batch, labels = _batch(model, images)
    found = [prediction.label for prediction in model.predict_batch(batch, size=256)]
    return float(np.mean(np.asarray(found) == labels.numpy()))


def _untrained(recipe: Recipe) -> nn.Module:
    """Build a network whose initial weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)
        net = recipe.build()
        for module in net.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                _zero(module.bias)
    return net


def _zero(bias: Any) -> None:
    if bias is not None:
        nn.init.zeros_(bias)


def _batch(model: LoadedModel, images: ImageSet) -> tuple[Tensor, Tensor]:
    """Return all images as the model takes them, in [0, 1], and their labels."""
    prepared = np.stack([model.prepare(image) for image in images.images])
    return torch.from_numpy(prepared), torch.from_numpy(np.array(images.labels))
