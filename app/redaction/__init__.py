"""Keeps secrets out of what is stored, answered and logged about a failure."""
