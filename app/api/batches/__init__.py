"""Providers' batches, for operators."""
