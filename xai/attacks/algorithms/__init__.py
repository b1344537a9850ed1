"""How an image is changed: the one iterative loop, Carlini-Wagner, and the norms they move in."""
