"""Batch APIs of providers: many requests as one file, answered within a day at half the price."""
