"""One module a question that can be asked of a grown image."""
