"""Experiments that take several features together: a planted clue, a tampered data set.

Each package here holds one experiment. It may use any feature of ``xai``; no feature may use it.
"""
