"""Families that wait while something outside is not well: who asks, when, and what comes of it."""
