"""Training networks of one's own: the loop, its augmentation, the bundled recipes.

The only place that calls ``.backward``, on models that nobody else holds.
"""
