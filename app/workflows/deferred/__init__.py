"""Requests of many items that a provider answers together, within a day."""
