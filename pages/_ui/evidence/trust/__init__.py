"""The checks of the attribution page, which ask whether a map deserves belief."""
