"""What callers send about samples, and what they are shown."""
