"""One run for each partition of a family's work."""
