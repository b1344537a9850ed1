"""The answers to what can be asked of a run, one file or folder a question."""
