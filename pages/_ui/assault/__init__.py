"""The adversarial page: what is attacked and how, what came of it, and what is asked of it."""
