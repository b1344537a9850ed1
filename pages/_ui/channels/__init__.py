"""The parts of the feature-map page: from the whole network down to one number."""
