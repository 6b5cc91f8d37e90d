"""Providers' batches, on the command line."""
