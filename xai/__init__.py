"""Layerscope's algorithms: everything that opens up a convolutional image classifier.

Nothing in this package imports streamlit, and importing it loads neither torch
nor any other heavy library; they come when a function first needs them.
"""

__version__ = "0.1.0"
