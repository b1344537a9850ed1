"""From the weights of a mark to a network that answers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

from xai.models import weights
from xai.models.computation import steps
from xai.models.folding import batch_norm_pairs, fold_batch_norms
from xai.models.loaded import LoadedModel
from xai.models.loading import with_state
from xai.training.runs.files import reading

if TYPE_CHECKING:
    from torch import Tensor

    from xai.models.spec import ModelSpec
    from xai.training.runs.recipe import Recipe
    from xai.training.runs.run import Run


def revived(run: Run, place: int) -> LoadedModel:
    """Return the network of a run's mark; see :meth:`xai.training.Run.load`."""
    mark, checksum = run.marks[place], run.checksums[place]
    state = reading.weights(run.folder, mark, checksum)
    weights.check_finite(state, f"epoch {mark:g}")
    spec = own_spec(run.recipe, mark, checksum)
    return with_state(spec, _folded(run.recipe, spec, state))


def own_spec(recipe: Recipe, mark: float, checksum: str) -> ModelSpec:
    """Return the row that the registry would have for the network of a mark.

    Parameters
    ----------
    recipe : Recipe
    mark : float
        Epochs since the beginning.
    checksum : str
        SHA-256 of the weights, in hexadecimal.
    """
    base = recipe.row.spec
    own = () if recipe.classes == base.classes else recipe.classes
    said = json.dumps([recipe.architecture, recipe.classes, recipe.params.width, checksum])
    when = "untrained" if mark == 0 else f"epoch {mark:g}"
    return dataclasses.replace(
        recipe.row.form(len(recipe.classes), recipe.params.width),
        name=f"own-{hashlib.sha256(said.encode()).hexdigest()[:16]}",
        label=f"{recipe.row.label}, {when}",
        summary=f"{recipe.row.label} as it was in a training on {recipe.data}: {when}.",
        weights="",
        sha256=checksum,
        vocabulary="own" if own else base.vocabulary,
        own_classes=own,
        fits=tuple(dict.fromkeys((recipe.data, *base.fits))),
        licence="the user's own",
        source=f"a training on {recipe.images:,} images of {recipe.data}, seed {recipe.seed}",
    )


def _folded(recipe: Recipe, spec: ModelSpec, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fold batch norms into the convolutions before them, where the network has any."""
    if not recipe.row.spec.trained_options:
        return state
    net = recipe.blank()
    weights.check_fit(state, net, spec.label)
    weights.fill(net, state)
    pairs = batch_norm_pairs(steps(net, (spec.channels, *spec.input_size)))
    return fold_batch_norms(net, pairs).state_dict()
