"""A file that says how an explanation was made, and is enough to make it again.

The image is in it, to the last bit; the model is named by the checksum of its weights.
Importing this module loads no torch.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai import images
from xai.attribution.manifests.enclosure import enclose
from xai.models.registry import MODELS
from xai.models.spec import ModelSpec, weights_of
from xai.types import Params

if TYPE_CHECKING:
    from xai.attribution.result import Attribution
    from xai.models import LoadedModel

#: What the file is, and the number of its form.
FORMAT, VERSION = "layerscope-attribution", 1

_PACKAGES = ("numpy", "torch", "zennit")


@dataclass(frozen=True)
class Expected:
    """What came out when the manifest was written.

    Attributes
    ----------
    logit : float
        The model's score of the class.
    contrast_logit : float or None
        That of the class whose score was taken off.
    sum, min, max : float
        Of the relevance.
    digest : str
        SHA-256 of the relevance, in hexadecimal.
    """

    logit: float
    contrast_logit: float | None
    sum: float
    min: float
    max: float
    digest: str


@dataclass(frozen=True, eq=False)
class Request:
    """What a manifest asks for, checked.

    Attributes
    ----------
    method : str
        Key of :data:`xai.attribution.METHODS`.
    params : Params
        Of the method's own class.
    target : int
        Index of the class.
    contrast : int or None
        Index of the class whose score is taken off.
    seed : int
    image : ndarray, shape (C, H, W), float32, read-only
        The very input that was explained.
    model : str
        Name of the model's spec.
    architecture : str
        Key of :data:`xai.models.MODELS`; another than ``model`` for weights of the
        user's own.
    weights : str
        What :func:`xai.models.spec.weights_of` says of it: a checksum, or a name.
    classes : tuple of str
        Names of the classes of weights of the user's own; empty for the architecture's.
    mean, std : tuple of float
        Of the normalization, one number a channel.
    device : str
        Where it was computed, such as ``"cpu"``.
    threads : int
        How many of them summed up: another number may round otherwise.
    expected : Expected
    """

    method: str
    params: Params
    target: int
    contrast: int | None
    seed: int
    image: np.ndarray
    model: str
    architecture: str
    weights: str
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str
    threads: int
    expected: Expected

    def __post_init__(self) -> None:
        self.image.setflags(write=False)

    @property
    def own(self) -> bool:
        """Whether the weights are the user's own, and have to be given."""
        return self.model != self.architecture


def manifest(found: Attribution, image: np.ndarray, model: LoadedModel) -> dict[str, Any]:
    """Describe an explanation so that it can be made again.

    Parameters
    ----------
    found : Attribution
    image : ndarray, shape (C, H, W), float32, in [0, 1]
        What was explained.
    model : LoadedModel
        What it was explained to.

    Returns
    -------
    dict
        Of what JSON knows, and finite numbers alone.

    Raises
    ------
    ValueError
        If image or model are not those of the explanation.

    Notes
    -----
    The architecture of a model that is neither in the registry nor made of one of its
    architectures is None: the file then tells what was done, but :func:`read` cannot
    know the network.
    """
    exact = np.ascontiguousarray(image, np.float32)
    if images.digest(exact) != found.digest:
        raise ValueError("image: expected the one that was explained, got another")
    if model.spec.name != found.model:
        raise ValueError(f"model: expected {found.model}, got {model.spec.name}")
    return {
        "format": FORMAT,
        "version": VERSION,
        "repeat": "python -m xai attribute --manifest FILE.json --out FILE.npz",
        "method": found.method,
        "params": {name: _plain(value) for name, value in dataclasses.asdict(found.params).items()},
        "target": _named(model, found.target),
        "contrast": None if found.contrast is None else _named(model, found.contrast),
        "seed": found.seed,
        "model": _described(model.spec),
        "image": {"digest": found.digest, **enclose(exact)},
        "expected": dataclasses.asdict(measured(found)),
        "made_with": _surroundings(model),
    }


def written(found: Attribution, image: np.ndarray, model: LoadedModel) -> str:
    """Return :func:`manifest` as the text of a JSON file."""
    return json.dumps(manifest(found, image, model), indent=1, allow_nan=False) + "\n"


def read(text: str | bytes) -> Request:
    """Read a manifest, which anybody may have written.

    Parameters
    ----------
    text : str or bytes
        The whole file.

    Raises
    ------
    TypeError
        If it is neither text nor bytes.
    ValueError
        If it is too large, not of this form, or asks for what does not exist: one
        sentence that says what.

    Notes
    -----
    Parameters that the file does not name have their defaults, so that a file
    outlives the day when a method gets another one.
    """
    from xai.attribution.manifests.reading import request

    return request(text)


def measured(found: Attribution) -> Expected:
    """Return the numbers by which two runs are compared."""
    return Expected(
        logit=found.logit,
        contrast_logit=found.contrast_logit,
        sum=float(found.relevance.sum(dtype=np.float64)),
        min=float(found.relevance.min()),
        max=float(found.relevance.max()),
        digest=images.digest(found.relevance),
    )


def architecture(spec: ModelSpec) -> str | None:
    """Return the key of the registered model whose network a spec has; None if there is none.

    Notes
    -----
    Weights of the user's own keep every column that says how the network is built
    and fed, but for the number of classes and the normalization.
    """
    return next((name for name, row in MODELS.items() if _build(row) == _build(spec)), None)


def _build(spec: ModelSpec) -> tuple[Any, ...]:
    options = {key: value for key, value in spec.options if key != spec.class_option}
    return (spec.builder, options, spec.input_size, spec.channels, spec.resize, spec.cam_layer)


def _described(spec: ModelSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "label": spec.label,
        "architecture": architecture(spec),
        "weights": weights_of(spec),
        "classes": list(spec.own_classes),
        "mean": list(spec.mean),
        "std": list(spec.std),
    }


def _named(model: LoadedModel, index: int) -> dict[str, Any]:
    return {"index": index, "name": model.classes[index]}


def _plain(value: Any) -> Any:
    """Turn a number of numpy's into Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _surroundings(model: LoadedModel) -> dict[str, Any]:
    import torch

    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {
        "python": platform.python_version(),
        **versions,
        "device": str(model.device),
        "threads": torch.get_num_threads(),
    }
