"""The map as one HTML file that needs neither a server nor a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import numpy as np

from pages._ui.map_view import payload
from pages._ui.map_view.panel import Panel

# Everything is in the file, and the browser is told to fetch nothing.
_POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
_STYLE = """
:root {
  color-scheme: light dark;
  --st-font: system-ui, "Segoe UI", "Source Sans Pro", Arial, sans-serif;
  --st-text-color: #1b2426;
  --st-background-color: #fcfbf8;
  --st-primary-color: #0b777b;
  --st-link-color: #0b6f73;
  --st-border-color: #d9d5ca;
  --st-base-radius: 8px;
  --st-button-radius: 8px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --st-text-color: #eceae3;
    --st-background-color: #10161a;
    --st-primary-color: #0d8287;
    --st-link-color: #6ad2d2;
    --st-border-color: #344147;
  }
}
body {
  margin: 0;
  padding: 20px 24px;
  height: 100vh;
  min-height: 560px;
  box-sizing: border-box;
  display: flex;
  flex-direction: column;
  gap: 10px;
  font: 17px/1.45 var(--st-font);
  color: var(--st-text-color);
  background: var(--st-background-color);
}
h1 { margin: 0; font-size: 1.5rem; }
body > p { margin: 0; max-width: 75em; }
.map { flex: 1; min-height: 0; }
"""
_BEGIN = """
const { view, state, parts } = JSON.parse(document.getElementById("data").textContent);
const all = new Map(Object.entries(parts));
const style = document.getElementById("style").textContent;
new MapView(document.querySelector(".map"), style, () => {}).update({ view, state }, all);
"""


def standalone(
    title: str,
    sentence: str,
    *,
    ids: Sequence[str],
    labels: np.ndarray,
    classes: Sequence[str],
    sprite: bytes,
    columns: int,
    tile: int,
    crisp: bool,
    panels: Sequence[Panel],
    visible: np.ndarray | None = None,
    selected: Sequence[str] = (),
    inspected: str | None = None,
    colour: str,
    marks: str = "dots",
    label: str = "Map of the images",
) -> str:
    """Return the map as one HTML file: pictures on hover, legend, zoom and replay in it.

    Parameters
    ----------
    title : str
        Heading and name of the document.
    sentence : str
        What is seen and how to read it, above the map.
    ids, labels, classes, sprite, columns, tile, crisp, panels, visible, selected, inspected, \
colour, marks, label
        As :func:`pages._ui.map_view.map_view` takes them. Frames of a panel that is not live
        can be replayed.

    Returns
    -------
    str
        An HTML document, light or dark as its reader's system is.

    Raises
    ------
    ValueError
        If something does not fit the rest.
    """
    scene = payload.scene(
        ids, labels, classes, sprite, columns, tile, crisp, panels, visible, label
    )
    wanted = frozenset(selected)
    chosen = payload.mask(np.array([name in wanted for name in ids])) if wanted else None
    # In a file nobody answers a wish for frames.
    for head in scene.view["panels"]:
        head["replayable"] = False
    values = {"inspected": inspected, "selected": chosen, "colour": colour, "marks": marks}
    state = {name: {"value": value, "token": None} for name, value in values.items()}
    parts = ",".join(f'"{part.digest}":{part.text}' for part in scene.parts.values())
    head = json.dumps({"view": scene.view, "state": state})[1:-1]
    return _document(title, sentence, f'{{{head}, "parts": {{{parts}}}}}')


def _document(title: str, sentence: str, data: str) -> str:
    engine = json.loads(payload.engine().text)
    # An element of script ends at the first "</script", wherever it stands.
    text = data.replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
<style id="style">{engine["style"]}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{escape(sentence)}</p>
<div class="map"></div>
<script type="application/json" id="data">{text}</script>
<script type="module">
{engine["script"]}
{_BEGIN}
</script>
</body>
</html>
"""
