"""How an attempt at an item ended."""
