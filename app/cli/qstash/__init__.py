"""Commands about QStash."""
