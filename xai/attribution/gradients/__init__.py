"""Explanations by gradients with respect to the image, plain, averaged or guided."""
