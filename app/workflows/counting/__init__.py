"""Counting what a run would be for, and how much of it each partition has."""
