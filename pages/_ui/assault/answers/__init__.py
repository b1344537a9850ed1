"""The answers to what can be asked of an attack, each drawn by a ``show(bench, attacked)``."""
