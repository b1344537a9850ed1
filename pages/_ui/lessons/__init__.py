"""Parts of the training page: a run, its epochs, and what can be asked of it."""
