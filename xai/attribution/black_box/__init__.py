"""Explanations that only ask the model for scores."""
