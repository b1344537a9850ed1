"""The planted clue on the page: a tag whose place is known, and who finds it."""

from __future__ import annotations

from pages._ui.lessons.answers.clue.asking import show

__all__ = ["show"]
