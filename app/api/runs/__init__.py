"""Routes for one run: its actions, events, items, failures and history."""
