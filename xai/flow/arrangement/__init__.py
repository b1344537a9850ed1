"""Where a flow's clusters, ribbons and lines lie: little crosses, nothing overlaps."""
