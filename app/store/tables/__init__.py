"""Sluice's own tables."""
