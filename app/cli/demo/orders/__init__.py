"""The demonstration of a pipeline: two families, of which the second comes after the first."""
