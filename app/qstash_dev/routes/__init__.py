"""The HTTP API under ``/v2``."""
