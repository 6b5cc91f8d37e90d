"""Permits of one flow key, over several workers."""
