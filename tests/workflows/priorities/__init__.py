"""Runs of different priorities beside one another."""
