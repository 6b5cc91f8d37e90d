"""The wire models: what callers send and what the API answers."""
