"""Providers' batches, as they are shown."""
