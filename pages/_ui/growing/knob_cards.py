"""Regularisers in pictures and words: what each is called, how far it is turned, what it does."""

from __future__ import annotations

from html import escape

from pages._ui import cached
from xai import images
from xai.figures.knob_pictures import HEIGHT, WIDTH
from xai.figures.wording import number
from xai.visualization import VisualizationParams


def label(name: str) -> str:
    """Write a regulariser's name as its slider does."""
    return name.replace("_", " ").capitalize()


def turned(name: str, value: float) -> str:
    """Write how far a regulariser is turned."""
    return f"{number(value)} {VisualizationParams.infos()[name].unit}".strip()


def picture(name: str, value: float, side: int) -> str:
    """Return the picture of what a regulariser does, as HTML; ``side`` is that of the images."""
    url = images.data_url(cached.knob_picture(name, value, side))
    return (
        f'<img src="{url}" alt="" width="{WIDTH}" height="{HEIGHT}" '
        'style="flex:none;image-rendering:pixelated">'
    )


def card(name: str, value: float, side: int) -> str:
    """Return a regulariser's picture beside its name, its strength and its sentence, as HTML."""
    sentence = VisualizationParams.infos()[name].help
    return (
        '<div style="display:flex;align-items:center;gap:1rem">'
        f"{picture(name, value, side)}"
        f'<div style="line-height:1.35"><b>{escape(label(name))}</b> {escape(turned(name, value))}'
        f'<br><span style="font-size:.9rem">{escape(sentence)}</span></div></div>'
    )
