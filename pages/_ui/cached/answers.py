"""What models answer to an image: predictions, activations, and pictures of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages._ui.cached.loaded import model
from xai.types import Prediction

if TYPE_CHECKING:
    from xai.activations.arithmetic import Account
    from xai.attacks import AttackResult
    from xai.figures.sheets import ChannelSheet


@st.cache_data(max_entries=256, show_spinner=False)
def prediction(name: str, digest: str, _image: np.ndarray) -> Prediction:
    """Return what a model says of a prepared image; ``digest`` is the prepared image's."""
    return model(name).predict(_image)


@st.cache_data(max_entries=16, show_spinner=False)
def feature_maps(name: str, digest: str, layer: str, _image: np.ndarray) -> np.ndarray:
    """Return what a layer answers to a prepared image: (C, H, W) or (D,), float32."""
    from xai import activations

    return activations.capture(model(name), _image, [layer])[layer][0]


@st.cache_data(max_entries=32, show_spinner=False)
def overview(name: str, digest: str, _image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean activation of every unit for a prepared image, by layer."""
    from xai import activations

    return activations.overview(model(name), _image)


@st.cache_data(max_entries=32, show_spinner=False)
def extent(name: str, digest: str, _image: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest activation of all layers for a prepared image."""
    from xai import activations

    return activations.extent(model(name), _image)


@st.cache_data(max_entries=64, show_spinner=False)
def account(
    name: str, digest: str, layer: str, channel: int, row: int, column: int, _image: np.ndarray
) -> Account:
    """Return how one number of a layer comes about."""
    from xai.activations import arithmetic

    return arithmetic.account(model(name), _image, layer, channel, row, column)


@st.cache_data(max_entries=12, show_spinner=False)
def channel_sheet(
    key: tuple[object, ...], _draw: Callable[[], ChannelSheet]
) -> tuple[bytes, int, tuple[int, int]]:
    """Return a drawn layer as PNG, its columns, and width and height of a tile in pixels.

    ``key`` names everything that the drawing depends on.
    """
    drawn = _draw().sprite
    return drawn.png(), drawn.columns, (drawn.width, drawn.height)


@st.cache_data(max_entries=32, show_spinner=False)
def noise(
    name: str,
    digest: str,
    label: int,
    sign: int,
    size: float,
    norm: str,
    quantize: bool,
    _image: np.ndarray,
) -> AttackResult:
    """Return what random noise of a size does to a prepared image."""
    from xai import attacks

    goal = attacks.Goal(label, sign)
    return attacks.random_noise(
        model(name), _image, goal=goal, eps=size, norm=norm, quantize=quantize
    )
