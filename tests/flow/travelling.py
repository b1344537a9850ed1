"""Flow graphs for tests: by hand, and of images that travel in bundles."""

from __future__ import annotations

import numpy as np

from xai import flow

SEEDS = range(6)


def bundles(seed: int, layers: int = 5, most: int = 6, images: int = 60) -> flow.FlowGraph:
    """Return images that travel in bundles, some of which change their way."""
    generator = np.random.default_rng(seed)
    assigned = np.zeros((layers, images), np.int64)
    assigned[0] = generator.integers(-1, most, images)
    for row in range(1, layers):
        names = np.append(generator.permutation(most), -1)
        strays = generator.random(images) < generator.uniform(0, 0.6)
        assigned[row] = names[assigned[row - 1]]
        assigned[row, strays] = generator.integers(
            -1, generator.integers(1, most + 1), strays.sum()
        )
    classes = 3
    labels = (assigned[-1] + 1 + generator.integers(0, 2, images)) % classes
    return graph_of(assigned, labels=labels, classes=tuple("abc"))


def graph_of(assigned, **told) -> flow.FlowGraph:
    assigned = np.array(assigned, np.int64)
    names = tuple(f"layer{row}" for row in range(len(assigned)))
    return flow.unordered(flow.FlowGraph(names, assigned, (), assigned.copy(), **told))
