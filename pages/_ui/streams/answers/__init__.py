"""Answers to questions about a flow, one module each: ``show(bench, drawn)``."""
