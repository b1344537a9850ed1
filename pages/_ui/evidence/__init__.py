"""Explanations on a page: the board of panels, what a panel shows, and whether to believe it."""
