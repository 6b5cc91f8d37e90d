"""Traces, as callers begin them and are shown them."""
