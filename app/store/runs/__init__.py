"""Runs in the database: counters, transitions, events."""
