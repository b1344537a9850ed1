"""A bar with a slider that can be played and stepped through; ``playing.js`` runs it."""

from __future__ import annotations

_PATH = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>'


def bar(noun: str) -> str:
    """Return the markup of a bar; ``noun`` is what it steps through, such as ``"Frame"``.

    The height stands here only because the place on the page is taken before the style sheet
    is there.
    """
    return f"""
  <div class="bar" style="height: 44px">
    <button type="button" class="play">{_PATH.format("")}</button>
    <button type="button" class="back" aria-label="{noun} before">
      {_PATH.format("M17 5v14L8 12zM5 5h3v14H5z")}</button>
    <input type="range" min="0" step="1" aria-label="{noun}">
    <button type="button" class="on" aria-label="Next {noun.lower()}">
      {_PATH.format("M7 5v14l9-7zM16 5h3v14h-3z")}</button>
  </div>"""
