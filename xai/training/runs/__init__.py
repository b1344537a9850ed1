"""Recorded runs: what is kept of a training, how it is written, how it goes on."""
