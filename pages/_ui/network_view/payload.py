"""What a drawn network sends: its script and its drawings, once each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from pages._ui import carrier
from xai.figures.sketches import Sketch

_HERE = Path(__file__).parent
#: The files of the drawing side in the order in which they are put together. They share one
#: scope: a class may use what an earlier file defines.
SCRIPTS = (
    "elements.js",
    "plate.js",
    "walk.js",
    "pane.js",
    "card.js",
    "finder.js",
    "bar.js",
    "stage.js",
    "keys.js",
    "view.js",
)


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is drawn.

    Attributes
    ----------
    part : Part
        As it travels, JSON.
    choices : frozenset of str
        Layers that may be chosen.
    openable : mapping of str to str
        Parts that can be opened, and what each hands on.
    """

    part: carrier.Part
    choices: frozenset[str]
    openable: Mapping[str, str]

    def read(self, said: object) -> str | None:
        """Return the layer that a browser named, or None if it cannot be chosen."""
        return said if isinstance(said, str) and said in self.choices else None


@cache
def engine() -> carrier.Part:
    """Return the script and the style sheet that draw the network."""
    return carrier.engine((_HERE / name for name in SCRIPTS), _HERE / "view.css")


def scene(
    main: Sketch,
    details: Mapping[str, Sketch],
    *,
    label: str,
    compact: bool,
    zoom: bool,
    pickable: Collection[str] | None,
    words: Mapping[str, str],
) -> Scene:
    """Pack the drawings and what is said of them; the same again costs next to nothing."""
    return _scene(
        main,
        tuple(details.items()),
        label,
        compact,
        zoom,
        None if pickable is None else frozenset(pickable),
        tuple(words.items()),
    )


@lru_cache(maxsize=16)
def _scene(
    main: Sketch,
    details: tuple[tuple[str, Sketch], ...],
    label: str,
    compact: bool,
    zoom: bool,
    pickable: frozenset[str] | None,
    words: tuple[tuple[str, str], ...],
) -> Scene:
    shown = [main, *(sketch for _, sketch in details)]
    layers = [layer for sketch in shown for node in sketch.nodes for layer in node.layers]
    # In forward order, which is the order of main: details only repeat what it holds.
    choices = [layer for layer in dict.fromkeys(layers) if pickable is None or layer in pickable]
    data = {
        "main": dataclasses.asdict(main),
        "details": {name: dataclasses.asdict(sketch) for name, sketch in details},
        "label": label,
        "compact": compact,
        "zoom": zoom,
        "choices": choices,
        "words": dict(words),
    }
    openable = {node.name: node.expands for node in main.nodes if node.expands}
    return Scene(carrier.raw(json.dumps(data).encode()), frozenset(choices), openable)
