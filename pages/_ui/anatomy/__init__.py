"""The parts of the architecture page: drawing, graph, table, weights, two networks compared."""
