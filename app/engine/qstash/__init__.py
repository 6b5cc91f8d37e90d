"""Upstash QStash: it calls our routes, and no worker waits for messages."""
