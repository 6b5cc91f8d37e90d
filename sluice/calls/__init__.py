"""Calls of a service: its address, what is asked and answered, and how long one waits for it."""
