"""Connecting to Postgres and Redis: URLs, what is wrong with a server, faults told once."""
