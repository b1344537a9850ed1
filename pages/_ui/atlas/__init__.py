"""The map of a data set: choices, computation, the view and all that hangs on it."""
