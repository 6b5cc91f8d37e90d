"""A small QStash in memory, which speaks the documented wire of Upstash's: for development, and for
tests. ``server.py`` starts it; nothing else of the app knows it."""
