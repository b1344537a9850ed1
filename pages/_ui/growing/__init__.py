"""The class visualisation page: what is wished for, how it grows, and what is asked of it."""
