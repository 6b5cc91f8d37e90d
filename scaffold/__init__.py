"""Starts job families from a template, and brings them up to date later."""
