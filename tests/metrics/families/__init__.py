"""Families of worker processes."""
