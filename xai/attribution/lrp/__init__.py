"""Layer-wise relevance propagation: rules, composites, the canonical network, relevance inside."""
