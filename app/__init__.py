"""Sluice: batch jobs over many items."""

__version__ = "0.1.0"
