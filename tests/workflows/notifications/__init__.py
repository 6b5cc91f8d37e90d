"""Telling people what happens to runs."""
