"""Measurements: every figure that the project claims comes from a script here."""
