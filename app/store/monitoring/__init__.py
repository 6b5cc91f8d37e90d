"""Samples, coverage, workers and flow overrides in the database."""
