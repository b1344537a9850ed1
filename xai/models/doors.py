"""What every public door asks of a model and of a layer's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai.models.loaded import LoadedModel
    from xai.types import Layer


def checked_model(model: Any) -> LoadedModel:
    """Return a model if it is one.

    Raises
    ------
    TypeError
        If it is not a loaded model.
    """
    # Only who has a model has torch already.
    from xai.models.loaded import LoadedModel

    if not isinstance(model, LoadedModel):
        raise TypeError(f"model: expected a loaded model, got {type(model).__name__}")
    return model


def checked_layer(model: Any, name: Any) -> Layer:
    """Return the layer of that name.

    Raises
    ------
    TypeError
        If ``model`` is not a loaded model.
    ValueError
        If it has no such layer.
    """
    layers = checked_model(model).layers
    found = next((layer for layer in layers if layer.name == name), None)
    if found is not None:
        return found
    near = ", ".join(layer.name for layer in layers[:4])
    listing = f"such as {near}" if near else "of the network, which has none"
    raise ValueError(f"layer: expected a layer {listing}; got {name!r}")
