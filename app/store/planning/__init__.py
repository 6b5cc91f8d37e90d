"""Schedules and backfills in the database."""
