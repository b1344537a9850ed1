"""The path of one image through the clusters, and how far to trust it."""
