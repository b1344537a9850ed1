"""Explanations as files: all that makes one again, written, read and repeated."""
